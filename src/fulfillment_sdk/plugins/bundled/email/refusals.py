"""What a mail server's answer means for a delivery: later, never, or not our affair."""

from __future__ import annotations

import ssl
from collections.abc import Mapping

import aiosmtplib

from fulfillment_sdk.relay import Delivered, Outcome, Reject, Retry


def after_sending(refused: Mapping[str, int], *, served: int) -> Outcome:
    """Decide what becomes of a delivery that some may have got.

    Args:
        refused: the SMTP code for each address that was refused.
        served: how many have got it, now or in an earlier try.

    Who may take it later is tried again; who never will stops nothing as long as one has got it.
    """
    later = [code for code in refused.values() if not _is_final(code)]
    if later:
        return Retry(f"{_count(len(later))} refused for now (SMTP {later[0]})")
    if not refused:
        return Delivered(_count(served))
    code = next(iter(refused.values()))
    if served:
        return Delivered(f"{_count(served)}; {len(refused)} refused (SMTP {code})")
    return Reject(f"every recipient is refused (SMTP {code})")


def after_failure(error: Exception) -> Outcome:
    """Decide what becomes of a delivery that nobody got; an answer's words are never told.

    A mail that is refused for what it is will be refused again. All else is tried again: the server
    is away, or something is set up wrongly, and that is no fault of the mail's.
    """
    if isinstance(error, aiosmtplib.SMTPDataError) and _is_final(error.code):
        return Reject(f"the mail is refused (SMTP {error.code})")
    if isinstance(error, aiosmtplib.SMTPResponseException):
        words = next(text for kind, text in _ANSWERS if isinstance(error, kind))
        return Retry(f"{words} (SMTP {error.code})")
    cause = error.__cause__ or error.__context__ or error
    if isinstance(error, ssl.SSLCertVerificationError) or isinstance(
        cause, ssl.SSLCertVerificationError
    ):
        return Retry("the mail server's certificate is not accepted")
    if type(error) is aiosmtplib.SMTPException:  # its own word for a server without STARTTLS, AUTH
        return Retry(_LACKING)
    return Retry(next((text for kind, text in _FAILURES if isinstance(error, kind)), _ELSE))


_ANSWERS: tuple[tuple[type[Exception], str], ...] = (
    (aiosmtplib.SMTPAuthenticationError, "the mail server does not take the password"),
    (aiosmtplib.SMTPSenderRefused, "the sender is refused"),
    (aiosmtplib.SMTPDataError, "the mail is refused for now"),
    (aiosmtplib.SMTPResponseException, "the mail server refuses"),
)
_LACKING = "the mail server lacks what is required, TLS or a log-in"
_FAILURES: tuple[tuple[type[Exception], str], ...] = (
    (aiosmtplib.SMTPNotSupported, _LACKING),
    (TimeoutError, "the mail server did not answer in time"),
    (aiosmtplib.SMTPServerDisconnected, "the mail server hung up"),
    (ssl.SSLError, "no TLS connection to the mail server"),
    (OSError, "no connection to the mail server"),
)
_ELSE = "the mail server can't be used"


def _is_final(code: int) -> bool:
    return 500 <= code < 600


def _count(recipients: int) -> str:
    return f"{recipients} recipient{'' if recipients == 1 else 's'}"
