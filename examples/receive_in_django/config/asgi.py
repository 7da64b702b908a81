"""For an ASGI server: `uvicorn config.asgi:application`."""

from __future__ import annotations

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django = get_asgi_application()

from cases.receiving import receiver  # noqa: E402  its models are there from here on

application = receiver.asgi(django, at="/fulfillment/")
