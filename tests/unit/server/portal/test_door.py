"""How what goes wrong inside the portal is answered."""

from __future__ import annotations

import json

from fulfillment_sdk.server.heavy import Busy
from fulfillment_sdk.server.portal.door import answer


def test_whoever_asks_for_one_report_too_many_is_told_to_come_again() -> None:
    response = answer(Busy())
    assert response.status_code == 503
    assert int(response.headers["retry-after"]) > 0
    assert json.loads(bytes(response.body))["message"] == "Too many reports at once"
