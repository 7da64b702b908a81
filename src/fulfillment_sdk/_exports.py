"""Packages whose names load their module when they are first asked for, so that an import is quick.

Such a package names its exports three times: in imports that only type checkers and editors see, in
``__all__``, and in the table of their homes. A test compares the three.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Mapping
from importlib import import_module
from itertools import chain
from types import MappingProxyType, ModuleType


def exports(
    package: str,
    names: Collection[str],
    homes: Mapping[str, str],
    *,
    others: Collection[str] = (),
    needs: Mapping[str, Collection[str]] = MappingProxyType({}),
    extra: str = "",
) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """The ``__getattr__`` and the ``__dir__`` of a package that exports ``names``.

    ``homes`` has the module of a name, below the package; a name without one is looked for in
    ``others``, one after the other. What a name's module lacks comes with ``extra``: `MissingExtra`
    where that is not installed.

    ``needs`` has the packages without which a name can't be loaded, where they come with an extra.
    Where one is not installed, the name is neither in ``__dir__`` nor in the package's ``__all__``,
    which is made when it is asked for: ``help()`` and ``import *`` load all that is listed there,
    and shall not end for it. Whoever asks for the name itself gets the `MissingExtra`.
    """
    known = vars(sys.modules[package])
    if needs:
        del known["__all__"]

    def offered() -> list[str]:
        from importlib.util import find_spec

        lacking = {one for one in set(chain(*needs.values())) if find_spec(one) is None}
        return [name for name in names if lacking.isdisjoint(needs.get(name, ()))]

    def load(name: str) -> object:
        """Load the module that has the name, when it is first asked for."""
        if name == "__all__":
            return offered()
        if name not in names:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        tried = (homes[name],) if name in homes else others
        modules = (import_module(f"{package}.{home}") for home in tried)
        try:
            value = next(getattr(module, name) for module in modules if hasattr(module, name))
        except ModuleNotFoundError:
            if not extra:
                raise
            from fulfillment_sdk._extras import needs as needing

            with needing(extra, own=package.partition(".")[0]):
                raise
        known[name] = value  # from now on Python finds it without this function
        return value

    def complete() -> list[str]:
        # What an editor completes: neither the package's imports nor its helpers.
        modules = {name for name, value in known.items() if isinstance(value, ModuleType)}
        own = {name for name in known if name.startswith("__")}
        return sorted({*offered()} | modules | own)

    return load, complete
