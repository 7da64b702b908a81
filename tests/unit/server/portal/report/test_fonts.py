"""The fonts of a report, and where they come from."""

from __future__ import annotations

from pathlib import Path

import pytest
import uharfbuzz

from fulfillment_sdk.errors import MissingExtra
from fulfillment_sdk.server.portal.report import shelf
from fulfillment_sdk.server.portal.report.fonts import REPLACEMENT, dress, shared
from fulfillment_sdk.server.portal.report.shelf import Face, available, found, opened


def advances(font: uharfbuzz.Font, text: str) -> list[int]:
    """Return how far each glyph of a shaped text moves on."""
    buffer = uharfbuzz.Buffer()
    buffer.add_str(text)
    buffer.guess_segment_properties()
    uharfbuzz.shape(font, buffer, {})
    return [position.x_advance for position in buffer.glyph_positions]


def test_a_report_in_latin_letters_carries_one_font_in_each_weight() -> None:
    fonts = dress(available(), regular=["Nguyễn, Łódź, Ωμέγα, Ёлка"], bold=["Site visit"])
    assert (len(fonts.regular), len(fonts.bold)) == (1, 1)
    assert fonts.missing == frozenset()


def test_a_font_is_cut_down_to_the_letters_of_the_report() -> None:
    whole = available()[0].regular.stat().st_size
    assert len(dress(available(), regular=["abc"], bold=[]).regular[0].data) < whole / 20


def test_bold_letters_are_bold() -> None:
    fonts = dress(available(), regular=["name"], bold=["name"])
    assert fonts.regular[0].data != fonts.bold[0].data


@pytest.mark.parametrize("text", ["চট্টোপাধ্যায়", "தமிழ்ச்செல்வி", "क्षत्रिय", "می\u200cخواهم", "לׇ"])
def test_a_cut_font_shapes_its_letters_as_the_whole_one_does(text: str) -> None:
    whole = next(face for face in available() if face.characters >= set(map(ord, text)))
    cut = dress([available()[0], whole], regular=[text], bold=[]).regular[1]
    shaped = advances(cut.font, text)
    assert shaped
    assert shaped == advances(uharfbuzz.Font(opened(whole.regular)), text)


def test_what_no_font_has_is_marked() -> None:
    fonts = dress(available(), regular=["a\U000e1234b\n"], bold=[])
    assert fonts.missing == {0xE1234}
    assert fonts.shown("a\U000e1234b") == f"a{REPLACEMENT}b"
    assert fonts.shown("plain") == "plain"


def test_each_letter_is_given_by_the_first_that_has_it_and_joiners_by_whom_they_join() -> None:
    latin, arabic = (
        available()[0],
        next(face for face in available() if "Arabic" in face.regular.name),
    )
    letters = frozenset(map(ord, "aب\u200c"))
    shares, missing = shared(letters, [latin, arabic])
    assert shares == [frozenset({ord("a")}), frozenset({ord("ب"), 0x200C})]
    assert missing == frozenset()
    assert shared(frozenset({0x200C}), [latin, arabic])[1] == {0x200C}


def test_the_letters_of_a_script_that_joins_come_from_one_font(tmp_path: Path) -> None:
    latin, arabic = (
        available()[0],
        next(face for face in available() if "Arabic" in face.regular.name),
    )
    path = tmp_path / "few.ttf"
    path.write_bytes(dress([latin, arabic], regular=["ن"], bold=[]).regular[1].data)
    faces = [latin, Face(path, path), arabic]
    together = frozenset(map(ord, "نے"))
    assert shared(together, faces)[0] == [frozenset(), frozenset(), together]
    alone = frozenset({ord("ن")})
    assert shared(alone, faces)[0] == [frozenset(), alone, frozenset()]
    # What only another one has is not lost.
    assert shared(together, [arabic, latin])[1] == frozenset()


def test_without_any_font_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelf, "found", lambda _folders: iter(()))
    with pytest.raises(MissingExtra, match=r"fulfillment-sdk\[server\]"):
        available.__wrapped__()


def test_a_font_of_the_first_folder_wins_and_one_without_bold_serves_for_both(
    tmp_path: Path,
) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    for path in (
        one / "NotoSans-Regular.ttf",
        one / "NotoSans-Bold.ttf",
        two / "NotoSans[wght].ttf",
        two / "DejaVuSans.ttf",
        two / "NotoSansCJK-Regular.ttc",
    ):
        path.parent.mkdir(exist_ok=True)
        path.touch()
    assert list(found([one, two, tmp_path / "absent"])) == [
        Face(one / "NotoSans-Regular.ttf", one / "NotoSans-Bold.ttf"),
        Face(two / "DejaVuSans.ttf", two / "DejaVuSans.ttf"),
        Face(two / "NotoSansCJK-Regular.ttc", two / "NotoSansCJK-Regular.ttc"),
    ]
