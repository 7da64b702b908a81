"""Reading settings from flags, `FULFILLMENT_*` variables and `fulfillment.toml`, in this order.

Contract, section 7. An unknown key is an error that names the nearest one: a misspelt limit must
not be a limit that does not hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TypeVar, cast

from attrs import frozen

from fulfillment_sdk.configuration.shared_file import TABLES
from fulfillment_sdk.configuration.toml_file import FILE, nearest, read_toml
from fulfillment_sdk.errors import ConfigurationError
from fulfillment_sdk.server.configuration.option import PREFIX, Option
from fulfillment_sdk.server.configuration.options import (
    BY_NAME,
    DATA,
    ELSEWHERE,
    ELSEWHERE_PREFIXES,
    OPTIONS,
)
from fulfillment_sdk.server.configuration.parsing import Raw

T = TypeVar("T")

_DEV = "dev is a flag only: whoever starts the server says --dev, no file or variable does."


@frozen(kw_only=True)
class Given:
    """What the sources say: parsed values by setting, without defaults."""

    values: Mapping[str, object]
    dev: bool = False
    config: Path | None = None

    def has(self, option: Option[object]) -> bool:
        """Tell whether a source names this setting."""
        return option.name in self.values

    def get(self, option: Option[T]) -> T:
        """Return the value given for `option`, else the table's default."""
        return cast(T, self.values.get(option.name, option.default))


def read(
    flags: Mapping[str, str | None],
    environ: Mapping[str, str],
    *,
    dev: bool = False,
    config: Path | None = None,
    folder: Path | None = None,
) -> Given:
    """Read all three sources and parse what wins.

    `flags` are the texts behind the flags that have one (`None` where not given), `config` is the
    file of `--config`; without it `fulfillment.toml` is looked for in `folder` (the working
    directory) and then in the data folder.

    Raises:
        ConfigurationError: an unknown key, a value that can't be read, a file that can't be read.
    """
    raw: dict[str, tuple[str, Raw]] = {}
    for name, value in flags.items():
        if value is not None:
            raw[name] = (BY_NAME[name].switch, value)
    for name, entry in from_environment(environ).items():
        raw.setdefault(name, entry)
    found = config or _find(folder or Path.cwd(), _data_folder(raw))
    if found is not None:
        for name, entry in from_file(found).items():
            raw.setdefault(name, entry)
    values = {name: _parse(BY_NAME[name], *entry) for name, entry in raw.items()}
    return Given(values=values, dev=dev, config=found)


def from_environment(environ: Mapping[str, str]) -> dict[str, tuple[str, Raw]]:
    """Pick this table's settings out of the environment; an empty variable is not set.

    Raises:
        ConfigurationError: a variable that begins with `FULFILLMENT_` and means nothing.
    """
    found: dict[str, tuple[str, Raw]] = {}
    for variable, value in environ.items():
        if not variable.startswith(PREFIX):
            continue
        name = variable.removeprefix(PREFIX)
        if name in ELSEWHERE or name.startswith(ELSEWHERE_PREFIXES):
            continue
        option = BY_NAME.get(name.lower())
        if option is None or option.variable != variable:
            known = [option.variable for option in OPTIONS] + [PREFIX + name for name in ELSEWHERE]
            raise _unknown("Unknown variable", variable, known, dev=name == "DEV")
        if value.strip():
            found[option.name] = (variable, value)
    return found


def from_file(path: Path) -> dict[str, tuple[str, Raw]]:
    """Read the settings of a TOML file, whose keys are the settings' names.

    Raises:
        ConfigurationError: no such file, no TOML, an unknown key, or a value that is no text,
            number, boolean or list of texts and numbers.
    """
    content = read_toml(path, remedy="Correct the file or leave --config out.")
    found: dict[str, tuple[str, Raw]] = {}
    for key, value in content.items():
        if key in TABLES and isinstance(value, dict):
            continue
        if key not in BY_NAME and isinstance(value, dict):
            raise ConfigurationError(
                f"Unknown table in {path}: [{key}]",
                remedy=f"Settings stand at the top level, in no table: take the line [{key}] out.",
            )
        if key not in BY_NAME:
            known = [option.name for option in OPTIONS]
            raise _unknown(f"Unknown key in {path}:", key, known, dev=key == "dev")
        raw = _as_raw(value)
        if raw is None:
            raise ConfigurationError(
                f"{key} in {path} is no text, number or list",
                remedy=f"What it is for: {BY_NAME[key].about}",
            )
        found[key] = (f"{key} in {path}", raw)
    return found


def _as_raw(value: object) -> Raw | None:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return value
        case int() | float():
            return format(value, "f") if isinstance(value, float) else str(value)
        case list():
            parts = [_as_raw(item) for item in value]
            texts = tuple(part for part in parts if isinstance(part, str))
            return texts if len(texts) == len(parts) else None
        case _:
            return None


def _data_folder(raw: Mapping[str, tuple[str, Raw]]) -> Path:
    return _parse(DATA, *raw[DATA.name]) if DATA.name in raw else DATA.default


def _find(*folders: Path) -> Path | None:
    return next((folder / FILE for folder in folders if (folder / FILE).is_file()), None)


def _parse(option: Option[T], source: str, raw: Raw) -> T:
    try:
        return option.parse(raw)
    except ValueError as error:
        raise ConfigurationError(
            f"{source} {error}", remedy=f"What it is for: {option.about}"
        ) from None


def _unknown(
    what: str, name: str, known: Iterable[str], *, dev: bool = False
) -> ConfigurationError:
    if dev:
        return ConfigurationError(f"{what} {name}", remedy=_DEV)
    return ConfigurationError(
        f"{what} {name}", remedy=f"Did you mean {nearest(name, known, cutoff=0)}?"
    )
