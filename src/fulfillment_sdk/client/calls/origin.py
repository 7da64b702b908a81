"""Where a case comes from: the four `src_…` fields that name one moment, and the idempotency key.

The document's own example has them hang together: `src_uid` is source, user and milliseconds,
`src_callid` the same, `src_uid2` the same with `-2`, and `src_ts` the same moment in seconds.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

import attrs

from fulfillment_sdk.models import NewCase
from fulfillment_sdk.strictjson import is_writable

DEFAULT_SOURCE: Final = "webform"
# A server knows a key for 400 days, so an older moment in a `src_uid` is a number of another kind.
OLDEST_MS: Final = 400 * 86_400_000
NEWEST_MS: Final = 86_400_000

_FIELDS: Final = ("src_uid", "src_uid2", "src_callid", "src_ts")
_SECONDS = re.compile(r"([0-9]{9,10})(?:\.([0-9]{1,6}))?")
_MILLISECONDS = re.compile(r"(?:^|-)([0-9]{13})(?=-|$)")
# What is part of a key is seen in errors and logs: a user's name or number is left out of it.
_SOURCE = re.compile(r"[A-Za-z0-9_.]{1,32}")
_USER = re.compile(r"[0-9]{1,6}")


@attrs.frozen
class Originated:
    """A case with its origin filled in, and the key that it is sent with."""

    case: NewCase
    idempotency_key: str


def originate(
    case: NewCase, *, idempotency_key: str | None, now: float, new_id: Callable[[], str]
) -> Originated:
    """Fill in `src_uid`, `src_uid2`, `src_callid` and `src_ts` where they are not given.

    They name one moment: that of `src_ts` if given, else the one in `src_uid`, else `now` (epoch
    seconds). Without an `idempotency_key` one is made; a case without `src_uid` has the key as its
    `src_uid`, in the document's form where the key is made here. All but `src_ts` follow from the
    case and the key alone, so the same call with the same key is the same request: the server
    leaves `src_ts` out when it compares. Blank counts as not given. Contract, section 2.
    """
    if case.extra:
        case = attrs.evolve(case, **{name: _said(case, name) for name in _FIELDS})
    stamp = _of_src_ts(case.src_ts)
    if idempotency_key is None:
        made = int(now * 1000) if stamp is None else stamp
        unique = str(new_id())  # `ids=uuid4` too
        idempotency_key = _documented(case, made, unique) if _blank(case.src_uid) else unique
    src_uid = _given(case.src_uid, idempotency_key)
    if stamp is None:
        stamp = _of_src_uid(src_uid, int(now * 1000))
    filled = attrs.evolve(
        case,
        src_uid=src_uid,
        src_uid2=_given(case.src_uid2, f"{_text(src_uid)}-2"),
        src_callid=_given(case.src_callid, src_uid),
        src_ts=_given(case.src_ts, f"{stamp // 1000}.{stamp % 1000:03d}"),
    )
    return Originated(filled, idempotency_key)


def _said(case: NewCase, name: str) -> Any:
    """A field, or what stands in `extra` under its name: that would be sent, if it were empty."""
    value = getattr(case, name)
    return case.extra.get(name) if value is None else value


def _given(value: str | None, default: str | None) -> str | None:
    """What is given, also where it has a wrong type: that is for the checks to find."""
    return default if _blank(value) else value


def _blank(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _text(value: object) -> str:
    """A value as text; empty for a number that has none, which the checks find."""
    return "" if isinstance(value, int) and not is_writable(value) else str(value)


def _documented(case: NewCase, stamp: int, unique: str) -> str:
    source = _part(case.src, _SOURCE) or DEFAULT_SOURCE
    user = _part(case.src_usr, _USER)
    # Two cases of one user in one millisecond must differ, hence the last part.
    return "-".join(part for part in (source, user, f"{stamp:013d}", unique) if part)


def _part(value: object, form: re.Pattern[str]) -> str:
    return value if isinstance(value, str) and form.fullmatch(value) else ""


def _of_src_ts(value: object) -> int | None:
    """The milliseconds of a good `src_ts`."""
    found = _SECONDS.fullmatch(_text(value))
    if found is None:
        return None
    return int(found[1]) * 1000 + int((found[2] or "")[:3].ljust(3, "0"))


def _of_src_uid(src_uid: object, now: int) -> int:
    """The milliseconds in a `src_uid` of the documented form, else the present ones."""
    for found in _MILLISECONDS.findall(_text(src_uid)):
        if now - OLDEST_MS <= int(found) <= now + NEWEST_MS:
            return int(found)
    return now
