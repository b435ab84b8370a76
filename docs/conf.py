"""How Sphinx builds the documentation; run it with ``make docs``."""

from __future__ import annotations

import tomllib
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent
_PROJECT = tomllib.loads((_ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

project = _PROJECT["name"]
author = project_copyright = _PROJECT["authors"][0]["name"]
release = _PROJECT["version"]
extensions = ["myst_parser"]
myst_enable_extensions = ["fieldlist"]
myst_heading_anchors = 3
html_theme = "pydata_sphinx_theme"
html_title = "qwave-jupyter"
# A page that is included from the top of the repository links to its neighbours there.
suppress_warnings = ["myst.xref_missing"]
