"""`fulfillment sinks test` reaches those whom a configuration names, as a command of its own."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path

from aiohttp import web

from fulfillment_sdk import signing
from tests.integration.endpoints import a_server
from tests.integration.mail_servers import Post, a_mail_server

SECRET = signing.new_secret()
PERSON = ("Jane Smith", "0712345678", "jane.smith@example.com", "This is a test")


async def sinks(what: str, folder: Path) -> tuple[int | None, str]:
    """Run a command where the configuration is; return its status, and what it said."""
    running = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "fulfillment_sdk", "sinks", what),
        cwd=folder,
        env={**os.environ, "CRM_SECRET": SECRET, "FULFILLMENT_DISABLE_PLUGINS": ""},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await asyncio.wait_for(running.communicate(), 30)
    return running.returncode, said.decode()


async def test_an_invented_event_is_in_the_mailbox_and_at_the_webhook_as_it_is_disclosed(
    tmp_path: Path,
) -> None:
    post, got = Post(), list[tuple[dict[str, str], bytes]]()

    async def crm(request: web.Request) -> web.Response:
        got.append((dict(request.headers), await request.read()))
        return web.Response(status=202 if len(got) == 1 else 503)

    async with a_server(crm) as port, a_mail_server(post) as mail:
        config = tmp_path / "fulfillment.toml"
        config.write_text(
            f"""
            [sinks.crm]
            kind = "webhook"
            url = "http://127.0.0.1:{port}/in/"
            secrets = [{{ env = "CRM_SECRET" }}]
            network = "loopback"
            disclosure = "full"
            events = ["case.completed"]

            [sinks.mail]
            kind = "email"
            server = "smtp://127.0.0.1:{mail}"
            sender = "desk@partner.example.org"
            to = ["anna@partner.example.org"]
            disclosure = "operational"
            events = ["case.completed"]
            """
        )
        config.chmod(0o600)
        checked = await sinks("check", tmp_path)
        assert (checked[0], len(got), len(post.mails)) == (0, 0, 0), checked[1]
        status, said = await sinks("test", tmp_path)
        assert status == 0, said
        status, said = await sinks("test", tmp_path)

    assert status == 1
    assert "crm   webhook  not delivered, would be tried again: HTTP 503" in said
    headers, body = got[0]
    signing.verify(headers, body, secrets=[SECRET], now=time.time())
    assert all(word in body.decode() for word in ("TEST-000000", *PERSON))
    text = post.mails[0].as_string()
    assert "TEST-000000" in text
    assert not any(word in text for word in PERSON)
