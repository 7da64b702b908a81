"""Directive `settings-table`: the reference server's settings, from the table that reads them."""

from __future__ import annotations

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata
from tables import code, table

from fulfillment_sdk.server.configuration.option import Option
from fulfillment_sdk.server.configuration.options import OPTIONS


class SettingsTable(SphinxDirective):
    """`settings-table`: each setting's variable, its flag where it has one, and its meaning."""

    def run(self) -> list[nodes.Node]:
        rows = [
            (
                code(option.variable),
                code(option.switch) if option.flag else nodes.Text(""),
                nodes.Text(meaning(option)),
            )
            for option in OPTIONS
        ]
        return [table(("Variable", "Flag", "Meaning"), (9, 4, 14), rows)]


def meaning(option: Option[object]) -> str:
    """Return what a setting is for; a flag's words leave its default to `--help`, which adds it."""
    return f"{option.about} Default: {option.default}." if option.flag else option.about


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the directive."""
    app.add_directive("settings-table", SettingsTable)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
