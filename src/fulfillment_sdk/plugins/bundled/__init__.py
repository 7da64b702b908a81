"""The kinds of sink that come with the SDK, offered through the same hook as a stranger's.

Each kind is a module of this package, or a room of its own. What it needs in order to deliver is
imported when a sink of that kind is made: to offer them loads no database, mail or web library.
"""

from __future__ import annotations

from fulfillment_sdk.hooks.specs import RegisterSink, hookimpl
from fulfillment_sdk.plugins.bundled import jsonl, sql
from fulfillment_sdk.plugins.bundled.chat import ChatSettings, make_chat_sink
from fulfillment_sdk.plugins.bundled.email import EmailSettings, make_email_sink
from fulfillment_sdk.plugins.bundled.log import LogSettings, make_log_sink
from fulfillment_sdk.plugins.bundled.webhook import WebhookSettings, make_webhook_sink

name = "fulfillment_sdk.bundled"
"""What this plugin is called in messages."""


@hookimpl
def fulfillment_register_sinks(register: RegisterSink) -> None:
    """Offer each kind; asked before any other plugin, so that these words are ours."""
    register(
        "log",
        LogSettings,
        make_log_sink,
        about="A line in the application's log for each event: codes and ids alone.",
    )
    register(
        "jsonl",
        jsonl.JsonlSettings,
        jsonl.make_jsonl_sink,
        concurrency=jsonl.CONCURRENCY,
        about="A line of JSON for each event, in a file that turns over.",
    )
    register(
        "sql",
        sql.SqlSettings,
        sql.make_sql_sink,
        concurrency=sql.CONCURRENCY,
        about="Where each case stands, and what happened, in two tables of any database.",
    )
    register(
        "webhook",
        WebhookSettings,
        make_webhook_sink,
        about="Events go on to another system, signed anew with a secret of that hop.",
    )
    register(
        "email",
        EmailSettings,
        make_email_sink,
        reaches_people=True,
        about="People are told by mail, with what is disclosed and no more.",
    )
    register(
        "chat",
        ChatSettings,
        make_chat_sink,
        reaches_people=True,
        about="A message in one of the hundred services that Apprise knows.",
    )
