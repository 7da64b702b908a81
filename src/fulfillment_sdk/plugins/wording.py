"""Templates: what a mail or a chat message says of an event, made of what was disclosed.

They run in Jinja's sandbox, without files, globals or Python's own attributes. Each name of the
table of disclosed fields stands for its value, `event` for the event's id, type and time, `anomaly`
for what the receiver found odd about it; what an event lacks, or does not disclose, is empty.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Final

import attrs
import jinja2
from jinja2 import meta
from jinja2.sandbox import ImmutableSandboxedEnvironment

from fulfillment_sdk.errors import ConfigurationError, FulfillmentError
from fulfillment_sdk.plugins.disclosure import shapes
from fulfillment_sdk.plugins.disclosure.disclosure import FIELDS, facts
from fulfillment_sdk.relay import Delivery

MOST_CHARACTERS: Final = 200_000
"""Of what a template makes; a loop in a loop makes more, and it is cut off."""

_DATA = FIELDS["operational"]["data"]
NAMES: Final = frozenset({"anomaly", "event", *(_DATA if isinstance(_DATA, Mapping) else ())})
"""What a template may name."""


class WordingFailed(FulfillmentError):
    """A template could not be filled in; the error names its kind, and no value."""


@attrs.frozen
class Template:
    """A text with places for facts, checked when it is made."""

    _compiled: jinja2.Template = attrs.field(repr=False)

    @classmethod
    def of(cls, source: str, *, name: str, html: bool = False) -> Template:
        """Compile a template.

        Args:
            source: its text.
            name: what messages call it.
            html: whether values are to be escaped for HTML.

        Raises:
            ConfigurationError: it is no template, or names what is never disclosed.
        """
        environment = ImmutableSandboxedEnvironment(
            autoescape=html,
            undefined=jinja2.ChainableUndefined,
            finalize=_shown,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.globals.clear()
        try:
            tree = environment.parse(source)
            compiled = environment.from_string(source)
        except jinja2.TemplateSyntaxError as error:
            raise ConfigurationError(
                f"{name} is no template, by line {error.lineno}", remedy="Correct it."
            ) from None
        except (jinja2.TemplateError, RecursionError) as error:
            raise ConfigurationError(
                f"{name} is no template ({type(error).__name__})", remedy="Correct it."
            ) from None
        for stranger in sorted(meta.find_undeclared_variables(tree) - NAMES):
            nearest = get_close_matches(stranger, NAMES, n=1)
            raise ConfigurationError(
                f"{name} names {stranger}, which is never disclosed",
                remedy=f"Did you mean {nearest[0]}?"
                if nearest
                else f"Names are {', '.join(sorted(NAMES))}.",
            )
        if any(True for _ in meta.find_referenced_templates(tree)):
            raise ConfigurationError(
                f"{name} needs another template", remedy="Write all of it into this one."
            )
        return cls(compiled)

    @classmethod
    def read(cls, path: Path, *, name: str, html: bool = False) -> Template:
        """Compile the template in a file.

        Raises:
            ConfigurationError: the file can't be read, or as for `of`.
        """
        try:
            source = path.read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or "it is no text"
            raise ConfigurationError(
                f"{name} can't be read: {why}", remedy=f"Look at {path}."
            ) from None
        return cls.of(source, name=name, html=html)

    def fill(self, names: Mapping[str, object]) -> str:
        """Return the text for one event.

        Args:
            names: as `names_of` makes them.

        Raises:
            WordingFailed: it can't be filled in.
        """
        parts: list[str] = []
        left = MOST_CHARACTERS
        try:
            for part in self._compiled.generate(names):
                parts.append(part[:left])
                left -= len(part)
                if left <= 0:
                    break
        except Exception as error:  # noqa: BLE001 - a template may do anything, and quote anything
            raise WordingFailed(f"the template failed ({type(error).__name__})") from None
        return "".join(parts)


def names_of(delivery: Delivery) -> dict[str, object]:
    """Return what templates may name of an event, as a sink was handed it.

    Raises:
        PayloadError: its body is no JSON object.
    """
    known = facts(delivery.body)
    data = known.pop("data", None)
    anomaly = delivery.notes.get("anomaly")
    return {
        **(data if isinstance(data, dict) else {}),
        "event": known,
        "anomaly": anomaly if shapes.code(anomaly) else None,
    }


def one_line(text: str) -> str:
    """Return a text without line breaks and control characters: a subject, a title."""
    plain = "".join(one if one.isprintable() else " " for one in text)
    return " ".join(plain.split())[:200]


def _shown(value: object) -> object:
    return "" if value is None else value
