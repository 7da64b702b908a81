"""Which URLs may be subscribed: contract, section 4."""

from __future__ import annotations

import pytest

from fulfillment_sdk.server.gateway.subscriptions.endpoint_url import is_allowed

ALWAYS = (
    "https://partner.example.org",
    "https://partner.example.org:8443/hook?x=1",
    "https://8.8.8.8/hook",
    "https://[2606:4700:4700::1111]/hook",
    "https://xn--bcher-kva.example/hook",
    "https://partner.example.org./hook",
    "https://0x7f.example.org/",
    "https://127.0.0.1.nip.example/",
    "https://3com.example-1/",
)
WITH_DEV = (
    "http://partner.example.org/hook",
    "http://localhost:9000/",
    "http://127.0.0.1:9000/hook",
    "https://[::1]/hook",
)
NEVER = (
    "",
    "partner.example.org",
    "//partner.example.org/",
    "https:///hook",
    "https://",
    "ftp://partner.example.org/",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "https://user:secret@partner.example.org/",
    "https://user@partner.example.org/",
    "https://partner.example.org/#part",
    "https://partner.example.org/a b",
    "https://partner.example.org/\r\nX: y",
    "https://partner.example.org\\@internal/",
    "https://partner.example.org:99999/",
    "https://partner.example.org:port/",
    "https://bücher.example/",
    "https://10.0.0.1/",
    "https://169.254.169.254/latest/",
    "https://[fe80::1%25eth0]/",
    "https://[::ffff:10.0.0.1]/",
    "https://[64:ff9b::a00:1]/",
    "https://partner.example.org/" + "x" * 2048,
    "https://127.0.0.1./",
    "https://127.1/",
    "https://0177.0.0.1/",
    "https://0x7f.1/",
    "https://0X7F000001/",
    "https://2130706433/",
    "https://1.2.3.4.5/",
    "https://256.256.256.256/",
    "https://[v1.fe80::a]/",
    "https://127%2E0%2E0%2E1/",
    "https://partner..example.org/",
)


@pytest.mark.parametrize("url", ALWAYS)
def test_https_to_a_public_address_or_a_name_may_be_subscribed(url: str) -> None:
    assert is_allowed(url, dev=False)
    assert is_allowed(url, dev=True)


@pytest.mark.parametrize("url", WITH_DEV)
def test_plain_http_and_loopback_are_for_dev(url: str) -> None:
    assert is_allowed(url, dev=True)


@pytest.mark.parametrize("url", [*WITH_DEV[:1], *WITH_DEV[2:]])
def test_without_dev_they_are_refused(url: str) -> None:
    assert not is_allowed(url, dev=False)


@pytest.mark.parametrize("url", NEVER)
@pytest.mark.parametrize("dev", [True, False])
def test_anything_else_may_never_be_subscribed(url: str, dev: bool) -> None:
    assert not is_allowed(url, dev=dev)
