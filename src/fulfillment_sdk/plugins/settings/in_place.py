"""Which secrets stand in a configuration themselves, rather than where they are to be found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, get_args, get_origin
from urllib.parse import urlsplit

import attrs

from fulfillment_sdk.plugins.settings.secret import Secret
from fulfillment_sdk.plugins.settings.settings import hints_of, settings_of

_WITHOUT_TOKENS: Final = ("smtp://", "smtps://")
"""Addresses that have nothing secret in them but a password."""


def secrets_in_place(cls: type[object], values: Mapping[str, object], *, where: str) -> list[str]:
    """Return the names of the settings whose secret is written out, such as `sinks.desk.password`.

    A setting is one if its type is `Secret`, but for a mail server's address without a password, or
    if it is left out of its class's repr and is a URL with a password in it.

    Args:
        cls: the attrs class of the settings.
        values: a table, as it stands in the configuration.
        where: how messages call the table.
    """
    hints, fields = hints_of(cls), settings_of(cls)
    known = ((key, value) for key, value in values.items() if key in fields)
    return [
        name
        for key, value in known
        for name in _found(fields[key], hints[fields[key].name], value, f"{where}.{key}")
    ]


def _found(
    field: attrs.Attribute[object], hint: object, value: object, where: str
) -> Iterator[str]:
    is_secret = _mentions_secret(hint)
    is_hidden = field.repr is not True
    for name, text in _texts(value, where):
        plain = text.startswith(_WITHOUT_TOKENS) and not _has_password(text)
        if (is_secret and not plain) or (is_hidden and _has_password(text)):
            yield name


def _mentions_secret(hint: object) -> bool:
    if get_origin(hint) is None:
        return hint is Secret
    return any(_mentions_secret(part) for part in get_args(hint))


def _texts(value: object, where: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield where, value
    elif isinstance(value, list | tuple):
        for n, item in enumerate(value):
            yield from _texts(item, f"{where}[{n}]")


def _has_password(text: str) -> bool:
    try:
        return urlsplit(text).password is not None
    except ValueError:
        return False
