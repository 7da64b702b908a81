"""The pages of this application; the receiver is beside it, in wsgi.py and asgi.py."""

from __future__ import annotations

from cases.views import show
from django.urls import path

urlpatterns = [path("cases/<str:case_id>", show)]
