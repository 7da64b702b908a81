"""The report as a PDF: what was asked, found and checked, with photos, and what happened when.

Contract, section 5. ``contents`` says what stands in it, ``layout`` how that looks; ``images`` and
``fonts`` prepare what the page needs. No clock, no network, no store: the same bytes for the same
contents.
"""

from __future__ import annotations

from collections.abc import Sequence

from fulfillment_sdk.server.portal.completion import Dossier
from fulfillment_sdk.server.portal.report.contents import drawn_up, texts
from fulfillment_sdk.server.portal.report.fonts import dress
from fulfillment_sdk.server.portal.report.images import ReportFile, gallery
from fulfillment_sdk.server.portal.report.layout import laid_out
from fulfillment_sdk.server.portal.report.shelf import available

__all__ = ["ReportFile", "render"]


def render(dossier: Dossier, files: Sequence[ReportFile] = ()) -> bytes:
    """Return the report of a completed case, the same bytes for the same contents.

    ``dossier`` is all that the portal has about the case; the reporter's narrative and the persons
    named in the request stay out of the report. ``files`` are the case's files in their order:
    photos are shown, everything is listed. What is too long, broken or in no font's alphabet is
    left out with a note. It takes a while (see docs/server.md): call it in a thread. Contract,
    section 5.
    """
    told = drawn_up(dossier)
    shown = gallery(files)
    regular, bold = texts(told)
    names = (name for each in shown.files for name in (each.name, each.kind))
    fonts = dress(available(), regular=(*regular, *names), bold=bold)
    return laid_out(told, shown, fonts)
