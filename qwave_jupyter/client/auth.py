"""Authentication: the key in one header, for requests to one origin only."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from requests.auth import AuthBase

from qwave_jupyter.client.coerce import map_texts
from qwave_jupyter.client.image_links import classify_address, literal_address, read_link
from qwave_jupyter.errors import ConfigurationError

if TYPE_CHECKING:
    from requests import PreparedRequest

__all__ = ["KeyAuth", "Secret", "is_loopback", "normalize_base_url", "origin_of"]

#: Shorter "keys" are no secret.
_MIN_SECRET = 8


class Secret:
    """An API key that is never shown: not in a repr, a format, a traceback's locals or a pickle."""

    __slots__ = ("_text",)

    def __init__(self, text: str | None) -> None:
        self._text = text

    def check(self) -> None:
        """Refuse a key that can't travel in a header."""
        if self._text and not (self._text.isascii() and all("!" <= character <= "~" for character in self._text)):
            raise ConfigurationError("settings.bad_key")

    def reveal(self) -> str:
        """The key, or "" where there is none."""
        if self._text is not None:
            return self._text
        from qwave_jupyter import credentials

        found = credentials.find()
        return found.secret if found else ""

    def resolve(self) -> Secret:
        """This key, looked up now if it has not been."""
        return self if self._text is not None else Secret(self.reveal())

    def redact(self, text: str) -> str:
        r"""The text without the key, plain or in an encoding of JSON, URLs or HTML."""
        if len(self._text or "") < _MIN_SECRET or not self._text:
            # What stands for a key where none is needed; without it an answer's own words would be gone.
            return text
        if not (self._text in text or any(character in text for character in "\\%&")):
            # Fast path for hundreds of megabytes of base64.
            return text
        return _key_pattern(self._text).sub("…", text)

    def redact_json(self, value: object) -> object:
        """Decoded JSON without the key in any of its texts and names."""
        return map_texts(value, self.redact)

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __repr__(self) -> str:
        return f"Secret({'set' if self._text else 'not set'})"

    def __reduce__(self) -> tuple[type[Secret], tuple[None]]:
        # A copy in another process reads that process's own environment.
        return (Secret, (None,))


class KeyAuth(AuthBase):
    """Adds the key to requests for one origin and to no others."""

    # Handed over as ``auth=``, because requests lets a ``.netrc`` entry override a plain header.

    def __init__(self, secret: Secret, origin: str) -> None:
        self.secret = secret
        self.origin = origin

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Put the key on a request that goes to the API."""
        if origin_of(request.url or "") == self.origin and self.secret.reveal():
            request.headers["Authorization"] = f"Bearer {self.secret.reveal()}"
        return request

    def __repr__(self) -> str:
        return f"KeyAuth({self.secret!r}, {self.origin!r})"


@functools.lru_cache(maxsize=8)
def _key_pattern(text: str) -> re.Pattern[str]:
    """A pattern for a key in which each character may be encoded."""
    return re.compile("".join(map(_char_pattern, text)))


def _char_pattern(character: str) -> str:
    number = ord(character)
    hexadecimal = "".join(f"[{digit}{digit.upper()}]" if digit.isalpha() else digit for digit in f"{number:02x}")
    ways = [
        re.escape(character),
        # JSON in JSON doubles each backslash.
        rf"\\+(?:u00{hexadecimal}|x{hexadecimal}|{re.escape(character)})",
        # A percent sign that is itself encoded.
        f"%(?:25)*{hexadecimal}",
        f"&(?:amp;)*#(?:0*{number}|[xX]0*{hexadecimal});?",
    ]
    named = {"&": "amp", "<": "lt", ">": "gt", '"': "quot", "'": "apos"}.get(character)
    if named:
        ways.insert(0, f"&(?:amp;)*{named};")
    return f"(?:{'|'.join(ways)})"


def normalize_base_url(base_url: str, *, plain_http: bool = False) -> tuple[str, str]:
    """A base URL with or without ``/v1`` as ``(address ending in /v1, origin)``."""
    try:
        parts = urlsplit(base_url.strip())
        port = parts.port
    except ValueError:
        raise ConfigurationError("api.bad_base_url", given=base_url.rpartition("@")[2][:200]) from None
    link = read_link(base_url.strip())
    if link is None or port == 0 or parts.username or parts.query or parts.fragment:
        shown = parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()
        raise ConfigurationError("api.bad_base_url", given=shown[:200])
    if parts.scheme == "http" and not plain_http and not is_loopback(parts.hostname or ""):
        raise ConfigurationError("api.insecure_base_url", host=parts.hostname)
    # As it is dialled, so that a host's foreign letters read the same in the request that gets the key.
    parts = urlsplit(link.url)
    path = parts.path.rstrip("/").removesuffix("/v1").rstrip("/")
    return f"{parts.scheme}://{parts.netloc}{path}/v1", origin_of(link.url)


def origin_of(url: str) -> str:
    """Scheme, host and port of a URL, the usual ports left out; "" for what has none."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return ""
    if not parts.hostname:
        return ""
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    usual = port is None or {"http": 80, "https": 443}.get(parts.scheme) == port
    return f"{parts.scheme}://{host}" + ("" if usual else f":{port}")


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine."""
    literal = literal_address(host)
    return literal is not None and classify_address(literal) == "loopback"
