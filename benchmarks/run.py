"""What every benchmark is handed: a folder for its data, the services, and its form."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import attrs

from benchmarks.processes import Child, Spec
from benchmarks.services import Postgres, Redis


@attrs.define
class Bench:
    """One run.

    Args:
        folder: where data goes, on the disk that is to be measured.
        short: see that all works, rather than measure.
        most_rounds: how often each is measured at most; the figure is their median.
    """

    folder: Path
    short: bool
    most_rounds: int = 3
    _stack: contextlib.ExitStack = attrs.field(factory=contextlib.ExitStack)
    _numbers: Iterator[int] = attrs.field(factory=lambda: itertools.count(1))
    _postgres: Postgres | None = None
    _redis: Redis | None = None

    @property
    def postgres(self) -> Postgres:
        """A PostgreSQL server, started with its first use."""
        if self._postgres is None:
            self._postgres = self._stack.enter_context(Postgres(self.folder / "postgres"))
        return self._postgres

    @property
    def redis(self) -> Redis:
        """A Redis server, started with its first use."""
        if self._redis is None:
            self._redis = self._stack.enter_context(Redis(self.folder / "redis"))
        return self._redis

    def facts(self) -> dict[str, object]:
        """Return the versions and settings of the servers that were used."""
        return {
            **({"postgresql": self._postgres.facts()} if self._postgres else {}),
            **({"redis": self._redis.facts()} if self._redis else {}),
        }

    def rounds(self, usual: int) -> int:
        """Return how often to measure."""
        return 1 if self.short else min(usual, self.most_rounds)

    def new_folder(self) -> Path:
        """Make an empty folder."""
        folder = self.folder / f"data{next(self._numbers)}"
        folder.mkdir(parents=True)
        return folder

    def child(self, module: str, *words: str, spec: Spec) -> Child:
        """Start a module of ours in a process of its own."""
        return Child(f"benchmarks.{module}", *words, spec=spec, log=self.folder / "children.log")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()
