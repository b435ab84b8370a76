"""Pictures from their links to finished files: whole, decodable, named by their true format."""

from __future__ import annotations

import io
import json
import threading
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qwave_jupyter.api.retries import OnRetry
from qwave_jupyter.api.wire import PictureLink
from qwave_jupyter.errors import DownloadFailed
from qwave_jupyter.generation import naming, provenance
from qwave_jupyter.generation.gallery import GeneratedImage
from qwave_jupyter.generation.workbench import Workbench

__all__ = ["Origin", "keep"]

#: Twice a 4k square; beyond that a file is a bomb, not a picture of this API.
_MOST_PIXELS = 64_000_000
_EXTENSIONS = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp", "GIF": "gif", "BMP": "bmp"}


@dataclass(frozen=True)
class Origin:
    """Where a picture comes from.

    Args:
        prompt: what was asked for.
        model: the model id.
        edition: the edition.
        parameters: what else was set; never data URIs.
        task_id: the server's id.
        created: Unix seconds.
        cost_usd: one picture's part of the cost, or None.
    """

    prompt: str
    model: str
    edition: str
    parameters: Mapping[str, Any]
    task_id: str
    created: float
    cost_usd: float | None = None


def keep(
    link: PictureLink,
    index: int,
    origin: Origin,
    bench: Workbench,
    *,
    stop: threading.Event | None = None,
    on_retry: OnRetry | None = None,
) -> GeneratedImage:
    """Fetch one picture and put it under its final name, with its provenance.

    Args:
        link: where it lies.
        index: its place, from 1.
        origin: where it comes from.
        bench: client and folders.
        stop: ends the transfer.
        on_retry: told before each repetition.

    Raises:
        DownloadFailed: it can't be fetched, decoded or written; ``fields["links"]`` still lead to it.
    """
    folder = bench.save_dir
    address = link.urls[0] if link.urls else ""
    links: dict[str, Any] = {"links": link.urls, "link": address}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        part = folder / f".{naming.short_id(origin.task_id)}-{index}-{threading.get_ident()}.part"
        try:
            bench.client.download(link, part, stop=stop, on_retry=on_retry)
            content = part.read_bytes()
            kind, size = _decoded(content, links)
            picture = GeneratedImage(
                path=_free(folder, origin, index, _EXTENSIONS.get(kind, kind.lower())),
                prompt=origin.prompt,
                model=origin.model,
                parameters=origin.parameters,
                task_id=origin.task_id,
                index=index,
                width=size[0],
                height=size[1],
                format=kind.lower(),
                url=address,
                expires_at=link.expires_at,
                cost_usd=origin.cost_usd,
                created=origin.created,
            )
            facts = {**picture.record(), "path": picture.path.name, "edition": origin.edition}
            part.write_bytes(provenance.spliced(content, facts))
            part.replace(picture.path)
        finally:
            part.unlink(missing_ok=True)
        sidecar = json.dumps(facts, indent=2, ensure_ascii=False, sort_keys=True)
        provenance.sidecar_of(picture.path).write_text(sidecar + "\n", encoding="utf-8")
    except OSError as problem:
        reason = problem.strerror or type(problem).__name__
        raise DownloadFailed("generation.disk", folder=str(folder), reason=reason, **links) from None
    return picture


def _decoded(content: bytes, links: Mapping[str, Any]) -> tuple[str, tuple[int, int]]:
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content)) as picture:
                kind, size = picture.format or "", picture.size
                if size[0] * size[1] <= _MOST_PIXELS:
                    picture.load()
                    return kind, size
    except Exception as problem:  # noqa: BLE001 - Pillow's decoders raise anything
        raise DownloadFailed("generation.not_decodable", reason=type(problem).__name__, **links) from None
    raise DownloadFailed("generation.not_decodable", reason=f"{size[0]}×{size[1]} pixels", **links)


def _free(folder: Path, origin: Origin, index: int, extension: str) -> Path:
    wanted = folder / naming.picture_name(origin.created, origin.prompt, origin.task_id, index, extension)
    path, again = wanted, 2
    while path.exists():
        path = wanted.with_stem(f"{wanted.stem}-{again}")
        again += 1
    return path
