"""Deliveries as a relay hands them to a sink."""

from __future__ import annotations

import json
from typing import Any

from fulfillment_sdk.relay import Delivery, Event

ACCEPTED_AT = 1_743_955_200.0  # 2025-04-06T16:00:00Z


def delivery(
    body: bytes, *, id: str = "evt_1", type: str = "case.status_changed", case_id: str = "case_1"
) -> Delivery:
    event = Event(id, type, case_id, None, body)
    return Delivery(event=event, destination="audit", attempt=1, accepted_at=ACCEPTED_AT)


def about_a_case(
    *,
    id: str = "evt_1",
    type: str = "case.status_changed",
    case_id: str | int = "case_1",
    **data: Any,
) -> Delivery:
    body = {"id": id, "type": type, "version": "1", "data": {"case_id": case_id, **data}}
    return delivery(json.dumps(body).encode(), id=id, type=type, case_id=str(case_id))
