"""The key in one header to one host."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from requests.auth import AuthBase

from qwave_jupyter.errors import ConfigurationError

if TYPE_CHECKING:
    from requests import PreparedRequest

__all__ = ["KeyAuth", "normalised"]


class KeyAuth(AuthBase):
    """Adds the key to requests for one origin and to no others.

    Handed over as ``auth=``, because requests lets a ``.netrc`` entry override a plain header. It never pickles with
    the key: a copy in another process has to be given its own.

    Args:
        key: the API key.
        origin: ``scheme://host:port`` of the API.
    """

    def __init__(self, key: str, origin: str) -> None:
        self._key = key
        self.origin = origin

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Add the key, if the request goes to the API."""
        if _origin(request.url or "") == self.origin:
            request.headers["Authorization"] = f"Bearer {self._key}"
        return request

    def __repr__(self) -> str:
        return f"KeyAuth({'set' if self._key else 'not set'}, {self.origin!r})"

    def __reduce__(self) -> tuple[type[KeyAuth], tuple[str, str]]:
        return (KeyAuth, ("", self.origin))


def normalised(base_url: str) -> tuple[str, str]:
    """A base URL with or without ``/v1`` as ``(address ending in /v1, origin)``.

    Raises:
        ConfigurationError: no http(s) address, one with a password in it, or one that would send the key in clear over
            a network.

    Example:
        >>> normalised("https://www.qingbo.dev/v1/")
        ('https://www.qingbo.dev/v1', 'https://www.qingbo.dev')
    """
    parts = urlsplit(base_url.strip())
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise ConfigurationError(
            "api.bad_base_url", given=parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
        )
    if parts.scheme == "http" and not _is_here(parts.hostname):
        raise ConfigurationError("api.insecure_base_url", host=parts.hostname)
    path = parts.path.rstrip("/").removesuffix("/v1")
    origin = f"{parts.scheme}://{parts.netloc}"
    return f"{origin}{path}/v1", _origin(origin)


def _origin(url: str) -> str:
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)
    usual = {"http": 80, "https": 443}.get(parts.scheme) == port
    return f"{parts.scheme}://{parts.hostname}" + ("" if usual else f":{port}")


def _is_here(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
