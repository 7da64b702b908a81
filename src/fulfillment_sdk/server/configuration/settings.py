"""What a running server knows about itself, fully resolved (contract, section 7)."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, get_args

from attrs import field, frozen

Role = Literal["all", "gateway", "portal"]
Registration = Literal["approval", "list", "open"]
LogFormat = Literal["text", "json"]

ROLES: tuple[Role, ...] = get_args(Role)
REGISTRATIONS: tuple[Registration, ...] = get_args(Registration)
LOG_FORMATS: tuple[LogFormat, ...] = get_args(LogFormat)


@frozen(kw_only=True)
class Settings:
    """The settings of one server process, as the parties read them. Contract, section 7.

    Every value is resolved: secrets are loaded or made, addresses are known. Durations are
    seconds. Secrets and keys stand newest first. ``repr`` shows no secret.
    """

    dev: bool
    host: str
    port: int
    data: Path
    role: Role
    database_url: str | None = field(repr=False)
    staff_token: str = field(repr=False)
    public_url: str
    portal_url: str
    gateway_url: str
    intake_token: str = field(repr=False)
    notify_secrets: tuple[str, ...] = field(repr=False)
    jwt_keys: tuple[tuple[str, bytes], ...] = field(repr=False)
    storage_keys: tuple[tuple[str, bytes], ...] = field(repr=False)
    smtp_url: str | None = field(repr=False)
    mail_from: str | None
    registration: Registration
    registration_list: tuple[str, ...]
    legacy_tokens: bool
    trusted_proxies: tuple[str, ...]
    retry_schedule: tuple[float, ...]
    notify_backoff: tuple[float, float]
    acceptance_timeout: float
    rework_timeout: float
    case_rate: int
    code_limits: tuple[int, int]
    call_rate: int = 1_200
    log_format: LogFormat = "text"
    subscription_limit: int = 20
    event_retention: float | None = None

    @property
    def runs_gateway(self) -> bool:
        """Whether this process is the gateway (``--role all`` or ``gateway``)."""
        return self.role in ("all", "gateway")

    @property
    def runs_portal(self) -> bool:
        """Whether this process is the portal (``--role all`` or ``portal``)."""
        return self.role in ("all", "portal")
