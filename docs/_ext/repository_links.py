"""Lead links to files of the repository that are no pages of the site to where the repository is.

A link to a page or a file of the site stays; one to nowhere stays as it is, and Sphinx warns.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from sphinx.application import Sphinx

_ROOT = Path(__file__).resolve().parents[2]
_SOURCE = tomllib.loads((_ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["urls"]["Source"]
#: Pages of the site that include or copy a file of the repository, and the folder from which that file's links start.
_STARTS = {
    "contributing": Path(),
    "changelog": Path(),
    "explanation/measured": Path("benchmarks"),
    "tutorials/teaching": Path("notebooks"),
}
#: Where the site shows a file of the repository.
_PAGES = {
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "benchmarks/RESULTS.md": "explanation/measured.md",
    "notebooks/README.md": "tutorials/teaching.md",
}
#: A page that consists of another file.
_INCLUDED = re.compile(r"```\{include\} (\S+)\n```\n")
_LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#\s]+)(#[^)]*)?\)")


def lead_links(name: str, text: str) -> str:
    """The text of a page with its links to the repository led to the site or to the repository's address."""
    folder = Path("notebooks") if name.startswith("tutorials/lessons/") else _STARTS.get(name)
    start = _ROOT / "docs" / Path(name).parent if folder is None else _ROOT / folder
    up = "../" * name.count("/")

    def lead(link: re.Match[str]) -> str:
        target, place = link[1], link[2] or ""
        file = (start / target).resolve()
        if not file.is_relative_to(_ROOT) or not file.exists():
            return link[0]
        path = file.relative_to(_ROOT).as_posix()
        if path in _PAGES:
            return f"]({up}{_PAGES[path]}{place})"
        if path.startswith("docs/"):
            return f"]({up}{path.removeprefix('docs/')}{place})" if folder is not None else link[0]
        if path.startswith("notebooks/") and path.endswith(".ipynb"):
            return f"]({up}tutorials/lessons/{file.name}{place})"
        if path.startswith("benchmarks/plots/"):
            return f"]({up}explanation/plots/{file.name})"
        return f"]({_SOURCE}/{'tree' if file.is_dir() else 'blob'}/main/{path}{place})"

    return _LINK.sub(lead, text)


def _read(app: Sphinx, docname: str, content: list[str]) -> None:
    included = _INCLUDED.fullmatch(content[0])
    if included:
        # Sphinx reads an included file as it is, and its links would start from the wrong folder.
        file = (Path(app.srcdir) / docname).parent / included[1]
        app.env.note_dependency(file, docname=docname)
        content[0] = file.read_text(encoding="utf-8")
    content[0] = lead_links(docname, content[0])


def setup(app: Sphinx) -> dict[str, bool]:
    """Register it with Sphinx."""
    app.connect("source-read", _read)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
