"""The report as a PDF, read and looked at (contract, section 5)."""

from __future__ import annotations

import itertools
import unicodedata

import attrs
import pytest
from PIL import Image, ImageChops

from fulfillment_sdk.server.portal.files import kinds
from fulfillment_sdk.server.portal.report import render, words
from fulfillment_sdk.server.portal.report.contents import CHANGES
from fulfillment_sdk.server.portal.report.fonts import dress
from fulfillment_sdk.server.portal.report.lines import Ruler
from fulfillment_sdk.server.portal.report.room import CHARACTERS, VALUE_LENGTH
from fulfillment_sdk.server.portal.report.sheet import BODY
from fulfillment_sdk.server.portal.report.shelf import available
from tests.unit.server.portal.report.pages import (
    BLUE,
    RED,
    YELLOW,
    as_file,
    page_count,
    photo,
    picture,
    share,
    text,
    with_data,
)
from tests.unit.server.portal.samples import DOSSIER, REVIEW, SUBMISSION

copied_in_arabic = pytest.mark.skipif(
    not any(face.regular.name.startswith("DejaVu") for face in available()),
    reason="without fonts-dejavu-core Arabic looks right, but PDFium reads its dots as letters",
)

NOTE = "Letters that no font of this server has"
SHORTENED = "carries all of it"


def test_it_says_what_was_asked_found_and_checked_and_what_happened() -> None:
    shown = text(render(DOSSIER))
    for said in (
        "HL-CMS-000123",
        "case_987654",
        "Outcome of the case Confidential Positive",
        "Category 362485",
        "Priority High",
        "GBV related No",
        "Plan Visit the site",
        "Candidate name Ras Singh",
        "Location › City Kisumu",
        "Site visit, version 2",
        "Gate blue",
        "Rooms 1 › Lit Yes",
        "Passed 2025-04-06 09:30 UTC",
        "Comments All is there",
        "2025-04-06 09:30 UTC QC passed Quality control Approved",
        "Time taken 1 h",
        "Page 1 of 1",
    ):
        assert said in shown


def test_narrative_reporter_and_comments_stay_out_of_it() -> None:
    shown = text(render(DOSSIER))
    for secret in ("Jane", "physical abuse", "neighbour", "stf_", "wrk_"):
        assert secret not in shown


def test_the_same_contents_give_the_same_bytes() -> None:
    files = [as_file(photo((60, 40), RED)), as_file(b"%PDF-", "application/pdf")]
    dossier = with_data({"name": "محمد علي", "hindi": "लक्ष्मी"})
    assert render(dossier, files) == render(dossier, files)


@pytest.mark.parametrize(
    "name",
    [
        "Zoë Müller-Lüdenscheidt",
        "Nguyễn Thị Phương Thảo",
        "Świętosława Żółć-Łącka",
        "Příliš žluťoučký kůň",
        "Ng'ombe wa Mwambao, Kĩrĩnyaga",
        "Γιώργος Παπαδόπουλος",
        "Ґанна Їжакевич",
        pytest.param("محمد علي عبد الله", marks=copied_in_arabic),
        "דוד בן־גוריון",
        "श्रीमती लक्ष्मी त्रिपाठी",
        "সুস্মিতা চট্টোপাধ্যায়",
        "தமிழ்ச்செல்வி",
        "አበበ ቢቂላ",
        "ნინო ბერიძე",
        "Արամ Խաչատրյան",
        "สมชาย ใจดี",
        "Found 🙂 ✔",
    ],
)
def test_names_of_the_world_are_printed_and_can_be_found_and_copied(name: str) -> None:
    shown = text(render(with_data({"x": name})))
    # PDFium guesses at blanks, which some scripts have not.
    assert unicodedata.normalize("NFC", name).replace(" ", "") in shown.replace(" ", "")
    assert NOTE not in shown


def test_a_form_s_name_may_be_in_any_script_too() -> None:
    form = attrs.evolve(SUBMISSION, form_name="טופס ביקור")
    shown = text(render(attrs.evolve(DOSSIER, submissions=[form])))
    assert "טופס ביקור" in shown


def test_letters_that_no_font_has_are_marked_and_the_report_says_so() -> None:
    shown = text(render(with_data({"x": "\U000e1234 \U00013000\U00012000 end"})))
    assert "\ufffd\ufffd end" in shown
    assert NOTE in shown
    assert NOTE not in text(render(DOSSIER))


def test_an_arabic_text_runs_from_right_to_left() -> None:
    line = "وصل العامل الميداني إلى العنوان المذكور في الساعة التاسعة "
    page = picture(render(with_data({"x": line * 3 + "نعم"})))
    rows = [y for y in range(page.height) if _inked(page, y, 205, 535)]
    lines = [rows[0], *(y for before, y in itertools.pairwise(rows) if y - before > 1)]
    # Somewhere below the form's title a short last line ends on the left, and hugs the right.
    assert any(
        _inked(page, y, 500, 535, below=6) and not _inked(page, y, 205, 400, below=6)
        for y in lines
        if y > 400
    )


def _inked(page: Image.Image, y: int, left: int, right: int, *, below: int = 1) -> bool:
    lowest, _ = page.crop((left, y, right, y + below)).convert("L").getextrema()
    return isinstance(lowest, int | float) and lowest < 110


@pytest.mark.parametrize("name", ["تثبيت" * 5, "ينبع" * 6])
def test_letters_that_join_are_printed_joined(name: str) -> None:
    with_name, without = (picture(render(with_data({"x": value}))) for value in (name, " "))
    box = ImageChops.difference(with_name, without).getbbox()
    assert box is not None
    measure = Ruler(dress(available(), regular=[name], bold=[]).regular)
    joined, apart = measure(name) * BODY, sum(map(measure, name)) * BODY
    assert apart > joined * 1.15
    assert box[2] - box[0] == pytest.approx(joined, rel=0.06)


@pytest.mark.parametrize("marked", ["محمّد", "مُحَمَّد"])
def test_letters_join_as_before_under_a_mark(marked: str) -> None:
    nothing, bare, full = (
        picture(render(with_data({"x": value})), scale=4) for value in (" ", "محمد", marked)
    )
    letters = ImageChops.difference(bare, nothing).getbbox()
    marks = ImageChops.difference(full, bare).getbbox()
    assert letters is not None
    assert marks is not None
    assert marks[3] <= letters[1] + 2


@pytest.mark.parametrize("value", ["{nb} of {{nb}}", "\u0378\u0378 of"])
def test_what_stands_for_the_number_of_pages_is_no_text_that_one_can_write(value: str) -> None:
    shown = text(render(with_data({"x": value})))
    assert "X " + value.replace("\u0378", "\ufffd") in shown
    assert "Page 1 of 1" in shown


def test_a_page_has_ink_and_the_outcome_its_colour() -> None:
    page = picture(render(DOSSIER))
    assert 0.7 < share(page, (255, 255, 255)) < 0.99
    bar = page.crop((57, 100, 61, 140))
    assert share(bar, (30, 110, 66)) > 0.9
    refused = attrs.evolve(DOSSIER, case=attrs.evolve(DOSSIER.case, outcome="negative"))
    assert share(picture(render(refused)).crop((57, 100, 61, 140)), (165, 42, 42)) > 0.9


def test_photos_stand_side_by_side_above_the_list_of_files() -> None:
    files = [
        as_file(photo((400, 300), RED, corner=YELLOW), name="gate.jpg"),
        as_file(photo((400, 300), BLUE, kind="PNG"), "image/png", "שער.png"),
        as_file(b"%PDF-1.7", "application/pdf", "lease.pdf"),
    ]
    document = render(DOSSIER, files)
    shown = text(document)
    assert "1. gate.jpg" in shown
    assert "שער" in shown
    assert files[2].sha256 in shown
    assert "PDF, 8 bytes" in shown
    seen = [picture(document, page) for page in range(page_count(document))]
    page = max(seen, key=lambda each: share(each, RED))
    middle = page.width // 2
    left = page.crop((0, 0, middle, page.height))
    right = page.crop((middle, 0, page.width, page.height))
    assert share(left, RED) > 0.05
    assert share(left, YELLOW) > 0.02
    assert share(left, BLUE) == 0
    assert share(right, BLUE) > 0.05
    assert share(right, RED) == 0


def test_every_kind_of_file_that_is_taken_is_named_in_words() -> None:
    taken = {each.content_type for each in vars(kinds).values() if isinstance(each, kinds.Kind)}
    assert set(words.KINDS) == taken


@pytest.mark.parametrize(
    "kind", [max(words.KINDS, key=lambda kind: len(words.KINDS[kind])), "application/" + "x" * 140]
)
def test_a_long_name_and_what_a_file_is_stand_side_by_side(kind: str) -> None:
    def page(kind: str, name: str) -> Image.Image:
        document = render(DOSSIER, [as_file(b"", kind, name)])
        return picture(document, page_count(document) - 1)

    bare = page("a/b", "y")
    names = ImageChops.difference(page("a/b", "x" * 150), bare).getbbox()
    asides = ImageChops.difference(page(kind, "y"), bare).getbbox()
    assert names is not None
    assert asides is not None
    assert names[2] < asides[0]


def test_the_timeline_has_its_heads_on_every_page() -> None:
    changes = [attrs.evolve(DOSSIER.changes[1], sequence=n) for n in range(80)]
    document = render(attrs.evolve(DOSSIER, changes=changes))
    assert text(document).count("When Status By Reason") == page_count(document) == 3


def test_a_small_picture_is_not_blown_up() -> None:
    page = picture(render(DOSSIER, [as_file(photo((36, 18), RED))]), 0)
    assert share(page, RED) * page.width * page.height == pytest.approx(36 * 18, rel=0.2)


def test_a_damaged_photo_is_listed_with_a_note() -> None:
    shown = text(render(DOSSIER, [as_file(b"\xff\xd8\xff broken")]))
    assert "not shown: the picture is damaged" in shown
    assert "1. gate.jpg" in shown


def test_without_files_the_report_has_no_such_section() -> None:
    shown = text(render(DOSSIER))
    assert "Photos" not in shown
    assert "Files" not in shown


def test_a_rejection_before_the_pass_is_shown_with_its_reason() -> None:
    rejected = attrs.evolve(REVIEW, result="reject", reason_code="poor_photo_quality")
    shown = text(render(attrs.evolve(DOSSIER, reviews=[rejected, REVIEW])))
    assert "Rejected" in shown
    assert "Reason Poor photo quality" in shown


@pytest.mark.parametrize(
    "data",
    [
        {"emoji": "🙂 fine", "الاسم": "محمد", "王": "\u0000\u0007\n\r\t"},
        {"(brackets)": "\\ ( ) % {nb}", "word": "x" * 5000, "**bold**": "__u__"},
        {"k" * 300: "v", "": "empty key", "n": 12, "none": None, "blank": ""},
        {"deep": [[[[{"a": [1, {"b": False}]}]]]]},
        {"overrides": "a\u202eb\u2066c\u202d\u2069 \u200fd", "surrogate": "\ud800"},
        {"marks": "e" + "\u0301" * 5000, "joiners": "\u200d\u200c\u200d", "zwj": "\u200dक्\u200d"},
        {"controls": "".join(map(chr, range(0x20))) + "".join(map(chr, range(0x7F, 0xA1)))},
        {"every plane": "".join(chr(n) for n in range(0x20, 0x110000, 557))},
        {"mixed": "אבגabc१२३ابجሀለ(১২৩)[٣]" * 20},
        {},
    ],
)
def test_whatever_was_submitted_a_report_comes_out(data: dict[str, object]) -> None:
    shown = text(render(with_data(data)))
    assert "Timeline" in shown
    assert not any(each in shown for each in "\u202e\u2066\u202d\u2069")


@pytest.mark.parametrize("letter", ["a", "ب", "\n", "e\u0301", "न"])
def test_a_million_letters_are_shortened_and_the_report_says_so(letter: str) -> None:
    document = render(with_data({"story": letter * 1_000_000, letter * 1_000_000: "x"}))
    assert page_count(document) <= 5
    assert SHORTENED in text(document)


def test_what_is_over_the_length_of_a_value_is_not_printed() -> None:
    shown = text(render(with_data({"story": "word " * (VALUE_LENGTH // 5) + "omitted"})))
    assert "omitted" not in shown
    assert SHORTENED in shown
    assert SHORTENED not in text(render(DOSSIER))


@pytest.mark.parametrize("value", ["x " * 500, "x"])
def test_however_much_was_submitted_the_report_stays_short_and_whole(value: str) -> None:
    document = render(with_data({f"field {n}": value for n in range(100_000)}))
    shown = text(document)
    assert page_count(document) <= 70
    assert shown.count("field ") * len(value) <= CHARACTERS + VALUE_LENGTH
    assert SHORTENED in shown
    assert "Quality review" in shown
    assert "Timeline" in shown


def test_of_a_timeline_without_end_the_latest_steps_are_printed() -> None:
    changes = [attrs.evolve(DOSSIER.changes[1], sequence=n) for n in range(CHANGES + 7)]
    document = render(attrs.evolve(DOSSIER, changes=changes))
    shown = text(document)
    assert shown.count("QC passed") == CHANGES
    assert "7 earlier steps are not listed." in shown


def test_a_case_without_outcome_or_verification_has_a_report_too() -> None:
    bare = attrs.evolve(
        DOSSIER,
        case=attrs.evolve(DOSSIER.case, outcome=None, completed_at=None),
        request={"plan": "Visit", "priority": "9"},
        report=None,
    )
    shown = text(render(bare))
    assert "Not stated" in shown
    assert "Priority 9" in shown


def test_a_case_of_which_nothing_is_known_has_a_report_too() -> None:
    empty = attrs.evolve(DOSSIER, request={}, submissions=[], reviews=[], changes=[])
    assert text(render(empty)).count("Nothing was given.") == 3
