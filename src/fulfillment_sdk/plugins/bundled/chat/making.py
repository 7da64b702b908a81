"""A chat sink from its settings, everything in them checked."""

from __future__ import annotations

from importlib import resources

from fulfillment_sdk._extras import needs
from fulfillment_sdk.errors import ConfigurationError
from fulfillment_sdk.plugins.bundled.chat import ChatSettings

with needs("chat"):
    from fulfillment_sdk.plugins.bundled.chat.services import Service
    from fulfillment_sdk.plugins.bundled.chat.sink import ChatSink
    from fulfillment_sdk.plugins.wording import Template


def make(settings: ChatSettings) -> ChatSink:
    """Make a sink of kind `chat`; raises as `make_chat_sink` does."""
    if not settings.urls:
        raise ConfigurationError("urls is empty", remedy="Name at least one service.")
    if settings.body is not None and settings.body_template is not None:
        raise ConfigurationError("body and body_template are both there", remedy="Keep one.")
    title = settings.title if settings.title is not None else _bundled("title.txt")
    if settings.body_template is not None:
        body = Template.read(settings.body_template, name="body_template")
    else:
        own = settings.body if settings.body is not None else _bundled("body.txt")
        body = Template.of(own, name="body")
    services = [Service(url.value, name=f"urls[{n}]") for n, url in enumerate(settings.urls)]
    return ChatSink(services, title=Template.of(title, name="title"), body=body)


def _bundled(name: str) -> str:
    folder = resources.files("fulfillment_sdk.plugins.bundled.chat.templates")
    return (folder / name).read_text(encoding="utf-8")
