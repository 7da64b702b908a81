"""One setting, as flags, environment and file know it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from attrs import frozen

from fulfillment_sdk.server.configuration.parsing import Raw

T_co = TypeVar("T_co", covariant=True)

PREFIX = "FULFILLMENT_"


@frozen(kw_only=True)
class Option(Generic[T_co]):
    """One setting, as all three sources know it.

    `default` is what holds if no source names it; it is empty where that is found out or made at
    the start.
    """

    name: str
    parse: Callable[[Raw], T_co]
    about: str
    default: T_co
    flag: bool = False

    @property
    def variable(self) -> str:
        """The environment variable."""
        return PREFIX + self.name.upper()

    @property
    def switch(self) -> str:
        """The flag's spelling."""
        return "--" + self.name.replace("_", "-")
