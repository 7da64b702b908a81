"""Shows what is known of a case."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse
from django.shortcuts import get_object_or_404

from cases.models import Case


def show(request: HttpRequest, case_id: str) -> JsonResponse:
    case = get_object_or_404(Case, id=case_id)
    return JsonResponse(
        {"id": case.id, "number": case.number, "status": case.status, "sequence": case.sequence}
    )
