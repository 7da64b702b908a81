"""What of a plugin's failures is its own: whatever it raises, but not what its host does."""

from __future__ import annotations

import functools
import inspect
import signal
import threading
import traceback
from types import CodeType
from typing import Final

FAILURES: Final = BaseException
"""What a plugin may raise without hurting its neighbours, unless it `is_hosts`.

Also the wish to exit, and the panic of an extension, which is no `Exception`.
"""

AWAITED_FAILURES: Final = (Exception, SystemExit)
"""The same of a plugin that is awaited: a cancellation is whose loop it is."""

_GREEN: Final = frozenset({"eventlet", "gevent", "greenlet"})
"""Packages whose threads are ended, and timed, by an exception that comes upon any code."""


def is_hosts(error: BaseException) -> bool:
    """Tell whether the host, or a handler of signals, raised this while a plugin's code ran.

    Then the host wants to end, or to be interrupted, and no plugin is to blame.
    """
    if not isinstance(error, Exception) and type(error).__module__.split(".")[0] in _GREEN:
        return True
    if threading.current_thread() is not threading.main_thread():
        return False  # Python calls handlers of signals in that one alone
    if isinstance(error, KeyboardInterrupt):
        return True
    handlers = {code for number in signal.valid_signals() if (code := _code(number)) is not None}
    frames = traceback.walk_tb(error.__traceback__)
    return any(frame.f_code in handlers for frame, _ in frames)


def _code(number: int) -> CodeType | None:
    """The code of a signal's handler, where it is written in Python."""
    handler = signal.getsignal(number)
    while isinstance(handler, functools.partial):
        handler = handler.func
    if not hasattr(handler, "__code__"):  # an object that can be called
        handler = inspect.getattr_static(type(handler), "__call__", None)
    code = getattr(handler, "__code__", None)
    return code if isinstance(code, CodeType) else None
