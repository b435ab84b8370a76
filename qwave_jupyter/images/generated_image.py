"""One generated picture: whole on disk, looked at only when somebody does, and a place to go on from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qwave_jupyter import i18n

if TYPE_CHECKING:
    from PIL import Image

    from qwave_jupyter.session import Session
    from qwave_jupyter.views.image_compare import BeforeAfter

__all__ = ["GeneratedImage", "MimeBundle", "Showing", "cut"]

MimeBundle = tuple[dict[str, Any], dict[str, Any]]

_LONGEST_ALT = 1000
_LONGEST_REPR = 60


@dataclass(frozen=True)
class Showing:
    """How pictures are previewed.

    Args:
        preview_px: the long side of a preview in pixels.
        cache: the folder where previews are kept; None to make them anew each time.
        embed: what an output holds of a picture: ``preview``, ``full`` or ``link``.
    """

    preview_px: int = 768
    cache: Path | None = None
    embed: str = "preview"


@dataclass(frozen=True)
class GeneratedImage:
    """One generated picture, whole on disk.

    Args:
        path: the file.
        url: where the server keeps it until ``expires_at``, or None.
        expires_at: Unix seconds, or None where the server didn't say.
        prompt: what was painted.
        model: the model id.
        parameters: what was set, by the user's names; reference bytes as their hashes.
        task_id: the server's task.
        cost_usd: this picture's share of what was charged, or None where the server didn't say.
        width: pixels.
        height: pixels.
        format: ``png``, ``jpeg``, ``webp``, …
        job_id: our job.
        index: its place among the job's pictures, from 1.
        created: Unix seconds when it was kept.
        edition: the edition that the request was made under.
        demo: whether the built-in demo painted it.
        showing: how it is previewed.
        session: what goes on with it; None for the default session, which it is after pickling too.
    """

    path: Path
    url: str | None = None
    expires_at: float | None = None
    prompt: str = ""
    model: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    task_id: str = ""
    cost_usd: float | None = None
    width: int = 0
    height: int = 0
    format: str = ""
    job_id: str = ""
    index: int = 1
    created: float = 0.0
    edition: str = ""
    demo: bool = False
    showing: Showing = field(default_factory=Showing, repr=False, compare=False)
    session: Session | None = field(default=None, repr=False, compare=False)

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "session": None}

    @property
    def size(self) -> tuple[int, int]:
        """Pixel size (width, height)."""
        return self.width, self.height

    @property
    def pil(self) -> Image.Image:
        """The full picture as a PIL image, read from disk now.

        Raises:
            FileNotFoundError: the file was moved or removed.
        """
        from qwave_jupyter.images import image_io

        return image_io.load(self.path)

    def alive(self, now: float) -> bool:
        """Whether the server still keeps the picture under ``url`` at that moment (Unix seconds)."""
        return bool(self.url) and (self.expires_at is None or now < self.expires_at)

    def cell(self) -> str:
        """The ``%%qwave`` cell that made it."""
        from qwave_jupyter.jobs import codegen

        return codegen.cell(self.model, self.prompt.replace("{{", "\\{{"), self.parameters)

    def edit(self, prompt: str, *, model: str | None = None, wait: bool = True, **options: Any) -> Any:
        """Change the picture by words: a new request with it as the reference, by the fitting action.

        Args:
            prompt: what to change.
            model: another model; None for the one that made it.
            wait: False gives the job at once instead of the gallery.
            options: further parameters of the model.

        Raises:
            RequestRefused: the model can't do that; the ones that can are named.

        Example:
            >>> night = gallery[0].edit("make it night")
        """
        from qwave_jupyter.jobs import followups

        return followups.edit(self._session_to_use(), self, prompt, model=model, wait=wait, **options)

    def inpaint(self, mask: Any, prompt: str, *, model: str | None = None, wait: bool = True, **options: Any) -> Any:
        """Paint a part of the picture anew.

        Args:
            mask: the part: URL, path, PIL image, array, or a painted mask.
            prompt: what to paint there.
            model: another model; None for the one that made it.
            wait: False gives the job at once.
            options: further parameters of the model.

        Raises:
            RequestRefused: the model takes no mask; the ones that do are named.
        """
        from qwave_jupyter.jobs import followups

        return followups.edit(self._session_to_use(), self, prompt, model=model, mask=mask, wait=wait, **options)

    def again(self, prompt: str | None = None, *, model: str | None = None, wait: bool = True, **options: Any) -> Any:
        """Make the same request again, with what is changed.

        Args:
            prompt: other words; None for the same.
            model: another model; None for the same.
            wait: False gives the job at once.
            options: parameters that change; None leaves one out.

        Example:
            >>> other = gallery[0].again(seed=7)
        """
        from qwave_jupyter.jobs import followups

        return followups.again(self._session_to_use(), self, prompt=prompt, model=model, wait=wait, **options)

    def vary(self, n: int = 4, *, wait: bool = True, **options: Any) -> Any:
        """The same request with other seeds: variations of one idea.

        Args:
            n: how many pictures.
            wait: False gives the job at once.
            options: further parameters that change.
        """
        from qwave_jupyter.jobs import followups

        options = {"seed": None, "n": n, **options}
        return followups.again(self._session_to_use(), self, prompt=None, model=None, wait=wait, **options)

    def _session_to_use(self) -> Session:
        if self.session is not None:
            return self.session
        # The one import upwards: whoever follows up an image has a session, and only then.
        from qwave_jupyter.session import default

        return default()

    def compare(self, other: GeneratedImage) -> BeforeAfter:
        """Both pictures over each other with a border to drag, without any script.

        Args:
            other: the one to compare with; it lies at the right.
        """
        from qwave_jupyter.views.image_compare import BeforeAfter

        return BeforeAfter(self, other)

    def provenance(self) -> dict[str, Any]:
        """What its file says about where it comes from."""
        from qwave_jupyter.images.metadata import read_provenance

        return read_provenance(self.path)

    def mimebundle(self, *, embed: str | None = None, preview_px: int | None = None) -> MimeBundle:
        """Its static representation.

        Args:
            embed: ``preview``, ``full`` or ``link``; None for what its settings say.
            preview_px: the preview's long side; None likewise.
        """
        from qwave_jupyter.images.preview import preview_file

        showing = Showing(preview_px or self.showing.preview_px, self.showing.cache, embed or self.showing.embed)
        data: dict[str, Any] = {"text/plain": self.text()}
        metadata: dict[str, Any] = {}
        picture = preview_file(self.path, showing)
        if picture is not None:
            data[picture.mime] = picture.base64()
            metadata[picture.mime] = {"alt": self.alt, "width": picture.width, "height": picture.height}
        return data, metadata

    @property
    def alt(self) -> str:
        """The alternative text: the prompt."""
        return cut(self.prompt, _LONGEST_ALT)

    def text(self) -> str:
        """The picture in words: its prompt and its file."""
        return i18n.say("generation.picture_text", prompt=cut(self.prompt, _LONGEST_ALT), path=self.path)

    def __repr__(self) -> str:
        size = f"{self.width}×{self.height}"
        return f"GeneratedImage({str(self.path)!r}, {size}, {self.model}, {cut(self.prompt, _LONGEST_REPR)!r})"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> MimeBundle:  # noqa: ARG002 - IPython's
        return self.mimebundle()


def cut(text: str, longest: int = _LONGEST_ALT) -> str:
    """A text on one line, as long as an output should hold it."""
    flat = " ".join("".join(sign if sign.isprintable() else " " for sign in text[: longest * 2]).split())
    return flat if len(flat) <= longest else flat[: longest - 1] + "…"
