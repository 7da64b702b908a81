"""Where the commands find the gateway's administration."""

from __future__ import annotations

import pytest

from fulfillment_sdk.cli.admin_api import AdminApi
from fulfillment_sdk.errors import ConfigurationError
from fulfillment_sdk.server import sources

TOKEN = {"FULFILLMENT_STAFF_TOKEN": "staff-token-of-this-test"}


def test_a_url_is_the_address_without_its_last_slash() -> None:
    api = AdminApi.of(sources.read({}, TOKEN), "https://10.0.0.11:8000/")
    assert api.url == "https://10.0.0.11:8000"
    assert "staff-token-of-this-test" not in repr(api)


@pytest.mark.parametrize(
    "url", ["http://user:hush-hush@127.0.0.1:9", "ftp://hush-hush", "hush-hush", "http://["]
)
def test_what_is_no_address_or_has_a_password_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(ConfigurationError, match="--url must be an address") as refused:
        AdminApi.of(sources.read({}, TOKEN), url)
    assert "hush-hush" not in str(refused.value)
