"""From what was given to what holds: defaults, `--dev`, roles, addresses and secrets."""

from __future__ import annotations

import ipaddress
from typing import TypeVar

from fulfillment_sdk.errors import ConfigurationError
from fulfillment_sdk.server.configuration import options as opt
from fulfillment_sdk.server.configuration.option import Option
from fulfillment_sdk.server.configuration.parsing import joined
from fulfillment_sdk.server.configuration.secrets import SecretFolder
from fulfillment_sdk.server.configuration.settings import Settings
from fulfillment_sdk.server.configuration.sources import Given

T = TypeVar("T")

SHARED: tuple[Option[object], ...] = (opt.INTAKE_TOKEN, opt.NOTIFY_SECRETS)
"""What gateway and portal must both know: never made by one of them alone."""


def is_loopback(host: str) -> bool:
    """Tell whether a host name or address literal means this machine only."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def own_address(host: str, port: int) -> str:
    """Return the address under which a server that listens on `host` reaches itself."""
    reach = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 compared only
    return f"http://[{reach}]:{port}" if ":" in reach else f"http://{reach}:{port}"


def check(given: Given, *, kept: SecretFolder) -> None:
    """Refuse settings with which a server must not start, before anything is bound or made.

    Raises:
        ConfigurationError: `--dev` on an address that others reach, or something is missing that
            is neither given nor kept in the data folder; everything missing is named at once.
    """
    host = given.get(opt.HOST)
    if given.dev and not is_loopback(host):
        raise ConfigurationError(
            f"--dev trusts everyone who can reach it and serves loopback only, not {host}",
            remedy="Leave --host out, or leave --dev out and set up mail and a public address.",
        )
    missing = [
        option
        for option in _needed(given)
        if not given.has(option) and not (option in SHARED and kept.has(option))
    ]
    if missing:
        names = joined([option.variable for option in missing])
        trial = [] if given.dev else ["To try it on this machine alone, start it with --dev."]
        raise ConfigurationError(
            f"The server (--role {given.get(opt.ROLE)}) can't start without {names}",
            remedy="\n".join([*map(_explained, missing), *trial]),
        )
    if given.get(opt.REGISTRATION) == "list" and not given.get(opt.REGISTRATION_LIST):
        raise ConfigurationError(
            f"{opt.REGISTRATION.variable} is list, and the list is empty",
            remedy=_explained(opt.REGISTRATION_LIST),
        )


def resolve(given: Given, *, port: int, kept: SecretFolder) -> Settings:
    """Return the settings of the server that listens on `port`.

    Secrets that were not given are loaded from the data folder, or made there.

    Raises:
        ConfigurationError: see `check`, or a kept secret can't be used.
    """
    check(given, kept=kept)

    def secret(option: Option[T]) -> T:
        return given.get(option) if given.has(option) else kept.load_or_make(option)

    dev, role, host = given.dev, given.get(opt.ROLE), given.get(opt.HOST)
    own = own_address(host, port)
    gateway_url = given.get(opt.GATEWAY_URL) or own
    registration, legacy = given.get(opt.REGISTRATION), given.get(opt.LEGACY_TOKENS)
    return Settings(
        dev=dev,
        host=host,
        port=port,
        data=given.get(opt.DATA).absolute(),
        role=role,
        database_url=given.get(opt.DATABASE_URL),
        staff_token=secret(opt.STAFF_TOKEN),
        public_url=given.get(opt.PUBLIC_URL) or gateway_url,
        portal_url=given.get(opt.PORTAL_URL) or own,
        gateway_url=gateway_url,
        intake_token=secret(opt.INTAKE_TOKEN),
        notify_secrets=secret(opt.NOTIFY_SECRETS),
        # The portal never sees a partner's token.
        jwt_keys=() if role == "portal" else secret(opt.JWT_KEYS),
        storage_keys=secret(opt.STORAGE_KEYS),
        smtp_url=given.get(opt.SMTP_URL),
        mail_from=given.get(opt.MAIL_FROM),
        registration=registration or ("open" if dev else "approval"),
        registration_list=given.get(opt.REGISTRATION_LIST),
        legacy_tokens=dev if legacy is None else legacy,
        trusted_proxies=given.get(opt.TRUSTED_PROXIES),
        retry_schedule=given.get(opt.RETRY_SCHEDULE),
        notify_backoff=given.get(opt.NOTIFY_BACKOFF),
        acceptance_timeout=given.get(opt.ACCEPTANCE_TIMEOUT),
        rework_timeout=given.get(opt.REWORK_TIMEOUT),
        case_rate=given.get(opt.CASE_RATE) or (60_000 if dev else 600),
        code_limits=given.get(opt.CODE_LIMITS),
        log_format=given.get(opt.LOG_FORMAT),
        subscription_limit=given.get(opt.SUBSCRIPTION_LIMIT),
        event_retention=given.get(opt.EVENT_RETENTION),
        call_rate=given.get(opt.CALL_RATE) or (60_000 if dev else 1_200),
    )


def oddities(given: Given) -> list[str]:
    """Say which settings are given and do nothing, or not what they seem to, beside the others.

    A server starts with them all the same.
    """
    role = given.get(opt.ROLE)
    registration = given.get(opt.REGISTRATION) or ("open" if given.dev else "approval")
    found: list[str] = []
    if given.has(opt.REGISTRATION_LIST) and registration != "list":
        found.append(
            f"{opt.REGISTRATION_LIST.variable} has no effect: "
            f"{opt.REGISTRATION.variable} is {registration}, not list"
        )
    if given.dev and given.has(opt.TRUSTED_PROXIES):
        found.append(f"{opt.TRUSTED_PROXIES.variable} has no effect with --dev")
    for option, party, what in (
        (opt.PORTAL_URL, "portal", "cases"),
        (opt.GATEWAY_URL, "gateway", "notifications"),
    ):
        if role == party and given.has(option):
            found.append(f"{option.variable} has no effect with --role {role}")
        elif role == "all" and given.has(option):
            found.append(
                f"{option.variable} is set with --role all: {what} go there, and not to this "
                f"process's own {party}"
            )
    return found


def _needed(given: Given) -> list[Option[object]]:
    role = given.get(opt.ROLE)
    needed: list[Option[object]] = []
    if not given.dev:
        needed += [opt.PUBLIC_URL]
        needed += [opt.SMTP_URL, opt.MAIL_FROM] if role != "portal" else []
    if role == "gateway":
        needed += [opt.PORTAL_URL, *SHARED]
    if role == "portal":
        needed += [opt.GATEWAY_URL, *SHARED]
    return needed


def _explained(option: Option[object]) -> str:
    return f"Set {option.variable}: {option.about}"
