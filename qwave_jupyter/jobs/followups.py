"""From a picture to the next request: edit it, paint a part of it anew, vary it, make it again.

The old request's parameters go along as far as the new action takes them; the picture goes by its living link where the
model takes links, else by its bytes where it takes bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from qwave_jupyter.errors import ConfigurationError, OptionMistake

if TYPE_CHECKING:
    from qwave_jupyter.catalog import Model
    from qwave_jupyter.images.gallery import GeneratedImage

__all__ = ["again", "carried", "on_from", "set_starter"]

#: Starts what is wanted: ``(prompt, model, options, wait)`` to a gallery, or to a job without waiting.
Starter = Callable[[str, str, Mapping[str, Any], bool], Any]
#: What belonged to the old picture alone.
_LEFT_BEHIND = frozenset({"action", "images", "mask", "seed", "n", "bbox_list"})

_starter: list[Starter] = []
_models: list[Callable[[str], Model]] = []


def set_starter(starter: Starter, models: Callable[[str], Model]) -> None:
    """Say how a request is started, and where models are looked up; whoever wires the floors does.

    Args:
        starter: ``(prompt, model, options, wait)`` to a gallery, or to a job when ``wait`` is false.
        models: model id to model.
    """
    _starter[:], _models[:] = [starter], [models]


def on_from(
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
        image: the picture; it is the first reference.
        prompt: what to do with it.
        model: another model; None for the picture's own.
        mask: the part to be painted anew.
        wait: False gives the job at once.
        options: further parameters; they win over those of the old request.
    """
    name = model or image.model
    known = _model(name)
    pictures = [image, *options.pop("images", ())]
    settled: dict[str, Any] = {**carried(image, known), "images": pictures, **options}
    if mask is not None:
        settled["mask"] = mask
    return _start(prompt, name, settled, wait=wait)


def again(image: GeneratedImage, *, prompt: str | None, model: str | None, wait: bool = True, **options: Any) -> Any:
    """The picture's own request once more, with what is changed.

    Args:
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
    kept = before if name == image.model else carried(image, _model(name))
    return _start(image.prompt if prompt is None else prompt, name, {**kept, **options}, wait=wait)


def carried(image: GeneratedImage, model: Model) -> dict[str, Any]:
    """The old parameters that a new request from the picture may keep: those that the model has and takes."""
    kept: dict[str, Any] = {}
    for name, value in image.parameters.items():
        parameter = model.parameters.get(name)
        if name in _LEFT_BEHIND or parameter is None or parameter.only_for:
            continue
        if parameter.judge(value) is None:
            kept[name] = value
    return kept


def _model(name: str) -> Model:
    if not _models:
        raise ConfigurationError("generation.not_wired")
    return _models[0](name)


def _start(prompt: str, model: str, options: Mapping[str, Any], *, wait: bool) -> Any:
    if not _starter:
        raise ConfigurationError("generation.not_wired")
    return _starter[0](prompt, model, options, wait)


def _is_a_hash(value: Any) -> bool:
    # Reference bytes are recorded as what identifies them, which can't be sent again.
    several = value if isinstance(value, (list, tuple)) else (value,)
    return any(isinstance(one, str) and one.startswith("sha256:") for one in several)
