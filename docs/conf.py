"""How Sphinx builds the documentation; run it with ``make docs``."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path[:0] = [str(ROOT), str(HERE / "_ext")]

import qwave_jupyter  # noqa: E402 - found by the path above

project = "qwave-jupyter"
author = project_copyright = "The qwave-jupyter developers"
release = version = qwave_jupyter.__version__

extensions = ["myst_nb", "sphinx_design", "flowchart", "repository_links"]
exclude_patterns = ["_build", "_ext", "jupyter_execute", "**/.ipynb_checkpoints"]
# A block without a language is a cell of magics or a shell's output, not Python.
highlight_language = "text"

myst_enable_extensions = ["colon_fence", "deflist", "fieldlist"]
myst_heading_anchors = 4
# The saved outputs are shown; building the site sends nothing and needs no kernel.
nb_execution_mode = "off"
nb_merge_streams = True
# Cells of magics are no Python, which the highlighter says of each.
suppress_warnings = ["misc.highlighting_failure", "mystnb.mime_type"]

html_theme = "pydata_sphinx_theme"
html_title = "qwave-jupyter"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_context = {"default_mode": "auto"}
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "navigation_with_keys": False,
    "show_toc_level": 2,
    "header_links_before_dropdown": 5,
    "footer_start": ["copyright"],
    "footer_end": ["theme-version"],
    # Everything is served from the site itself.
    "icon_links": [],
}

# Sphinx reads only what lies below this folder: the lessons and the plots stay where they are used.
_LESSONS, _PLOTS = HERE / "tutorials" / "lessons", HERE / "explanation" / "plots"
for _target, _sources in (
    (_LESSONS, (ROOT / "notebooks").glob("*.ipynb")),
    (_PLOTS, (ROOT / "benchmarks" / "plots").glob("*.svg")),
):
    _target.mkdir(parents=True, exist_ok=True)
    for _source in _sources:
        _copy = _target / _source.name
        if not _copy.exists() or _copy.read_bytes() != _source.read_bytes():
            shutil.copyfile(_source, _copy)
