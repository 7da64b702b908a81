"""How organisation names and e-mail addresses compare (contract, section 1)."""

from __future__ import annotations

import ipaddress
import re
import unicodedata

MAX_NAME = 200
"""Longest organisation name, in characters after normalisation."""

_LOCAL = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*", re.ASCII)
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)


def display_name(text: str) -> str:
    """Return an organisation's name as it is shown: NFKC, one line, single spaces, no controls.

    ``text`` is what the caller sent. The result may be empty. Contract, section 1.
    """
    visible = "".join(
        character if unicodedata.category(character) not in ("Cc", "Cf") else " "
        for character in unicodedata.normalize("NFKC", text)
    )
    return " ".join(visible.split())


def name_key(text: str) -> str:
    """Return the form in which two organisation names are compared (contract, section 1)."""
    # Case folding can undo a normalisation, so the composed form is taken once more.
    return " ".join(unicodedata.normalize("NFKC", display_name(text).casefold()).split())


def email_key(text: str) -> str | None:
    """Return an e-mail address in the one form that is compared and written to.

    ``text`` is what the caller sent. Mail goes to the result, never to the text as it came: else
    somebody could prove one mailbox and be taken for another that only looks alike. Returns
    ``None`` for what is no address of the form ``local@domain.tld``. Contract, section 1.
    """
    address = unicodedata.normalize("NFKC", text).casefold().strip()
    local, at, domain = address.rpartition("@")
    if not at or len(local) > 64 or not _LOCAL.fullmatch(local):
        return None
    host = _domain(domain)
    return None if host is None or len(local) + len(host) > 253 else f"{local}@{host}"


def _domain(text: str) -> str | None:
    """The domain in its ASCII form, or ``None`` where it is none or names a bare host or IP."""
    try:
        host = text.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return None
    labels = host.split(".")
    if len(labels) < 2 or not all(_LABEL.fullmatch(label) for label in labels):
        return None
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host
    return None


def email_domain(key: str) -> str:
    """Return the domain of an address that ``email_key`` returned."""
    return key.rpartition("@")[2]
