"""Services as Apprise knows them, each alone: one that fails says nothing about another."""

from __future__ import annotations

import warnings

import apprise

from fulfillment_sdk.errors import ConfigurationError
from fulfillment_sdk.plugins.bundled.chat.quiet import Heard, Quiet, listening
from fulfillment_sdk.plugins.bundled.chat.verdicts import of_service
from fulfillment_sdk.relay import Outcome, Retry


class Service:
    """One place to write to."""

    def __init__(self, url: str, *, name: str) -> None:
        """Read a URL of Apprise's.

        Raises:
            ConfigurationError: it is none; nothing of it is told.
        """
        quiet = Quiet()
        quiet.install()
        try:
            with listening(), warnings.catch_warnings():
                # Its hundred services import what Python is about to drop.
                warnings.simplefilter("ignore", DeprecationWarning)
                self._apprise = apprise.Apprise(asset=_asset())
                known = self._apprise.add(url)
        finally:
            quiet.remove()
        if not known or len(self._apprise) != 1:
            raise ConfigurationError(
                f"{name} is no address that Apprise knows",
                remedy="Write it as Apprise's documentation has it for that service.",
            )
        self._apprise[0].logger = Heard()

    def tell(self, *, title: str, body: str) -> Outcome:
        """Write a message, in this thread; raises nothing."""
        with listening() as statuses:
            try:
                accepted = bool(
                    self._apprise.notify(
                        body=body, title=title, body_format=apprise.NotifyFormat.TEXT
                    )
                )
            except Exception as error:  # noqa: BLE001 - of a hundred services' code
                return Retry(f"{type(error).__name__} raised by the service's library")
            return of_service(accepted, statuses)


def _asset() -> apprise.AppriseAsset:
    return apprise.AppriseAsset(
        app_id="fulfillment-sdk",
        app_desc="Fulfillment notifications",
        async_mode=False,
        http_redirects=False,  # a POST that is led elsewhere arrives as a GET, if at all
        interpret_escapes=False,
        service_timeout=0,  # else a pool that all sinks share runs it, and a slow service fills it
        storage_mode="memory",
    )
