"""For a WSGI server: `gunicorn config.wsgi`."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django = get_wsgi_application()

from cases.receiving import receiver  # noqa: E402  its models are there from here on

application = receiver.wsgi(django, at="/fulfillment/")
