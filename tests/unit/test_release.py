"""A release in three places: the package, the changelog and the citation file."""

from __future__ import annotations

import re
from pathlib import Path

import qwave_jupyter

ROOT = Path(__file__).resolve().parents[2]
HEADINGS = re.findall(
    r"^## \[(.+?)\](?: - (\d{4}-\d\d-\d\d))?$", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE
)


def test_changelog_begins_with_unreleased():
    assert HEADINGS[0] == ("Unreleased", "")


def test_changelog_dates_the_version():
    version, date = HEADINGS[1]
    assert version == qwave_jupyter.__version__
    assert f"date-released: {date}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")


def test_changelog_goes_back_in_time():
    dates = [date for _, date in HEADINGS[1:]]
    assert all(dates)
    assert dates == sorted(dates, reverse=True)


def test_version_stands_in_the_package_alone():
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert 'dynamic = ["version"]' in project
    assert not re.search(r"^version\s*=", project, re.MULTILINE)
