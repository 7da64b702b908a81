"""How many sockets endpoints may use at once, so that those that hang leave some for the others."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable

import attrs

PROMPT_SECONDS = 2.0  # an exchange that takes longer counts as hanging
WAIT_SECONDS = 1.0  # for a socket; after that the relay comes back later
MOST_KNOWN = 10_000  # endpoints

_HANGING_SHARE = 4  # those that took long the last time share one of so many parts
_UNKNOWN_SHARE = 2  # and together with those that were never tried, one of so many


@attrs.define
class Sockets:
    """Lets exchanges begin, `most` at once; of those that may hang, a part of that.

    What an endpoint is trusted with goes by its last exchange alone: how long that held its socket,
    and not what was answered.

    Args:
        most: exchanges at once.
        now: seconds that only go on.
    """

    most: int
    now: Callable[[], float]
    _prompt: OrderedDict[str, bool] = attrs.field(factory=OrderedDict)
    _unknown: int = 0
    _hanging: int = 0
    _all: int = 0
    _waiting: deque[tuple[str, asyncio.Future[None]]] = attrs.field(factory=deque)

    @property
    def in_use(self) -> int:
        """How many exchanges are under way."""
        return self._all

    @contextlib.asynccontextmanager
    async def one(self, endpoint: str, *, wait: float = WAIT_SECONDS) -> AsyncIterator[None]:
        """Hold a socket's place for an exchange with this endpoint.

        Raises:
            OSError: with `EMFILE`: there was none within `wait` seconds.
        """
        await self._turn(endpoint, wait)
        prompt = self._prompt.get(endpoint)
        self._count(prompt, 1)
        began = self.now()
        try:
            yield
        finally:
            self._count(prompt, -1)
            self._learn(endpoint, prompt=self.now() - began <= PROMPT_SECONDS)
            self._pass_on()

    def _may_begin(self, endpoint: str) -> bool:
        if self._all >= self.most:
            return False
        prompt = self._prompt.get(endpoint)
        if prompt:
            return True
        if prompt is False and self._hanging >= max(1, self.most // _HANGING_SHARE):
            return False
        return self._unknown + self._hanging < max(1, self.most // _UNKNOWN_SHARE)

    def _count(self, prompt: bool | None, step: int) -> None:
        self._all += step
        if prompt is None:
            self._unknown += step
        elif not prompt:
            self._hanging += step

    def _learn(self, endpoint: str, *, prompt: bool) -> None:
        self._prompt[endpoint] = prompt
        self._prompt.move_to_end(endpoint)
        if len(self._prompt) > MOST_KNOWN:
            self._prompt.popitem(last=False)

    async def _turn(self, endpoint: str, wait: float) -> None:
        loop = asyncio.get_running_loop()
        ends = loop.time() + wait
        while not self._may_begin(endpoint):
            mine = (endpoint, loop.create_future())
            self._waiting.append(mine)
            try:
                async with asyncio.timeout_at(ends):
                    await mine[1]
            except TimeoutError:
                raise OSError(errno.EMFILE, "too many exchanges under way") from None
            finally:
                self._waiting.remove(mine)

    def _pass_on(self) -> None:
        for endpoint, waiting in self._waiting:
            if not waiting.done() and self._may_begin(endpoint):
                waiting.set_result(None)
                return


@attrs.define
class Opened:
    """Makes sockets, and counts those that are not closed yet."""

    count: int = 0

    def socket(self, family: int, kind: int, protocol: int) -> socket.socket:
        """Return a new socket."""
        made = _Counted(family, kind, protocol)
        made.opened = self
        self.count += 1
        return made


class _Counted(socket.socket):
    opened: Opened | None = None

    def close(self) -> None:
        self._told()
        super().close()

    def detach(self) -> int:  # as uvloop has it closed
        self._told()
        return super().detach()

    def _told(self) -> None:
        opened, self.opened = self.opened, None
        if opened is not None:
            opened.count -= 1
