"""The kind `chat`: a message in one of the hundred services that Apprise knows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from fulfillment_sdk.plugins.settings.secret import Secret

if TYPE_CHECKING:
    from fulfillment_sdk.plugins.bundled.chat.sink import ChatSink


@attrs.frozen(kw_only=True)
class ChatSettings:
    """What a table of kind `chat` may say.

    Args:
        urls: where to, as Apprise writes it: `slack://…`, `msteams://…`, `tgram://…`. They have
            credentials in them.
        title: a template; one line is made of it.
        body: a template for the message.
        body_template: the file of one.
    """

    urls: tuple[Secret, ...]
    title: str | None = None
    body: str | None = None
    body_template: Path | None = None


def make_chat_sink(settings: ChatSettings) -> ChatSink:
    """Make a sink of kind `chat`.

    Raises:
        ConfigurationError: a URL or a template can't be used.
        MissingExtra: the extra `chat` is not installed.
    """
    from fulfillment_sdk.plugins.bundled.chat.making import make

    return make(settings)
