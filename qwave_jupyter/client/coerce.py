"""Single JSON values as the documented answers write them: numbers in quotes, moments in three notations."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from datetime import UTC, datetime

from qwave_jupyter.arguments import to_finite
from qwave_jupyter.types import JSONObject

__all__ = [
    "describe_shape",
    "map_texts",
    "read_base64",
    "read_id",
    "read_integer",
    "read_number",
    "read_progress",
    "read_quota",
    "read_text",
    "read_time",
]

#: A timestamp above this is in milliseconds: in seconds it would lie in the year 5138.
_MILLISECONDS_ABOVE = 1e11
#: The last second of the year 9999, beyond which no calendar goes.
_MAX_TIMESTAMP = 253_402_300_799.0
#: What JSON, floats and databases all hold exactly.
_MAX_INTEGER = 2**53
#: No image of this API weighs 150 MB; longer texts are not worth decoding.
_MAX_BASE64 = 200_000_000
_MAX_TEXT = 100_000
#: Ids stand in addresses and in one-line texts; beyond so many characters they are none.
_MAX_ID = 500


def read_number(value: object) -> float | None:
    """A finite number from a number or a decimal text; None from anything else, booleans included."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and re.fullmatch(r"\s*-?\d{1,18}(\.\d{1,18})?\s*", value, re.ASCII):
        return float(value)
    return to_finite(value) if isinstance(value, (int, float)) else None


def read_integer(value: object) -> int | None:
    """A whole number, rounded where it isn't one; None from anything else, and from what no account ever held."""
    number = read_number(value)
    return None if number is None or abs(number) > _MAX_INTEGER else round(number)


def read_quota(value: object) -> int | None:
    """A whole number of quota from 0 on; None from anything else."""
    number = read_number(value)
    return None if number is None or number < 0 else read_integer(number)


def read_progress(value: object) -> float | None:
    """Progress from 0 to 1, from a number of percent, ``"45%"`` or ``""`` (Status pages, all editions)."""
    number = read_number(value.strip().removesuffix("%") if isinstance(value, str) else value)
    return None if number is None else min(1.0, max(0.0, number / 100))


def read_time(value: object) -> float | None:
    """Unix seconds from seconds, milliseconds or ISO 8601; None from anything else."""
    # The Status page of edition 2026-04 says milliseconds and shows seconds, so the magnitude decides.
    number = read_number(value)
    if number is not None:
        moment = number / 1000 if number > _MILLISECONDS_ABOVE else number
        return moment if 0 < moment < _MAX_TIMESTAMP else None
    if not isinstance(value, str):
        return None
    parts = re.fullmatch(
        r"\s*(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(\.\d{1,9})?\s*(Z|z|[+-]\d\d:?\d\d)?\s*", value, re.ASCII
    )
    if not parts:
        return None
    day, clock, fraction, zone = parts.groups()
    zone = "+0000" if zone is None or zone in "Zz" else zone.replace(":", "")
    try:
        read = datetime.strptime(f"{day}T{clock}{zone}", "%Y-%m-%dT%H:%M:%S%z").astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return read.timestamp() + float(fraction or 0)


def read_text(value: object) -> str:
    """A text, or a whole number as one; "" from anything else."""
    if isinstance(value, str):
        return value[:_MAX_TEXT].strip()
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**30:
        return str(value)
    return ""


def read_id(value: object) -> str:
    r"""The id of a task or a model; "" where it is none that could stand on a line."""
    text = read_text(value)
    return text if len(text) <= _MAX_ID and text.isprintable() else ""


def read_base64(value: object) -> bytes | None:
    """The bytes behind plain base64 or a data URI; None where there are none."""
    if not isinstance(value, str) or not 0 < len(value) <= _MAX_BASE64:
        return None
    text = value.partition(",")[2] if value.startswith("data:") else value
    try:
        return base64.b64decode("".join(text.split()), validate=True) or None
    except (binascii.Error, ValueError):
        return None


def describe_shape(body: JSONObject) -> str:
    """An object by the names of its fields, for an error's text."""
    names = ["".join(character for character in str(name)[:30] if character.isprintable()) for name in list(body)[:6]]
    return "{" + ", ".join(names) + ("…" if len(body) > len(names) else "") + "}"


def map_texts(value: object, change: Callable[[str], str]) -> object:
    """Decoded JSON with each of its texts and names changed."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [map_texts(one, change) for one in value]
    if isinstance(value, dict):
        return {change(name): map_texts(one, change) for name, one in value.items()}
    return value
