"""A try that broke: what it is known to have done, from the errors that it left alone.

Only what surely never arrived may be sent again by anybody (contract, section 6), so all that is
not known counts as sent.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

import attrs

from fulfillment_sdk.client.exchange.request import Request
from fulfillment_sdk.client.exchange.retry import NoAnswer
from fulfillment_sdk.client.tls import refused_handshake

Classes: TypeAlias = tuple[type[BaseException], ...]


@attrs.frozen
class Kinds:
    """What an HTTP library's errors say by themselves.

    `never_sent` come before a connection is there, and of these `malformed` always will;
    `timeouts` are any. `connecting` are the functions (module, name) in which a connection is made,
    its tunnel and its handshake included, and no byte of a request is sent.
    """

    never_sent: Classes
    malformed: Classes
    timeouts: Classes
    connecting: frozenset[tuple[str, str]]


def no_answer(
    error: BaseException, request: Request, kinds: Kinds, *, answering: bool = False
) -> NoAnswer:
    """What `error` makes of a try; `answering`: it came amid the body of an answer.

    An error's class says little: that of a proxy, or of TLS, may come before the request as well as
    instead of its answer. Where it was raised says more.
    """
    causes = list(_causes(error))
    sent = answering or not any(
        isinstance(one, kinds.never_sent) or _raised_in(one, kinds.connecting) for one in causes
    )
    refused = None if sent else next(filter(None, map(refused_handshake, causes)), None)
    if refused is not None:
        why, remedy = refused
        return NoAnswer(why, sent=False, lasting=True, remedy=remedy)
    late = f"nothing within {request.timeout:g} s"
    if not sent:
        late = f"none within {request.connect_timeout:g} s"
    return NoAnswer(
        _why(causes, kinds, late),
        sent=sent,
        lasting=not sent and isinstance(error, kinds.malformed),
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    """What an error wraps. Not `__context__`: that may belong to whoever called us."""
    seen: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting:
        one = waiting.pop(0)
        if isinstance(one, BaseException) and one not in seen:
            seen.append(one)
            yield one
            waiting += [*one.args, getattr(one, "reason", None), one.__cause__]


def _raised_in(error: BaseException, functions: frozenset[tuple[str, str]]) -> bool:
    trace = error.__traceback__
    while trace is not None:
        frame = trace.tb_frame
        if (frame.f_globals.get("__name__"), frame.f_code.co_name) in functions:
            return True
        trace = trace.tb_next
    return False


def _why(causes: list[BaseException], kinds: Kinds, late: str) -> str:
    for cause in reversed(causes):
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
    if any(isinstance(cause, kinds.timeouts) for cause in causes):
        return late
    return type(causes[0]).__name__
