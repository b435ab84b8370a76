"""Parse ``multipart/form-data``, which the OpenAI-compatible clients send with images."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesHeaderParser

from qwave_jupyter.demo.http_types import ApiError

__all__ = ["Part", "is_multipart", "parse_multipart"]


@dataclass(frozen=True)
class Part:
    """One field of a form.

    Args:
        name: its name.
        content: bytes.
        is_file: whether it has a file name.
    """

    name: str
    content: bytes
    is_file: bool = False


def is_multipart(content_type: str) -> bool:
    """Return whether a ``Content-Type`` header announces a form with files."""
    return content_type.partition(";")[0].strip().lower() == "multipart/form-data"


def parse_multipart(content_type: str, body: bytes) -> tuple[Part, ...]:
    """Return the fields of a form in order.

    Raises:
        ApiError: it is no such form.
    """
    header = Message()
    header["Content-Type"] = content_type
    boundary = header.get_boundary("")
    # Whatever is not ASCII here was no boundary (RFC 2046).
    delimiter = b"\r\n--" + boundary.encode("ascii", "replace")
    chunks = (b"\r\n" + body).split(delimiter)
    if not boundary or len(chunks) < 2 or not chunks[-1].startswith(b"--"):
        raise ApiError(400, "invalid_request", "The body is not multipart/form-data with its boundary")
    return tuple(_parse_parts(chunks[1:-1]))


def _parse_parts(chunks: list[bytes]) -> Iterator[Part]:
    for chunk in chunks:
        head, blank, content = chunk.partition(b"\r\n\r\n")
        header = BytesHeaderParser().parsebytes(head.lstrip(b"\r\n"))
        name = header.get_param("name", header="content-disposition")
        if not blank or not isinstance(name, str):
            raise ApiError(400, "invalid_request", "A part of the form has no name")
        yield Part(name, content, is_file=header.get_filename() is not None)
