"""From the JSON that reached the demo to a task, judged by the catalogue: wire names, JSON types, undeclared fields."""

from __future__ import annotations

import base64
import io
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from PIL import Image

from qwave_jupyter.catalog import Catalog, ImageInfo
from qwave_jupyter.catalog.model import Model
from qwave_jupyter.demo.http_types import Refused
from qwave_jupyter.demo.ledger import QUOTA_PER_USD
from qwave_jupyter.demo.options import Switches
from qwave_jupyter.demo.tasks import Task, task_seconds, typical_seconds
from qwave_jupyter.errors import UnknownModel
from qwave_jupyter.image_formats import open_image

__all__ = ["ValidRequest", "estimate_quota", "find_model", "make_task", "validate"]

#: What an image of a model without a published price is held at.
_UNPRICED_USD = 0.02
_SLOW_FACTOR = 5.0
_MAX_IMAGE_BYTES = 40_000_000


@dataclass(frozen=True)
class ValidRequest:
    """A request that may be served.

    Args:
        model: the model.
        values: what was set, by the user's names.
    """

    model: Model
    values: Mapping[str, Any]


def find_model(catalog: Catalog, name: Any) -> Model:
    """The model that a request names.

    Raises:
        Refused: none, or an unknown one.
    """
    if not isinstance(name, str) or not name:
        raise Refused(400, "invalid_request", "model is required", "model")
    try:
        return catalog.model(name)
    except UnknownModel:
        raise Refused(404, "model_not_found", f"The model {name[:100]} does not exist", "model") from None


def validate(catalog: Catalog, body: Mapping[str, Any]) -> ValidRequest:
    """A submit's body, when the model's page allows it.

    Args:
        catalog: the edition.
        body: what arrived.

    Raises:
        Refused: the first thing that is wrong with it.
    """
    model = find_model(catalog, body.get("model"))
    values, wrong = model.from_wire(body)
    found_wrong = model.check(values, _image_facts(values))
    mistakes = [*wrong, *(one for one in found_wrong if one.severity == "reject" and one.code != "opaque")]
    if mistakes:
        first = mistakes[0]
        parameter = model.parameters.get(first.parameter)
        param = ".".join(parameter.wire) if parameter else first.parameter
        raise Refused(400, "capability_violation", str(first), param)
    return ValidRequest(model, values)


def _image_facts(values: Mapping[str, Any]) -> ImageInfo:
    """What is known of images that came along as bytes."""
    sizes = tuple(_probe(one)[0] for one in values.get("images") or ())
    mask_size, mask_format, mask_bytes = _probe(values.get("mask") or "")
    return ImageInfo(sizes, mask_size, mask_format, mask_bytes)


def _probe(address: str) -> tuple[tuple[int, int] | None, str, int | None]:
    if address[:5].lower() != "data:" or len(address) > _MAX_IMAGE_BYTES:
        return None, "", None
    try:
        content = base64.b64decode(address.partition(",")[2])
        # Only the first bytes are looked at; nothing is decoded here.
        with open_image(io.BytesIO(content)) as image:
            return image.size, str(image.format or "").lower(), len(content)
    except (OSError, ValueError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        return None, "", None


def estimate_quota(request: ValidRequest) -> int:
    """Quota that is held for a request."""
    usd = request.model.price.estimate(request.model.effective(request.values))
    return round((usd if usd is not None else _UNPRICED_USD) * QUOTA_PER_USD)


def make_task(request: ValidRequest, switches: Switches, number: int, now: float, failure: str) -> Task:
    """The task of a request.

    Args:
        request: the request.
        switches: how long it takes.
        number: how many were ordered before.
        now: Unix seconds.
        failure: the code with which it will end, or "".
    """
    model, values = request.model, request.values
    task_id = f"task-wave{round(now * 1000)}{uuid.uuid4().hex[:12]}"
    typical = switches.latency
    if typical is None:
        typical = typical_seconds(model.family, model.id, switches.seed)
    dice_seed = task_id if switches.seed is None else f"{switches.seed}/{number}"
    return Task(
        task_id=task_id,
        model=model.id,
        action=str(values.get("action") or model.default_action or "generate"),
        values=model.effective(values),
        created=now,
        seconds=task_seconds(dice_seed, values, typical) * (_SLOW_FACTOR if switches.slow else 1.0),
        held=estimate_quota(request),
        failure=failure,
        given=sorted(values),
    )
