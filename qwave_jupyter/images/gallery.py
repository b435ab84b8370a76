"""The images that a job made: files on disk, read only when somebody looks, and a start for the next request."""

from __future__ import annotations

import contextlib
import filecmp
import itertools
import json
import math
import shutil
import time
from collections.abc import Callable, Container, Iterable, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, overload

from qwave_jupyter import folders, i18n
from qwave_jupyter.arguments import check, escape_braces, require_positive, require_type
from qwave_jupyter.catalog import Model
from qwave_jupyter.errors import OptionMistake, QwaveError, ReferenceMistake, UnknownModel
from qwave_jupyter.images import contact_sheet, image_io, metadata
from qwave_jupyter.images.preview import MimeBundle, PreviewOptions, preview_file, preview_sheet, to_mimebundle
from qwave_jupyter.types import JSONObject, Values
from qwave_jupyter.views.templating import render_template

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from PIL import Image

    from qwave_jupyter.jobs.job import Job
    from qwave_jupyter.session import Session

__all__ = ["BeforeAfter", "Gallery", "GeneratedImage", "render_page", "write_report"]

_MAX_TEXT, _MAX_REPR, _MAX_PAGE_PROMPT = 1_000, 60, 10_000
#: The long side of an image on a page of its own, in pixels.
_PAGE_PX = 1280
#: What belonged to one image alone, and no request that starts from it keeps.
_NOT_INHERITED = frozenset({"action", "images", "mask", "seed", "n", "bbox_list"})
_REFERENCES = frozenset({"images", "mask"})
_COMPARED_PX = 640


@dataclass(frozen=True)
class GeneratedImage:
    """One generated image, whole on disk.

    Args:
        path: the file.
        url: where the server keeps it until ``expires_at``, or None.
        expires_at: Unix seconds, or None where the server didn't say.
        prompt: what was painted.
        model: the model id.
        parameters: what was set, by the user's names; reference bytes as their hashes.
        task_id: the server's task.
        cost_usd: this image's share of what was charged, or None where the server didn't say.
        width: pixels.
        height: pixels.
        format: ``png``, ``jpeg``, ``webp``, …
        job_id: our job.
        index: its place among the job's images, from 1.
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
    parameters: Values = field(default_factory=dict)
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
    showing: PreviewOptions = field(default_factory=PreviewOptions, repr=False, compare=False)
    session: Session | None = field(default=None, repr=False, compare=False)

    def __getstate__(self) -> dict[str, object]:
        return {**vars(self), "session": None}

    # A copy stays in this process, and so in its session: another one might have another account.
    def __copy__(self) -> GeneratedImage:
        return replace(self)

    def __deepcopy__(self, memo: dict[int, object]) -> GeneratedImage:
        return replace(self, parameters=deepcopy(self.parameters, memo))

    @property
    def size(self) -> tuple[int, int]:
        """Pixel size (width, height)."""
        return self.width, self.height

    @property
    def pil(self) -> Image.Image:
        """The full image as a PIL image, read from disk now.

        Raises:
            FileNotFoundError: the file was moved or removed.
            OptionMistake: it is no image any more, as where it was emptied or cut off.
        """
        try:
            return image_io.load(self.path)
        except image_io.NotAnImage as problem:
            is_large = problem.reason in {"pillow_limit", "too_large"}
            kind = problem.reason if is_large else image_io.identify(self.path.read_bytes())
            what = i18n.text(f"image_faults.{kind}")
            raise OptionMistake("generation.file_no_image", path=self.path, what=what) from None

    @check(now=Real)
    def alive(self, now: float) -> bool:
        """Whether the server still keeps the image under ``url`` at that moment (Unix seconds)."""
        return bool(self.url) and (self.expires_at is None or now < self.expires_at)

    def cell(self) -> str:
        """The ``%%qwave`` cell that made it."""
        from qwave_jupyter.jobs import codegen

        references: Values = {}
        # Without a key no journal is asked, and the links stay.
        with contextlib.suppress(QwaveError):
            if _find_model(self._get_session(), self.model).references.takes_bytes:
                # A cell is kept, and a file stays longer than a link.
                references = self._find_references(lambda image: str(image.path))
        return codegen.cell(self.model, escape_braces(self.prompt), {**self.parameters, **references})

    @check(model=str, wait=bool)
    def edit(self, prompt: str, *, model: str | None = None, wait: bool = True, **options: object) -> Gallery | Job:
        """Change the image by words: a new request with it as the reference, by the fitting action.

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
        session = self._get_session()
        name = self.model if model is None else model
        images = [self, options.pop("images", None)]
        inherited = self._inherited_parameters(session.catalog.model(name))
        return _start(session, prompt, name, inherited, {"images": images, **options}, wait=wait)

    @check(model=str, wait=bool)
    def inpaint(
        self, mask: object, prompt: str, *, model: str | None = None, wait: bool = True, **options: object
    ) -> Gallery | Job:
        """Paint a part of the image anew.

        Args:
            mask: the part: URL, path, PIL image, array, or a painted mask.
            prompt: what to paint there.
            model: another model; None for the one that made it.
            wait: False gives the job at once.
            options: further parameters of the model.

        Raises:
            RequestRefused: the model takes no mask; the ones that do are named.
            ReferenceMistake: there is no mask, so the whole image would be painted anew.
        """
        if mask is None or (isinstance(mask, (Gallery, list, tuple, set, frozenset, dict)) and not mask):
            raise ReferenceMistake("generation.inpaint_no_mask", given=type(mask).__name__)
        return self.edit(prompt, model=model, wait=wait, mask=mask, **options)

    @check(model=str, wait=bool)
    def again(
        self, prompt: str | None = None, *, model: str | None = None, wait: bool = True, **options: object
    ) -> Gallery | Job:
        """Make the same request again, with what is changed.

        Args:
            prompt: other words; None for the same.
            model: another model; None for the same.
            wait: False gives the job at once.
            options: parameters that change; None leaves one out.

        Example:
            >>> other = gallery[0].again(seed=7)
        """
        session = self._get_session()
        name = self.model if model is None else model
        given = set(map(_find_model(session, name).canonical_name, options))
        lost = [key for key, value in self.parameters.items() if _is_hash(value) and key not in given]
        if lost:
            raise OptionMistake("generation.again_needs", names=lost)
        if name == self.model:
            inherited = {**self.parameters, **self._find_references()}
        else:
            inherited = self._inherited_parameters(session.catalog.model(name))
        # The recorded prompt is filled already; what is in braces in it is meant literally.
        words = escape_braces(self.prompt) if prompt is None else prompt
        return _start(session, words, name, inherited, options, wait=wait)

    @check(wait=bool)
    def vary(self, n: int = 4, *, wait: bool = True, **options: object) -> Gallery | Job:
        """The same request with other seeds: variations of one idea.

        Args:
            n: how many images.
            wait: False gives the job at once.
            options: further parameters that change.
        """
        return self.again(None, model=None, wait=wait, **{"seed": None, "n": n, **options})

    def _inherited_parameters(self, model: Model) -> dict[str, object]:
        """The parameters that a new request from the image may keep: those that the model has and takes."""
        inherited: dict[str, object] = {}
        for name, value in self.parameters.items():
            parameter = model.parameters.get(name)
            if name in _NOT_INHERITED or parameter is None or parameter.only_for:
                continue
            if parameter.validate(value) is None:
                inherited[name] = value
        return inherited

    def _find_references(self, spell: Callable[[GeneratedImage], object] = lambda image: image) -> dict[str, object]:
        """The references that are links of earlier results, as these: their links die, their files stay."""

        def replace_link(given: object) -> object:
            is_link = isinstance(given, str) and given.startswith(("http://", "https://"))
            found = self._get_session().find_result(str(given)) if is_link else None
            return given if found is None else spell(found)

        return {
            name: [replace_link(one) for one in value] if isinstance(value, (list, tuple)) else replace_link(value)
            for name, value in self.parameters.items()
            if name in _REFERENCES
        }

    def _get_session(self) -> Session:
        if self.session is not None:
            return self.session
        # An import upwards: whoever follows up an image has a session, and only then.
        from qwave_jupyter.session import default

        return default()

    def compare(self, other: GeneratedImage) -> BeforeAfter:
        """Both images over each other with a border to drag, without any script.

        Args:
            other: the one to compare with; it lies at the right.
        """
        require_type("other", other, GeneratedImage, optional=False)
        return BeforeAfter(self, other)

    def provenance(self) -> JSONObject:
        """What its file says about where it comes from."""
        return metadata.read_provenance(self.path)

    @check(embed=str)
    def mimebundle(self, *, embed: str | None = None, preview_px: int | None = None) -> MimeBundle:
        """Its static representation.

        Args:
            embed: ``preview``, ``full``, ``link`` or ``html``; None for what its settings say.
            preview_px: the preview's long side; None likewise.
        """
        options = self.showing.override(embed=embed, preview_px=preview_px)
        return to_mimebundle(preview_file(self.path, options), self.text(), self.alt, in_html=options.embed == "html")

    @property
    def alt(self) -> str:
        """The alternative text: the prompt."""
        return _shorten(self.prompt)

    def text(self) -> str:
        """The image in words: its prompt and its file."""
        return i18n.text("generation.image_text", prompt=_shorten(self.prompt), path=self.path)

    def __hash__(self) -> int:
        # The parameters are a dict; images that are equal have the same file.
        return hash((str(self.path), self.job_id, self.index))

    def __fspath__(self) -> str:
        return str(self.path)

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> npt.NDArray[np.generic]:
        import numpy as np

        if copy is False:
            raise OptionMistake("generation.array_needs_copy", path=self.path)
        return np.array(self.pil, dtype=dtype)

    def __repr__(self) -> str:
        size = f"{self.width}×{self.height}"
        return f"GeneratedImage({str(self.path)!r}, {size}, {self.model}, {_shorten(self.prompt, _MAX_REPR)!r})"

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> MimeBundle:  # noqa: ARG002 - IPython's
        return self.mimebundle()


class Gallery(Sequence[GeneratedImage]):
    """Generated images in order: index it, slice it, add it to another, save it, look at it.

    Args:
        images: the images.
        showing: how they are previewed; None for how the first one is.
        labels: a caption for each, or None.

    Raises:
        OptionMistake: something else than generated images.

    Example:
        >>> best = gallery[:2] + other[-1:]
        >>> best.save("best", "{slug}-{i}.{ext}")
    """

    def __init__(
        self,
        images: Iterable[GeneratedImage] = (),
        *,
        showing: PreviewOptions | None = None,
        labels: Sequence[str] | None = None,
    ) -> None:
        self._images = _take_images(images)
        self.showing = showing or (self._images[0].showing if self._images else PreviewOptions())
        self.labels = tuple(labels) if labels is not None else None

    @overload
    def __getitem__(self, index: int) -> GeneratedImage: ...

    @overload
    def __getitem__(self, index: slice) -> Gallery: ...

    def __getitem__(self, index: int | slice) -> GeneratedImage | Gallery:
        if isinstance(index, slice):
            labels = self.labels[index] if self.labels is not None else None
            return Gallery(self._images[index], showing=self.showing, labels=labels)
        return self._images[index]

    def __len__(self) -> int:
        return len(self._images)

    def __add__(self, other: Iterable[GeneratedImage]) -> Gallery:
        if not isinstance(other, (Iterable, GeneratedImage)):
            return NotImplemented
        return Gallery((*self._images, *_take_images(other)), showing=self.showing)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Gallery) and self._images == other._images

    def __hash__(self) -> int:
        return hash(tuple(str(image.path) for image in self._images))

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> npt.NDArray[np.generic]:
        import numpy as np

        arrays = [image.__array__(dtype, copy) for image in self._images]
        shapes = sorted({"×".join(map(str, array.shape)) for array in arrays})
        if len(shapes) > 1:
            raise OptionMistake("generation.array_of_sizes", given=shapes)
        return np.array(arrays, dtype=dtype)

    def __repr__(self) -> str:
        if not self._images:
            return "Gallery()"
        return f"Gallery({len(self)}: {self._images[0]!r}{', …' if len(self) > 1 else ''})"

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files, in order."""
        return tuple(image.path for image in self._images)

    @property
    def cost_usd(self) -> float | None:
        """What the images cost together; None when the server said nothing of some."""
        costs = [image.cost_usd for image in self._images]
        return round(sum(filter(None, costs)), 9) if costs and None not in costs else None

    @check(pattern=str)
    def save(self, folder: str | Path, pattern: str = "{name}") -> Gallery:
        """Copy the images and their sidecars into a folder; no other file there is overwritten.

        Args:
            folder: made when it isn't there.
            pattern: the file names; ``{name}`` (as it is), ``{date}``, ``{slug}``, ``{model}``, ``{seed}``, ``{id}``,
                ``{i}`` (place in this gallery), ``{ext}``.

        Returns:
            The copies.

        Raises:
            OptionMistake: a field that no pattern has, or what means no folder of this machine.
        """
        target = folders.absolute_folder(folder)
        with folders.refuse_unwritable(target):
            target.mkdir(parents=True, exist_ok=True)
        copies: list[GeneratedImage] = []
        for index, image in enumerate(self._images, 1):
            place = target / _format_file_name(pattern, image, index)
            with folders.refuse_unwritable(place):
                copy = _find_unused_path(place, image.path, {one.path for one in copies})
                if copy.resolve() != image.path.resolve():
                    _copy_image(image.path, copy)
            copies.append(replace(image, path=copy))
        return Gallery(copies, showing=self.showing, labels=self.labels)

    @check(columns=int)
    def sheet(self, columns: int | None = None) -> Image.Image:
        """All images on one contact sheet.

        Args:
            columns: how many stand side by side; None for about as many as rows.
        """
        if columns is not None:
            require_positive("columns", columns)
        tiles = [contact_sheet.Tile(image.path, caption) for image, caption in zip(self, self.captions(), strict=True)]
        return contact_sheet.draw_sheet(tiles, columns=columns, width=self.showing.preview_px)

    def captions(self) -> tuple[str, ...]:
        """What tells the images apart: their labels, else their number and what differs between them."""
        if self.labels is not None:
            return self.labels
        settings = [_get_settings(image) for image in self._images]
        names = sorted({name for one in settings for name in one})
        differing = [name for name in names if len({str(one.get(name)) for one in settings}) > 1]
        return tuple(
            " · ".join([str(index), *(f"{name} {one[name]}" for name in differing if name in one)][:4])
            for index, one in enumerate(settings, 1)
        )

    @check(title=str)
    def to_html(self, file: str | Path, title: str = "") -> Path:
        """Write one page that holds everything: images, prompts, parameters; no script, no link to elsewhere.

        Args:
            file: the page; an earlier page of that name is replaced, no other file is.
            title: its title; "" for the first prompt.

        Raises:
            OptionMistake: the file can't be written, or is something else than a page, such as an image.
        """
        folders.absolute_file(file, "file", "made.html")
        page = folders.expand(file, "file")
        _write_page(page, render_page(self, title="".join([title or ""])))
        return page

    def text(self) -> str:
        """The images in words: prompt and file of each."""
        if not self._images:
            return i18n.text("generation.no_images_here")
        return "\n".join(image.text() for image in self._images)

    @property
    def alt(self) -> str:
        """The alternative text: the prompts, each once."""
        return _shorten(" | ".join(dict.fromkeys(image.prompt for image in self._images)))

    @check(embed=str)
    def mimebundle(self, *, embed: str | None = None, preview_px: int | None = None) -> MimeBundle:
        """Its static representation: the image, or one contact sheet of several.

        Args:
            embed: ``preview``, ``full``, ``link`` or ``html``; None for what its settings say. Several images in full
                still make one sheet, a larger one.
            preview_px: the preview's long side; None likewise.
        """
        options = self.showing.override(embed=embed, preview_px=preview_px)
        if len(self) == 1:
            return self._images[0].mimebundle(embed=options.embed, preview_px=options.preview_px)
        preview = preview_sheet(self.paths, self.captions(), options) if self._images else None
        return to_mimebundle(preview, self.text(), self.alt, in_html=options.embed == "html")

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> MimeBundle:  # noqa: ARG002 - IPython's
        return self.mimebundle()


def _take_images(given: object) -> tuple[GeneratedImage, ...]:
    """The images of a gallery or list; raises OptionMistake where it is none, or holds something else."""
    images = tuple(given) if isinstance(given, Iterable) else (given,)
    strangers = [one for one in images if not isinstance(one, GeneratedImage)]
    if strangers or not isinstance(given, Iterable):
        raise OptionMistake("generation.gallery_of_others", given=type((*strangers, given)[0]).__name__)
    return images


def _start(
    session: Session, prompt: str, model: str, inherited: Values, options: Values, *, wait: bool
) -> Gallery | Job:
    together = _find_model(session, model).merge_options(inherited, options)
    job = session.submit(prompt, model=model, **together)
    return session.present(job) if wait else job


def _find_model(session: Session, name: str) -> Model:
    """The model, or one of which nothing is known: with force it may be sent all the same."""
    try:
        return session.catalog.model(name)
    except UnknownModel:
        return Model(name)


def _is_hash(value: object) -> bool:
    # Reference bytes are recorded as what identifies them, which can't be sent again.
    several = value if isinstance(value, (list, tuple)) else (value,)
    return any(isinstance(one, str) and one.startswith("sha256:") for one in several)


def render_page(gallery: Gallery, *, title: str = "", lines: Sequence[str] = ()) -> str:
    """Render a gallery as one self-contained HTML page, with ``lines`` as paragraphs below the title."""
    return render_template(
        "gallery_page.html",
        language=i18n.language(),
        heading=title or (gallery[0].alt[:120] if gallery else i18n.text("generation.no_images_here")),
        lines=lines,
        figures=(_build_figure(image) for image in gallery),
    )


def write_report(path: str | Path, gallery: Gallery, *, by: str = "") -> Path:
    """Write a page of images that can be handed in."""
    folders.absolute_file(path, "file", "made.html")
    path = folders.expand(path, "file")
    if path.suffix.lower() not in {"", ".html", ".htm"}:
        raise OptionMistake("generation.report_no_page", path=path)
    path = path if path.suffix else path.with_suffix(".html")
    if len(gallery) == 0:
        raise OptionMistake("generation.report_empty")
    # Each image has its own share of what its job cost.
    known = [image.cost_usd for image in gallery if image.cost_usd is not None]
    lines = [
        *([i18n.text("generation.report_by", name=by)] if by else []),
        i18n.text(
            "generation.report_sum",
            date=time.strftime("%Y-%m-%d %H:%M"),
            images=i18n.text("generation.report_images", count=len(gallery)),
            jobs=i18n.text("generation.report_jobs", count=len({image.job_id or image.task_id for image in gallery})),
            cost=i18n.dollars(math.fsum(known)) if known else i18n.text("generation.report_free"),
        ),
    ]
    page = render_page(gallery, title=i18n.text("generation.report_title"), lines=lines)
    _write_page(path, page)
    return path


def _write_page(path: Path, page: str) -> None:
    target = folders.absolute(path, "file")
    with folders.refuse_unwritable(target):
        image_io.refuse_other_file(target, "html")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(page, encoding="utf-8", errors="replace")


def _build_figure(image: GeneratedImage) -> dict[str, object]:
    facts = {**_get_settings(image), "size": f"{image.width}×{image.height}"}
    if image.cost_usd is not None:
        facts["cost"] = i18n.dollars(image.cost_usd)
    facts["task"], facts["file"] = image.task_id, image.path.name
    return {
        "preview": preview_file(image.path, PreviewOptions(preview_px=_PAGE_PX)),
        "path": image.path,
        "alt": image.alt,
        "prompt": _shorten(image.prompt, _MAX_PAGE_PROMPT),
        "facts": [(_shorten(name), _shorten(_to_text(value))) for name, value in facts.items()],
    }


def _to_text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _get_settings(image: GeneratedImage) -> dict[str, object]:
    return {
        "model": image.model,
        **{name: value for name, value in image.parameters.items() if name not in {"prompt", "images", "mask"}},
    }


def _format_file_name(pattern: str, image: GeneratedImage, index: int) -> str:
    created = datetime.fromtimestamp(image.created, tz=UTC).astimezone()
    fields = {
        "name": image.path.stem,
        "date": created.date().isoformat(),
        "slug": metadata.make_slug(image.prompt),
        "model": image.model,
        "seed": image.parameters.get("seed", ""),
        "id": metadata.short_id(image.job_id),
        "i": index,
        "ext": image.path.suffix.lstrip("."),
    }
    try:
        name = pattern.format(**fields)
    except (KeyError, IndexError, ValueError, AttributeError):
        allowed = [f"{{{field}}}" for field in fields]
        raise OptionMistake("generation.bad_pattern", given=pattern, allowed=allowed) from None
    name = "".join("-" if char in '/\\:*?"<>|' or not char.isprintable() else char for char in name).strip(" .")
    name = metadata.make_portable(name)
    suffix = image.path.suffix
    return name if name.lower().endswith(suffix.lower()) else (name or "image") + suffix


def _copy_image(source: Path, copy: Path) -> None:
    """Copy an image and its sidecar."""
    if not folders.is_file(source):
        raise OptionMistake("generation.no_such_file", path=source)
    shutil.copyfile(source, copy)
    sidecar, place = metadata.find_sidecar(source), metadata.find_sidecar(copy)
    if folders.is_file(sidecar) and not place.exists():
        shutil.copyfile(sidecar, place)


def _find_unused_path(target: Path, source: Path, used: Container[Path]) -> Path:
    """The target, or one beside it where another file has its name or its sidecar's; an earlier copy serves again."""
    numbered = (target.with_name(f"{target.stem}-{number}{target.suffix}") for number in itertools.count(2))
    return next(path for path in itertools.chain((target,), numbered) if _is_unused(path, source, used))


def _is_unused(path: Path, source: Path, used: Container[Path]) -> bool:
    if folders.is_file(path) and folders.is_file(source):
        # Two images of equal bytes are two images.
        return path.samefile(source) or (path not in used and filecmp.cmp(path, source, shallow=False))
    return not (path.exists() or metadata.find_sidecar(path).exists())


def _shorten(text: str, max_length: int = _MAX_TEXT) -> str:
    flat = " ".join("".join(char if char.isprintable() else " " for char in text[: max_length * 2]).split())
    return flat if len(flat) <= max_length else flat[: max_length - 1] + "…"


@dataclass(frozen=True)
class BeforeAfter:
    """A comparison of two images, ``before`` left of the border."""

    before: GeneratedImage
    after: GeneratedImage

    def __repr__(self) -> str:
        first, second = i18n.text("generation.before"), i18n.text("generation.after")
        return f"{first}: {self.before.text()}\n{second}: {self.after.text()}"

    def _repr_html_(self) -> str:
        before, after = _get_preview(self.before), _get_preview(self.after)
        if before is None or after is None:
            return render_template("image_compare.html", plain=repr(self))
        return render_template("image_compare.html", before=before, after=after, max_width=_COMPARED_PX)


def _get_preview(image: GeneratedImage) -> dict[str, str | int] | None:
    # Only an image that is there, and that isn't just linked, has more than its text.
    data, metadata = image.mimebundle()
    return next(({**facts, "uri": f"data:{mime};base64,{data[mime]}"} for mime, facts in metadata.items()), None)
