"""Whose the parts of `fulfillment.toml` are: a server's keys, a receiver's tables.

A server's settings stand at the top level; a receiver's in `[receiver]`, `[sinks.NAME]` and
`[plugins.NAME]`. Each side takes its own, and both refuse what is nobody's.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final, Self

import attrs

from fulfillment_sdk.configuration.toml_file import did_you_mean, is_open_to_all, read_toml
from fulfillment_sdk.errors import ConfigurationError

RECEIVER: Final = "receiver"
SINKS: Final = "sinks"
PLUGINS: Final = "plugins"

_WRITE_IT: Final = "Write it, or name another: a path counts from the working directory."

_TABLES: Final = {
    RECEIVER: f'Write a line [{RECEIVER}], and under it data = "inbox" and its other keys.',
    SINKS: f'Write a line [{SINKS}.NAME] for each sink, and under it kind = "…" and its settings.',
    PLUGINS: f"Write a line [{PLUGINS}.NAME] for each plugin, and under it its settings.",
}
"""What to write in place of one that is no table."""

TABLES: Final = frozenset(_TABLES)
"""The tables that a receiver reads."""

SERVER_KEYS: Final = frozenset(
    {
        "acceptance_timeout",
        "call_rate",
        "case_rate",
        "code_limits",
        "data",
        "database_url",
        "event_retention",
        "gateway_url",
        "host",
        "intake_token",
        "jwt_keys",
        "legacy_tokens",
        "log_format",
        "mail_from",
        "notify_backoff",
        "notify_secrets",
        "port",
        "portal_url",
        "public_url",
        "registration",
        "registration_list",
        "retry_schedule",
        "rework_timeout",
        "role",
        "smtp_url",
        "staff_token",
        "storage_keys",
        "subscription_limit",
        "trusted_proxies",
    }
)
"""The keys that a server reads."""


@attrs.frozen
class SharedFile:
    """What a receiver finds in the file, as it stands there.

    Args:
        path: the file.
        receiver: the table `receiver`.
        sinks: the tables `sinks.NAME`.
        plugins: the tables `plugins.NAME`.
        open_to_all: whether every user of this machine may read the file.
    """

    path: Path
    receiver: Mapping[str, object] = attrs.field(factory=dict, repr=False)
    sinks: Mapping[str, Mapping[str, object]] = attrs.field(factory=dict, repr=False)
    plugins: Mapping[str, Mapping[str, object]] = attrs.field(factory=dict, repr=False)
    open_to_all: bool = False

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read the file's tables.

        Raises:
            ConfigurationError: there is no such file, it is no TOML, or something in it is neither
                a receiver's nor a server's; the message names the nearest that is.
        """
        remedy = "Correct the file." if path.is_file() else _WRITE_IT
        content = read_toml(path, remedy=remedy)
        for key, value in content.items():
            if isinstance(value, Mapping) and key not in TABLES:
                raise ConfigurationError(
                    f"Unknown table in {path}: [{key}]", remedy=did_you_mean(key, TABLES)
                )
            if not isinstance(value, Mapping) and key in TABLES:
                raise ConfigurationError(f"{key} in {path} is no table", remedy=_TABLES[key])
            if not isinstance(value, Mapping) and key not in SERVER_KEYS:
                raise ConfigurationError(
                    f"Unknown key in {path}: {key}",
                    remedy=f"{did_you_mean(key, SERVER_KEYS)} What is a receiver's stands in the "
                    f"table [{RECEIVER}].",
                )
        return cls(
            path,
            receiver=_table(content.get(RECEIVER)),
            sinks=_tables(content, SINKS, path),
            plugins=_tables(content, PLUGINS, path),
            open_to_all=is_open_to_all(path),
        )


def _table(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _tables(
    content: Mapping[str, object], name: str, path: Path
) -> Mapping[str, Mapping[str, object]]:
    found = _table(content.get(name))
    for key, value in found.items():
        if not isinstance(value, Mapping):
            raise ConfigurationError(
                f"{name}.{key} in {path} is no table", remedy=f"Write [{name}.{key}] in its place."
            )
    return {key: _table(value) for key, value in found.items()}
