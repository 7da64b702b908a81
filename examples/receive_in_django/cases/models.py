"""What this application keeps of its cases."""

from __future__ import annotations

from django.db import models


class Case(models.Model):
    """A case, with the newest status that we were told."""

    id = models.CharField(max_length=200, primary_key=True)
    number = models.CharField(max_length=200, default="")
    status = models.CharField(max_length=200, default="")
    sequence = models.BigIntegerField(default=0)
