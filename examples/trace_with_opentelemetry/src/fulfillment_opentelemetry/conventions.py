"""OpenTelemetry's semantic conventions for HTTP clients: what a request and its answer are called.

Names and rules are those of the stable conventions, "HTTP client span" and "HTTP metrics"; the
library that lists the names is still a beta, so they are written out here. `url.template` is the
one that is not stable yet.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from fulfillment_sdk.plugins import ErrorFacts, RequestFacts, ResponseFacts

SCHEMA = "https://opentelemetry.io/schemas/1.36.0"
"""The version of the conventions that is followed here."""

DURATION = "http.client.request.duration"
BOUNDARIES = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
"""The buckets that the conventions advise for a duration, in seconds."""

Attributes = dict[str, str | int]

_PORTS = {"http": 80, "https": 443}


def span_name(request: RequestFacts) -> str:
    """The method and the route: few enough to group spans by."""
    return f"{request.method} {request.route}"


def before(request: RequestFacts) -> Attributes:
    """What is known of a request before it is sent: what a sampler may decide by.

    The address comes from the client without credentials and without the values of its query.
    """
    attributes: Attributes = {**_common(request), "url.full": request.url}
    if request.attempt > 1:
        attributes["http.request.resend_count"] = request.attempt - 1
    return attributes


def after(response: ResponseFacts | None, error: ErrorFacts | None) -> Attributes:
    """What became of a request.

    An answer that the client counts as an error is called by its status, all else by the kind of
    error.
    """
    attributes: Attributes = {}
    if response is not None:
        attributes["http.response.status_code"] = response.status
    if error is not None:
        refused = response is not None and response.status >= 400
        attributes["error.type"] = str(response.status) if refused and response else error.kind
    return attributes


def measured(
    request: RequestFacts, response: ResponseFacts | None, error: ErrorFacts | None
) -> Attributes:
    """What a duration is counted by: nothing that is different in each request."""
    return {**_common(request), **after(response, error)}


def _common(request: RequestFacts) -> Attributes:
    address = urlsplit(request.url)
    return {
        "http.request.method": request.method,
        "server.address": address.hostname or "",
        "server.port": address.port or _PORTS[address.scheme],
        "url.template": request.route,
    }
