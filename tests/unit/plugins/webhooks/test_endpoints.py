"""Where a destination's settings say to post, and who keeps a connection (contract, section 4)."""

from __future__ import annotations

import pytest
from yarl import URL

from fulfillment_sdk.plugins.webhooks.endpoints import HTTPS_ONLY, Endpoint, KeptAlive
from fulfillment_sdk.signing import new_secret

SECRET = new_secret()
NOW = 1_743_955_200.0


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, "the endpoint has no secret"),
        ({"url": "https://example.org", "secrets": []}, "the endpoint has no secret"),
        ({"url": "https://example.org", "secrets": SECRET}, "the endpoint has no secret"),
        (
            {"url": "https://x.org", "secrets": [{"secret": SECRET, "until": NOW}]},
            "the endpoint has no secret",
        ),
        ({"secrets": [SECRET]}, "the endpoint's URL can't be used"),
        ({"url": 5, "secrets": [SECRET]}, "the endpoint's URL can't be used"),
        ({"url": "https://", "secrets": [SECRET]}, "the endpoint's URL can't be used"),
        ({"url": "https://[::1", "secrets": [SECRET]}, "the endpoint's URL can't be used"),
        ({"url": "/hook", "secrets": [SECRET]}, "the endpoint's URL can't be used"),
        (
            {"url": "http://example.org", "secrets": [SECRET]},
            "the endpoint's URL must begin with https",
        ),
        (
            {"url": "file://host/etc/passwd", "secrets": [SECRET]},
            "the endpoint's URL must begin with https",
        ),
    ],
)
def test_settings_that_cannot_be_used_say_why_without_a_value(
    settings: dict[str, object], words: str
) -> None:
    assert Endpoint.read(settings, HTTPS_ONLY, now=NOW) == words


def test_only_the_secrets_sign_whose_end_has_not_come_newest_first() -> None:
    old, older = new_secret(), new_secret()
    secrets = [
        {"secret": SECRET, "until": None},
        {"secret": old, "until": NOW + 0.5},
        {"secret": older, "until": NOW - 0.5},
    ]
    endpoint = Endpoint.read({"url": "https://x.org", "secrets": secrets}, HTTPS_ONLY, now=NOW)

    assert isinstance(endpoint, Endpoint)
    assert endpoint.secrets == (SECRET, old)


def test_http_is_allowed_where_the_schemes_say_so() -> None:
    endpoint = Endpoint.read(
        {"url": "HTTP://example.org/hook", "secrets": [SECRET]},
        frozenset({"http", "https"}),
        now=NOW,
    )

    assert isinstance(endpoint, Endpoint)
    assert str(endpoint.url) == "http://example.org/hook"


def test_an_endpoint_does_not_show_its_secrets() -> None:
    settings = {"url": "https://example.org", "secrets": [SECRET]}
    endpoint = Endpoint.read(settings, HTTPS_ONLY, now=NOW)

    assert SECRET not in repr(endpoint)


A, B, C = (URL(f"https://{name}.example.org") for name in "abc")


def test_as_many_endpoints_keep_their_connection_as_there_are_places() -> None:
    kept = KeptAlive(2, 8.0)

    assert [kept.use(origin, 1.0) for origin in (A, B, C, A, B, C)] == [True, True, False] * 2


def test_an_endpoint_that_is_used_again_stays_and_one_that_is_not_gives_way() -> None:
    kept = KeptAlive(2, 8.0)
    kept.use(A, 1.0)
    kept.use(B, 2.0)
    kept.use(A, 9.0)

    assert kept.use(C, 10.0) is False
    assert kept.use(C, 10.1) is True
    assert kept.use(B, 11.0) is False
    assert kept.use(A, 17.0) is True
