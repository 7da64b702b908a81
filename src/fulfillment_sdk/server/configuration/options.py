"""The one table of settings: what each is called, read, and taken to be if not given.

Flags, `FULFILLMENT_*` variables and `fulfillment.toml` are all read by this table (contract,
section 7). A setting called `retry_schedule` is the variable `FULFILLMENT_RETRY_SCHEDULE`, the key
`retry_schedule`, and where the table says so the flag `--retry-schedule`.
"""

from __future__ import annotations

from pathlib import Path

from fulfillment_sdk.server.configuration import parsing
from fulfillment_sdk.server.configuration.option import Option
from fulfillment_sdk.server.configuration.settings import (
    LOG_FORMATS,
    REGISTRATIONS,
    ROLES,
    LogFormat,
    Registration,
    Role,
)

Keys = tuple[tuple[str, bytes], ...]

ELSEWHERE = frozenset({"BASE_URL", "TOKEN", "DISABLE_PLUGINS", "WEBHOOK_SECRET"})
"""Variables of the client and the receiver: they may be set beside a server's."""

ELSEWHERE_PREFIXES = ("TEST_",)

_RETRY_SCHEDULE = (0.0, 5.0, 30.0, 120.0, 600.0, 1800.0, 3600.0, 10800.0, 21600.0, 43200.0)

HOST: Option[str] = Option(
    name="host",
    parse=parsing.text,
    default="127.0.0.1",
    flag=True,
    about="Address to listen on.",
)
PORT: Option[int] = Option(
    name="port",
    parse=parsing.whole(least=0, most=65535),
    default=8000,
    flag=True,
    about="Port to listen on; 0 picks a free one.",
)
DATA: Option[Path] = Option(
    name="data",
    parse=parsing.path,
    default=Path("fulfillment-data"),
    flag=True,
    about="Folder for databases, secrets and the process id.",
)
ROLE: Option[Role] = Option(
    name="role",
    parse=parsing.choice(ROLES),
    default="all",
    flag=True,
    about="Which party this process is: all, gateway or portal.",
)
DATABASE_URL: Option[str | None] = Option(
    name="database_url",
    parse=parsing.database,
    default=None,
    about="PostgreSQL URL; SQLite files in the data folder otherwise.",
)
STAFF_TOKEN: Option[str] = Option(
    name="staff_token",
    parse=parsing.token,
    default="",
    about="The first admin's bearer token; made in <data>/staff-token otherwise.",
)
PUBLIC_URL: Option[str] = Option(
    name="public_url",
    parse=parsing.address,
    default="",
    about="The gateway's address as partners see it.",
)
PORTAL_URL: Option[str] = Option(
    name="portal_url",
    parse=parsing.address,
    default="",
    about="Where the gateway finds the portal; needed with --role gateway.",
)
GATEWAY_URL: Option[str] = Option(
    name="gateway_url",
    parse=parsing.address,
    default="",
    about="Where the portal finds the gateway; needed with --role portal.",
)
INTAKE_TOKEN: Option[str] = Option(
    name="intake_token",
    parse=parsing.token,
    default="",
    about="Bearer token of the gateway at the portal; shared by both.",
)
NOTIFY_SECRETS: Option[tuple[str, ...]] = Option(
    name="notify_secrets",
    parse=parsing.secrets,
    default=(),
    about="whsec_ secrets that sign the portal's notifications; shared by both.",
)
JWT_KEYS: Option[Keys] = Option(
    name="jwt_keys",
    parse=parsing.keys(least=32, most=512),
    default=(),
    about="Keys of the partners' tokens, kid:base64, newest first; made otherwise.",
)
STORAGE_KEYS: Option[Keys] = Option(
    name="storage_keys",
    parse=parsing.keys(least=32, most=32),
    default=(),
    about="Keys that seal stored payloads, id:base64, newest first; made otherwise.",
)
SMTP_URL: Option[str | None] = Option(
    name="smtp_url",
    parse=parsing.smtp,
    default=None,
    about="Mail server: smtp://user:pass@host:port (STARTTLS) or smtps://…",
)
MAIL_FROM: Option[str | None] = Option(
    name="mail_from",
    parse=parsing.sender,
    default=None,
    about="Sender of the mails.",
)
REGISTRATION: Option[Registration | None] = Option(
    name="registration",
    parse=parsing.choice(REGISTRATIONS),
    default=None,
    about="Who may register: approval (default), list, or open (default with --dev).",
)
REGISTRATION_LIST: Option[tuple[str, ...]] = Option(
    name="registration_list",
    parse=parsing.items,
    default=(),
    about="Organization names and mail domains that may register, with registration=list.",
)
LEGACY_TOKENS: Option[bool | None] = Option(
    name="legacy_tokens",
    parse=parsing.boolean,
    default=None,
    about="1 switches the legacy token call on (it is on with --dev).",
)
TRUSTED_PROXIES: Option[tuple[str, ...]] = Option(
    name="trusted_proxies",
    parse=parsing.networks,
    default=(),
    about="Addresses whose forwarding headers count.",
)
RETRY_SCHEDULE: Option[tuple[float, ...]] = Option(
    name="retry_schedule",
    parse=parsing.schedule,
    default=_RETRY_SCHEDULE,
    about="Seconds before each try at a partner's endpoint "
    "(0,5,30,120,600,1800,3600,10800,21600,43200).",
)
NOTIFY_BACKOFF: Option[tuple[float, float]] = Option(
    name="notify_backoff",
    parse=parsing.backoff,
    default=(1.0, 60.0),
    about="first:max seconds between the portal's tries at the gateway (1:60).",
)
ACCEPTANCE_TIMEOUT: Option[float] = Option(
    name="acceptance_timeout",
    parse=parsing.seconds,
    default=1800.0,
    about="Seconds a worker has to begin an allocated case (1800).",
)
REWORK_TIMEOUT: Option[float] = Option(
    name="rework_timeout",
    parse=parsing.seconds,
    default=1800.0,
    about="Seconds a worker has to begin a rework (1800).",
)
CASE_RATE: Option[int | None] = Option(
    name="case_rate",
    parse=parsing.whole(least=1),
    default=None,
    about="Cases a minute per organization and address: 600, with --dev 60000.",
)
CODE_LIMITS: Option[tuple[int, int]] = Option(
    name="code_limits",
    parse=parsing.pair,
    default=(5, 20),
    about="Mails an hour per e-mail address, and codes an hour per network address (5,20).",
)
SUBSCRIPTION_LIMIT: Option[int] = Option(
    name="subscription_limit",
    parse=parsing.whole(least=1),
    default=20,
    about="Subscriptions that one organization may have (20).",
)
CALL_RATE: Option[int | None] = Option(
    name="call_rate",
    parse=parsing.whole(least=1),
    default=None,
    about="Other calls a minute per organization and address: 1200, with --dev 60000.",
)
EVENT_RETENTION: Option[float | None] = Option(
    name="event_retention",
    parse=parsing.duration,
    default=None,
    about="Seconds after which delivered events and attempts are removed; never if not given.",
)
LOG_FORMAT: Option[LogFormat] = Option(
    name="log_format",
    parse=parsing.choice(LOG_FORMATS),
    default="text",
    about="What a log line is: text (key=value) or json (one object).",
)

OPTIONS: tuple[Option[object], ...] = (
    HOST,
    PORT,
    DATA,
    ROLE,
    DATABASE_URL,
    STAFF_TOKEN,
    PUBLIC_URL,
    PORTAL_URL,
    GATEWAY_URL,
    INTAKE_TOKEN,
    NOTIFY_SECRETS,
    JWT_KEYS,
    STORAGE_KEYS,
    SMTP_URL,
    MAIL_FROM,
    REGISTRATION,
    REGISTRATION_LIST,
    LEGACY_TOKENS,
    TRUSTED_PROXIES,
    RETRY_SCHEDULE,
    NOTIFY_BACKOFF,
    ACCEPTANCE_TIMEOUT,
    REWORK_TIMEOUT,
    CASE_RATE,
    CODE_LIMITS,
    SUBSCRIPTION_LIMIT,
    CALL_RATE,
    LOG_FORMAT,
    EVENT_RETENTION,
)
"""The table, in the order in which it is shown."""

BY_NAME = {option.name: option for option in OPTIONS}
