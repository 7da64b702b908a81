"""A token from the environment, which is only read."""

from __future__ import annotations

import os
from collections.abc import Mapping

from fulfillment_sdk.client.address import TOKEN
from fulfillment_sdk.client.tokens.store import COMPARING


class EnvTokens:
    """The store of `Client.from_env()`: the token is that of `variable` in `environ`.

    A token that is saved is used in this process from then on; the variable stays as it is, so
    keep the new token where the variable is set.
    """

    def __init__(self, variable: str = TOKEN, *, environ: Mapping[str, str] | None = None) -> None:
        self.variable = variable
        self._environ = os.environ if environ is None else environ
        self._changed = False
        self._token: str | None = None

    def __repr__(self) -> str:
        return f"EnvTokens({self.variable!r})"

    def load(self) -> str | None:
        """The variable's value, or what has taken its place; None where there is neither."""
        return self._token if self._changed else self._environ.get(self.variable)

    def save(self, token: str) -> None:
        """Use `token` instead of the variable's."""
        with COMPARING:
            self._token, self._changed = token, True

    def clear(self) -> None:
        """Use the variable no more."""
        self._token, self._changed = None, True

    def discard(self, token: str) -> None:
        """Use this token no more, if it is the one."""
        with COMPARING:
            if (self.load() or "").strip() == token:
                self.clear()
