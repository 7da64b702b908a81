"""What a client is made with, checked at once: ConfigurationError for what can't be used."""

from __future__ import annotations

import os

from fulfillment_sdk.client.exchange.retry import Retries
from fulfillment_sdk.client.tokens import MemoryTokens, TokenStore
from fulfillment_sdk.errors import ConfigurationError


def token_store(token: str | None, tokens: TokenStore | None) -> TokenStore:
    """The store that `token` or `tokens` stands for: one of them, or neither."""
    if hasattr(token, "load"):
        raise ConfigurationError("token= is no token, but a store", remedy="Give it as tokens=.")
    if tokens is None:
        return MemoryTokens(token)
    if isinstance(tokens, str | os.PathLike):
        raise ConfigurationError(
            "tokens= is no store of tokens",
            remedy="Give FileTokens(path), say, or the token itself as token=.",
        )
    if token is not None:
        raise ConfigurationError(
            "Both token= and tokens= are given", remedy="Give the token, or the store that has it."
        )
    return tokens


def seconds(timeout: object) -> float:
    """A timeout in seconds."""
    if not (isinstance(timeout, int | float) and 0 < timeout < float("inf")):
        raise ConfigurationError(
            "The timeout is no positive number of seconds", remedy="Give timeout=35.0, say."
        )
    return timeout


def policy(retries: object) -> Retries:
    """A policy, or that of a number of repetitions; by default the usual one."""
    if isinstance(retries, int):
        return Retries(tries=retries + 1)
    if not isinstance(retries, Retries | None):
        raise ConfigurationError(
            "retries is neither a number nor a policy", remedy="Give retries=3, or Retries(…)."
        )
    return retries or Retries()
