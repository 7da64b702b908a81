"""Sphinx: `tox -e docs`. Warnings are errors."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

from fulfillment_sdk import __version__

project = "fulfillment-sdk"
author = "The fulfillment-sdk authors"
copyright = "the fulfillment-sdk authors, Apache-2.0"
release = version = __version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "docstrings",
    "lifecycle_page",
    "settings_page",
]
exclude_patterns = ["_build"]

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autodoc_default_options = {"members": True, "member-order": "bysource"}
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_class_signature = "separated"

default_role = "literal"
smartquotes_action = "qe"  # "--dev" is a flag and no dash
nitpicky = True
# Other projects' names: looking them up would need the network.
nitpick_ignore_regex = [
    (r"py:.*", r"(?!fulfillment_sdk).*\..*"),
    (r"py:.*", r"fulfillment_sdk\..*\b_\w+"),
]

html_theme = "furo"
html_title = f"fulfillment-sdk {release}"
html_static_path = ["_static"]
html_css_files = ["own.css"]
html_copy_source = False
