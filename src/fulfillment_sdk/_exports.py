"""Packages whose names load their module when they are first asked for, so that an import is quick.

Such a package names its exports three times: in imports that only type checkers and editors see, in
``__all__``, and in the table of their homes. A test compares the three.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Mapping
from importlib import import_module
from types import MappingProxyType, ModuleType


def exports(
    package: str,
    names: Collection[str],
    homes: Mapping[str, str],
    *,
    others: Collection[str] = (),
    needs: Mapping[str, str] = MappingProxyType({}),
    extra: str = "",
) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """The ``__getattr__`` and the ``__dir__`` of a package that exports ``names``.

    ``homes`` has the module of a name, below the package; a name without one is looked for in
    ``others``, one after the other. ``needs`` has what a name can't be loaded without, where that
    comes with an extra: ``help()`` loads all that is listed, and shall not end there. What a name's
    module lacks comes with ``extra``: `MissingExtra` where that is not installed.
    """
    known = vars(sys.modules[package])

    def load(name: str) -> object:
        """Load the module that has the name, when it is first asked for."""
        if name not in names:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        tried = (homes[name],) if name in homes else others
        modules = (import_module(f"{package}.{home}") for home in tried)
        try:
            value = next(getattr(module, name) for module in modules if hasattr(module, name))
        except ModuleNotFoundError as error:
            missing = (error.name or "").partition(".")[0]
            if not extra or missing in ("", package.partition(".")[0]):
                raise
            from fulfillment_sdk.errors import MissingExtra

            raise MissingExtra(missing, extra) from error
        known[name] = value  # from now on Python finds it without this function
        return value

    def complete() -> list[str]:
        # What an editor completes: neither the package's imports nor its helpers.
        from importlib.util import find_spec

        lacking = {name for name, package in needs.items() if find_spec(package) is None}
        modules = {name for name, value in known.items() if isinstance(value, ModuleType)}
        own = {name for name in known if name.startswith("__")}
        return sorted(({*names} - lacking) | modules | own)

    return load, complete
