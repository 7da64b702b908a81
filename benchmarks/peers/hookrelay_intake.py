"""hookrelay's FastAPI router on uvicorn (uvloop, httptools), with SQLite or PostgreSQL behind it.

To its favour: SQLite in WAL mode (with `synchronous=FULL`; its default, a rollback journal, syncs
more often), connections for every request on PostgreSQL, our fast verifier, no worker beside it.
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import AsyncIterator, Mapping
from typing import Any

import sqlalchemy as sa
from fastapi import FastAPI
from hookrelay.backends.postgres import PostgresBackend
from hookrelay.backends.sqlite import SQLiteBackend
from hookrelay.fastapi import create_webhook_router
from sqlalchemy.ext.asyncio import create_async_engine

from benchmarks import events
from benchmarks.processes import Spec
from benchmarks.servers import serve
from fulfillment_sdk import signing
from fulfillment_sdk.errors import SignatureError


def make_app(kind: str, spec: Spec) -> FastAPI:
    """Mount the router as its README does."""
    backend: Any
    if kind == "postgres":
        engine = create_async_engine(spec["data"], pool_size=32, max_overflow=32)
        backend = PostgresBackend(engine)
    else:
        engine = create_async_engine(f"sqlite+aiosqlite:///{spec['data']}/hookrelay.db")
        sa.event.listen(engine.sync_engine, "connect", _durable)
        backend = SQLiteBackend(engine)

    @contextlib.asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await backend.init_schema()
        yield

    app = FastAPI(lifespan=lifespan)
    router = create_webhook_router(
        backend=backend, source="bench", verify_signature=_is_signed, idempotency_key=_id
    )
    app.include_router(router, prefix="/hooks")
    return app


def _durable(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.close()


def _is_signed(body: bytes, headers: Mapping[str, str]) -> bool:
    try:
        signing.verify(headers, body, secrets=events.SECRET)
    except SignatureError:
        return False
    return True


def _id(payload: dict[str, Any]) -> str:
    return str(payload["id"])


if __name__ == "__main__":
    serve(make_app(sys.argv[1], json.loads(sys.argv[2])))
