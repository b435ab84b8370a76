"""The form of a page's expectations, written by hand from that page and never from the edition they judge."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass

from PIL import Image

A, B, C = (f"https://images.example/{name}.png" for name in "abc")
MASK = "https://images.example/mask.png"


def urls(count):
    """URLs of so many different images."""
    return [f"https://images.example/{number}.png" for number in range(count)]


def png_data_uri(width, height):
    """A PNG of that size, transparent in part, as a data URI: an image or a mask."""
    target = io.BytesIO()
    image = Image.new("RGBA", (width, height))
    image.paste("red", (0, 0, (width + 1) // 2, height))
    image.save(target, "PNG")
    return "data:image/png;base64," + base64.b64encode(target.getvalue()).decode()


@dataclass(frozen=True)
class Page:
    """What one page says of one model.

    Args:
        edition: the edition.
        model: the model id.
        sent: ``(options, body)``: what a user writes, and the JSON that must leave besides the model; a prompt that
            isn't written is "a cat".
        refused: ``(options, parameter, *words)``: what must not leave, the name that the message must hold, and what
            else it must say.
        advised: ``(options, parameter)``: what leaves with a word of warning about that parameter.
    """

    edition: str
    model: str
    sent: list
    refused: list
    advised: list = ()

    def __str__(self):
        return f"{self.edition}-{self.model}"
