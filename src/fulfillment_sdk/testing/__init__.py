"""What the tests of others stand on: a contract for sinks, a real server, and faults on the wire.

Nothing here is used by a running system. `SinkContract` is the base of a sink's own tests; the
fixtures of `pytest_plugin` are there wherever the SDK is installed. Each name loads its module
when it is first used: a test suite that uses none of them pays for none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fulfillment_sdk._exports import exports

if TYPE_CHECKING:
    from fulfillment_sdk.testing.contract.sink_contract import SinkContract
    from fulfillment_sdk.testing.partner.arrivals import Arrival, Received
    from fulfillment_sdk.testing.partner.faults import Faults
    from fulfillment_sdk.testing.partner.office import Office
    from fulfillment_sdk.testing.partner.paths import PATHS
    from fulfillment_sdk.testing.partner.server import PartnerServer

__all__ = ["PATHS", "Arrival", "Faults", "Office", "PartnerServer", "Received", "SinkContract"]

_HOMES: Final = {
    "PATHS": "partner.paths",
    "Arrival": "partner.arrivals",
    "Faults": "partner.faults",
    "Office": "partner.office",
    "PartnerServer": "partner.server",
    "Received": "partner.arrivals",
    "SinkContract": "contract.sink_contract",
}

if not TYPE_CHECKING:  # else a type checker would take any name for one of ours
    __getattr__, __dir__ = exports(
        __name__,
        __all__,
        _HOMES,
        needs={"SinkContract": ("pytest",)},
        extra="testing",
    )
