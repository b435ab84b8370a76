"""From a picture to the next request: edit it, paint a part of it anew, vary it, make it again.

The old request's parameters go along as far as the new action takes them; the picture goes by its living link where the
model takes links, else by its bytes where it takes bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from qwave_jupyter.errors import OptionMistake

if TYPE_CHECKING:
    from qwave_jupyter.catalog import Model
    from qwave_jupyter.images.gallery import GeneratedImage
    from qwave_jupyter.session import Session

__all__ = ["again", "edit", "inherited_parameters"]

#: What belonged to the old picture alone.
_LEFT_BEHIND = frozenset({"action", "images", "mask", "seed", "n", "bbox_list"})


def edit(
    session: Session,
    image: GeneratedImage,
    prompt: str,
    *,
    model: str | None,
    mask: Any = None,
    wait: bool = True,
    **options: Any,
) -> Any:
    """A new request that starts from a picture.

    Args:
        session: starts the request.
        image: the picture; it is the first reference.
        prompt: what to do with it.
        model: another model; None for the picture's own.
        mask: the part to be painted anew.
        wait: False gives the job at once.
        options: further parameters; they win over those of the old request.
    """
    name = model or image.model
    known = session.catalog.model(name)
    pictures = [image, *options.pop("images", ())]
    settled: dict[str, Any] = {**inherited_parameters(image, known), "images": pictures, **options}
    if mask is not None:
        settled["mask"] = mask
    return _start(session, prompt, name, settled, wait=wait)


def again(
    session: Session,
    image: GeneratedImage,
    *,
    prompt: str | None,
    model: str | None,
    wait: bool = True,
    **options: Any,
) -> Any:
    """The picture's own request once more, with what is changed.

    Args:
        session: starts the request.
        image: the picture.
        prompt: other words; None for the same.
        model: another model; None for the same.
        wait: False gives the job at once.
        options: parameters that are changed; None leaves one out.
    """
    name = model or image.model
    before = dict(image.parameters)
    gone = [key for key, value in before.items() if _is_a_hash(value) and key not in options]
    if gone:
        raise OptionMistake("generation.again_needs", names=gone)
    kept = before if name == image.model else inherited_parameters(image, session.catalog.model(name))
    return _start(session, image.prompt if prompt is None else prompt, name, {**kept, **options}, wait=wait)


def inherited_parameters(image: GeneratedImage, model: Model) -> dict[str, Any]:
    """The old parameters that a new request from the picture may keep: those that the model has and takes."""
    kept: dict[str, Any] = {}
    for name, value in image.parameters.items():
        parameter = model.parameters.get(name)
        if name in _LEFT_BEHIND or parameter is None or parameter.only_for:
            continue
        if parameter.validate(value) is None:
            kept[name] = value
    return kept


def _start(session: Session, prompt: str, model: str, options: Mapping[str, Any], *, wait: bool) -> Any:
    job = session.submit(prompt, model=model, **options)
    return session.present(job) if wait else job


def _is_a_hash(value: Any) -> bool:
    # Reference bytes are recorded as what identifies them, which can't be sent again.
    several = value if isinstance(value, (list, tuple)) else (value,)
    return any(isinstance(one, str) and one.startswith("sha256:") for one in several)
