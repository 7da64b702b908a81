"""A file as it is shown, as JSON objects. Pure."""

from __future__ import annotations

from fulfillment_sdk.server.portal.files.rows import File


def stored(file: File) -> dict[str, object]:
    """Return the answer to an attachment's upload (contract, section 2)."""
    return {
        "attachment_id": file.id,
        "file_name": file.file_name,
        "sha256": file.sha256,
        "size": file.size,
        "content_type": file.content_type,
    }


def for_partner(file: File, *, public_url: str) -> dict[str, object]:
    """Return a file as a completion has it: its address is the gateway's (contract, section 4)."""
    path = f"/api/webhook/webform/cases/{file.case_id}/files/{file.id}/"
    return _entry(file, public_url.rstrip("/") + path)


def for_staff(file: File) -> dict[str, object]:
    """Return a file as staff see it: its address is the portal's own."""
    return _entry(file, f"/portal/api/cases/{file.case_id}/files/{file.id}/")


def _entry(file: File, url: str) -> dict[str, object]:
    return {
        "id": file.id,
        "file_name": file.file_name,
        "content_type": file.content_type,
        "size": file.size,
        "sha256": file.sha256,
        "url": url,
    }
