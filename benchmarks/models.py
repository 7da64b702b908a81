"""A full case from a model to JSON and back: ours beside pydantic and msgspec, in one process."""

from __future__ import annotations

import gc
import json
import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any

import attrs
import msgspec
import pydantic

from benchmarks import samples
from benchmarks.report import Cell, Result, Table, ratio, say
from benchmarks.run import Bench
from fulfillment_sdk import strictjson
from fulfillment_sdk.models import NewCase
from fulfillment_sdk.models._fields import Model, specs
from fulfillment_sdk.wire import dumps, load

OURS, FLOOR = "ours", "json, no models"
BLOCKS, A_BLOCK = 200, 25


@attrs.frozen
class Way:
    """A case as somebody's model, and how it is written and read."""

    name: str
    case: Any
    write: Callable[[Any], bytes]
    read: Callable[[bytes], Any]


def run(bench: Bench) -> Result:
    """Write and read in short blocks, in turns."""
    result = Result("models", "a full case from a model to JSON and back")
    body = json.dumps(samples.FULL, ensure_ascii=False, separators=(",", ":")).encode()
    ways = (_ours(body), _pydantic(body), _msgspec(body), _floor(body))
    for way in ways:
        if problem := _difference(way):
            result.failures.append(f"{way.name}: {problem}")
    blocks = BLOCKS // 20 if bench.short else BLOCKS
    writing: dict[str, list[float]] = {way.name: [] for way in ways}
    reading: dict[str, list[float]] = {way.name: [] for way in ways}
    gc.collect()
    for _ in range(blocks):
        for way in ways:
            writing[way.name].append(_microseconds(way.write, way.case))
            reading[way.name].append(_microseconds(way.read, body))
    rows: list[tuple[Cell, ...]] = []
    mine = statistics.median(writing[OURS]), statistics.median(reading[OURS])
    for way in ways:
        write, read = (statistics.median(of[way.name]) for of in (writing, reading))
        say(f"models: {way.name}: written in {write:.1f} us, read in {read:.1f} us")
        rows.append((way.name, write, ratio(mine[0], write), read, ratio(mine[1], read)))
    result.tables.append(
        Table(
            f"{len(body):,} bytes, median of {blocks} blocks of {A_BLOCK}",
            ("", "to JSON us", "ours x this", "from JSON us", "ours x this"),
            tuple(rows),
        )
    )
    result.remarks += [
        (
            "All three have the same fields, optional texts for the most part, and leave out what "
            "is not given; pydantic and msgspec are made of the fields of ours."
        ),
        (
            "Ours also keeps unknown keys, takes an integer for a text, and refuses a key that "
            "comes twice, half a surrogate pair and a body that is nested too deep. pydantic and "
            "msgspec are compiled; ours is Python alone."
        ),
    ]
    return result


def _ours(body: bytes) -> Way:
    def read(text: bytes) -> NewCase:
        return load(NewCase, strictjson.parse_object(text))

    return Way(OURS, read(body), dumps, read)


def _pydantic(body: bytes) -> Way:
    @attrs.frozen
    class Maker:
        made: dict[type[Model], Any] = attrs.field(factory=dict)

        def of(self, cls: type[Model]) -> Any:
            if cls not in self.made:
                fields = {
                    spec.name: (
                        (type_, pydantic.Field(default, alias=spec.wire))
                        if spec.wire != spec.name
                        else (type_, default)
                    )
                    for spec, type_, default in _typed(cls, self.of)
                }
                config = pydantic.ConfigDict(frozen=True)
                self.made[cls] = pydantic.create_model(cls.__name__, __config__=config, **fields)
            return self.made[cls]

    made = Maker().of(NewCase)
    return Way(
        "pydantic",
        made.model_validate_json(body),
        lambda case: case.model_dump_json(by_alias=True, exclude_defaults=True).encode(),
        made.model_validate_json,
    )


def _msgspec(body: bytes) -> Way:
    made: dict[type[Model], Any] = {}

    def of(cls: type[Model]) -> Any:
        if cls not in made:
            typed = list(_typed(cls, of))
            made[cls] = msgspec.defstruct(
                cls.__name__,
                [(spec.name, type_, default) for spec, type_, default in typed],
                rename={spec.name: spec.wire for spec, _, _ in typed},
                omit_defaults=True,
                frozen=True,
                kw_only=True,
            )
        return made[cls]

    decoder = msgspec.json.Decoder(of(NewCase))
    return Way("msgspec", decoder.decode(body), msgspec.json.Encoder().encode, decoder.decode)


def _floor(body: bytes) -> Way:
    def write(case: Mapping[str, Any]) -> bytes:
        return json.dumps(case, ensure_ascii=False, separators=(",", ":")).encode()

    return Way(FLOOR, json.loads(body), write, json.loads)


def _typed(cls: type[Model], of: Callable[[type[Model]], Any]) -> list[tuple[Any, Any, Any]]:
    """Return each field of a model with the type and the default that a peer's has."""
    return [(spec, *_type(spec.kind, spec.of, of)) for spec in specs(cls)]


def _type(
    kind: str, inside: type[Model] | None, of: Callable[[type[Model]], Any]
) -> tuple[Any, Any]:
    if kind == "list" and inside is not None:
        made: Any = of(inside)
        return tuple.__class_getitem__((made, ...)), ()
    if kind == "object" and inside is not None:
        return of(inside) | None, None
    return (bool if kind == "flag" else str) | None, None


def _difference(way: Way) -> str:
    """Say where what is written or read is not the case; empty where all is well."""
    written = way.write(way.case)
    if json.loads(written) != samples.FULL:
        return "what is written is another case"
    return "" if way.read(written) == way.case else "what is read is another case"


def _microseconds(work: Callable[[Any], object], what: Any) -> float:
    begin = time.perf_counter()
    for _ in range(A_BLOCK):
        work(what)
    return (time.perf_counter() - begin) / A_BLOCK * 1e6
