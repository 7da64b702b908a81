"""`client.attachments`: files for cases to refer to (contract, section 2)."""

from __future__ import annotations

from typing import Final

from fulfillment_sdk.client.calls.answers import json_object, unexpected
from fulfillment_sdk.client.calls.call import WEBFORM, Answer, Call, KnownWords, Progress, Runner
from fulfillment_sdk.client.calls.reading import read_model
from fulfillment_sdk.client.files.uploads import UNNAMED, FormUpload, Source, SourceFailed, opened
from fulfillment_sdk.errors import (
    BadRequest,
    TooLarge,
    TooManyRequests,
    Unavailable,
    UnsupportedMediaType,
)
from fulfillment_sdk.models import StoredAttachment

FEATURE: Final = "attachments"
PATH: Final = f"{WEBFORM}attachments/"
KNOWN: Final = (
    KnownWords(400, "field: file", BadRequest, "Send a file that is not empty."),
    KnownWords(413, "", TooLarge, "Send a smaller file: the gateway takes up to 10 MiB."),
    KnownWords(
        415,
        "",
        UnsupportedMediaType,
        "Send a picture, PDF, plain text, audio, video, DOCX or ODT: the content decides.",
    ),
    KnownWords(
        429,
        "attachments",
        TooManyRequests,
        "Refer to those that are stored in a case, or wait: what no case refers to is removed "
        "after a day.",
    ),
    KnownWords(503, "", Unavailable, "Upload it again later."),
)


class Attachments:
    """The files that an organization sends ahead of its cases."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    def upload(
        self, source: Source, *, file_name: str | None = None, progress: Progress | None = None
    ) -> StoredAttachment:
        """Store a file, which a case then refers to in `attachments_case`.

        `source` is a path, bytes, or a file that is open for reading bytes, which is read from
        where it stands and stays open. It goes out piece by piece. `file_name` is for those who
        read the case (else the path's last part, or the open file's); `progress(done, total)` is
        called after each piece, in bytes, with None as the total of what can't tell its size, and
        begins anew with another try. What it raises ends the upload.

        A failed try is repeated where the source can go back to its beginning; the gateway removes
        what no case refers to after a day. Returns the id under which it is stored, and what the
        gateway found it to be. Raises TooLarge, UnsupportedMediaType, TooManyRequests; OSError
        where `source` can't be read; UnexpectedAnswer where something else was stored than was
        sent, by its SHA-256; ConnectionFailed; and NotOffered. Contract, section 2.
        """
        with opened(source) as (file, known_as):
            name = known_as if file_name is None else file_name
            upload = FormUpload(file, name=name.strip() or UNNAMED, progress=progress)
            try:
                return self._runner.run(store(upload))
            except SourceFailed as failed:
                cause = failed.error
        # Outside of the handler: what the caller's own code raised comes as it was.
        try:
            raise cause
        finally:
            del cause


def store(upload: FormUpload) -> Call[StoredAttachment]:
    """The call that stores a file; nothing refers to what a repetition leaves behind."""

    def read(answer: Answer) -> StoredAttachment:
        stored = read_model(StoredAttachment, json_object(answer), answer, what="attachment")
        _compare(stored, upload, answer)
        return stored

    return Call(
        "POST",
        PATH,
        read,
        feature=FEATURE,
        beyond=True,
        upload=upload,
        known=KNOWN,
        masked=() if upload.name == UNNAMED else (upload.name,),
    )


def _compare(stored: StoredAttachment, upload: FormUpload, answer: Answer) -> None:
    same = stored.sha256 is None or stored.sha256.lower() == upload.sha256
    if not same or (stored.size is not None and stored.size != upload.sent):
        raise unexpected(
            answer,
            "The server stored another file than was sent: their SHA-256 or sizes differ",
            remedy="Upload it again, and let no case refer to this one.",
        )
