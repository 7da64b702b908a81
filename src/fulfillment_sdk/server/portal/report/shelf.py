"""The fonts that are there: from a package, or from the system.

Noto Sans comes with ``manimgx-fonts``, a dependency of the ``server`` extra; a script that it lacks
is found where the system has Noto or DejaVu. Only the files are read, the package is not imported.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import attrs
import uharfbuzz

from fulfillment_sdk.errors import MissingExtra

_PACKAGES: Final = ("manimgx_fonts", "manimgx_fonts_cjk")
_FOLDERS: Final = (
    "/usr/share/fonts/truetype/noto",
    "/usr/share/fonts/opentype/noto",
    "/usr/share/fonts/truetype/dejavu",
    "/usr/local/share/fonts",
)
# In the order in which they are asked for a letter. The first is the page's own.
_FAMILIES: Final = (
    "NotoSans",
    "DejaVuSans",
    "NotoSansArabic",
    "NotoSansHebrew",
    "NotoSansDevanagari",
    "NotoSansBengali",
    "NotoSansEthiopic",
    "NotoSansTamil",
    "NotoSansTelugu",
    "NotoSansGujarati",
    "NotoSansGurmukhi",
    "NotoSansKannada",
    "NotoSansMalayalam",
    "NotoSansOriya",
    "NotoSansSinhala",
    "NotoSansThai",
    "NotoSansLao",
    "NotoSansKhmer",
    "NotoSansMyanmar",
    "NotoSansArmenian",
    "NotoSansGeorgian",
    "NotoSansSymbols",
    "NotoEmoji",
    "NotoSansCJK",
)
# A file for all weights, or one for each of the two.
_VARIABLE: Final = ("{}[wght].ttf", "{}-VF.otf.ttc")
_STATIC: Final = (("{}-Regular.ttf", "{}-Bold.ttf"), ("{}-Regular.ttc", "{}-Bold.ttc"))
_DEJAVU: Final = ("{}.ttf", "{}-Bold.ttf")


@attrs.frozen
class Face:
    """A font's two files, the same one where its weight varies."""

    regular: Path
    bold: Path

    @property
    def varies(self) -> bool:
        """Whether one file holds every weight."""
        return self.regular == self.bold

    @functools.cached_property
    def characters(self) -> frozenset[int]:
        """What it has glyphs for."""
        return frozenset(opened(self.regular).unicodes)


@functools.cache
def available() -> Sequence[Face]:
    """Return the fonts that are there, the page's own first; ``MissingExtra`` where none is."""
    faces = tuple(found([*_packaged(), *map(Path, _FOLDERS)]))
    if not faces:
        raise MissingExtra("manimgx-fonts", "server")
    return faces


def found(folders: Sequence[Path]) -> Iterator[Face]:
    """Yield the known fonts inside ``folders``, each from the first folder that has it."""
    for family in _FAMILIES:
        for folder in folders:
            face = _face(folder, family)
            if face is not None:
                yield face
                break


def opened(path: Path) -> uharfbuzz.Face:
    """Return a font for HarfBuzz, the first one of a collection."""
    return uharfbuzz.Face(uharfbuzz.Blob.from_file_path(str(path)))


def _face(folder: Path, family: str) -> Face | None:
    for pattern in _VARIABLE:
        path = folder / pattern.format(family)
        if path.is_file():
            return Face(path, path)
    for regular, bold in (*_STATIC, _DEJAVU):
        light, heavy = folder / regular.format(family), folder / bold.format(family)
        if light.is_file():
            return Face(light, heavy if heavy.is_file() else light)
    return None


def _packaged() -> Iterator[Path]:
    for name in _PACKAGES:
        spec = find_spec(name)
        if spec is not None and spec.origin is not None:
            yield Path(spec.origin).parent
