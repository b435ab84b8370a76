"""Blank lines around a prompt are neither sent nor counted."""

from __future__ import annotations

import pytest

from qwave_jupyter.catalog import load
from qwave_jupyter.jobs import request

CATALOG = load("2026-04")


@pytest.mark.parametrize("written", ["A red fox\n", "\n\nA red fox", " \t\nA red fox\n  \n\n", "A red fox\r\n"])
def test_prompt_outer_blank_lines(written):
    plain = request.build(CATALOG, "A red fox", {}, model="z-image-turbo")
    built = request.build(CATALOG, written, {}, model="z-image-turbo")
    assert built.body["prompt"] == built.prompt == "A red fox"
    assert built.fingerprint == plain.fingerprint


def test_prompt_outer_blank_lines_of_variable():
    built = request.build(CATALOG, "\n{{animal}}", {}, model="z-image-turbo", variables={"animal": "a fox\n"})
    assert built.prompt == "a fox"


@pytest.mark.parametrize("written", ["A fox\n\nin snow", "  A fox\n  in snow", "A fox  "])
def test_prompt_inner_text_is_unchanged(written):
    assert request.build(CATALOG, written, {}, model="z-image-turbo").prompt == written
