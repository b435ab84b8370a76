"""Validate JSON requests by the catalogue and create their tasks."""

from __future__ import annotations

import base64
import io
import re
import uuid
from dataclasses import dataclass, replace

from PIL import Image

from qwave_jupyter.catalog import Catalog, ImageInfo
from qwave_jupyter.catalog.model import Model
from qwave_jupyter.catalog.rules import Violation
from qwave_jupyter.demo.http_types import ApiError
from qwave_jupyter.demo.ledger import QUOTA_PER_USD
from qwave_jupyter.demo.options import DemoOptions
from qwave_jupyter.demo.tasks import Task, task_seconds, typical_seconds
from qwave_jupyter.errors import UnknownModel
from qwave_jupyter.image_formats import open_image
from qwave_jupyter.types import JSONObject, Values

__all__ = ["ValidRequest", "estimate_quota", "find_model", "make_task", "validate"]

#: The held amount for a model without a published price.
_UNPRICED_USD = 0.02
_SLOW_FACTOR = 5.0
_MAX_IMAGE_BYTES = 40_000_000
#: Of one task. Many a page names no maximum, and every status lists each image.
_MAX_IMAGES = 100
#: Before, a value that a model does not take was an ``invalid_request`` (error pages, editions 2026-04 and 2026-09).
_WITH_CAPABILITY_CODE = frozenset({"2026-09"})
#: What in a violation's detail is made of names of parameters.
_NAMING = frozenset({"because", "instead", "owner", "sum"})
#: Violations whose text in the catalogue is for a notebook.
_OWN_TEXTS = frozenset({"empty_prompt"})


@dataclass(frozen=True)
class ValidRequest:
    """A valid request.

    Args:
        model: the model.
        values: what was set, by the user's names.
    """

    model: Model
    values: Values


def find_model(catalog: Catalog, name: object) -> Model:
    """Return the model that a request names.

    Raises:
        ApiError: none, or an unknown one.
    """
    if not isinstance(name, str) or not name:
        raise ApiError(400, "invalid_request", "model is required", "model")
    try:
        return catalog.model(name)
    except UnknownModel:
        raise ApiError(404, "model_not_found", f"The model {name[:100]} does not exist", "model") from None


def validate(catalog: Catalog, body: JSONObject) -> ValidRequest:
    """Validate the body of a submit against the model's page.

    Raises:
        ApiError: the first violation.
    """
    model = find_model(catalog, body.get("model"))
    values, unread = model.from_wire(body)
    found = model.check(values, _probe_images(values))
    violations = [*unread, *(one for one in found if one.severity == "reject" and one.code != "opaque")]
    if violations:
        first = _rename_fields(violations[0], model)
        code = "capability_violation" if catalog.edition in _WITH_CAPABILITY_CODE else "invalid_request"
        raise ApiError(400, code, str(first), first.parameter)
    if int(values.get("n") or 1) > _MAX_IMAGES:
        param = ".".join(model.parameters["n"].wire_path)
        raise ApiError(400, "invalid_request", f"{param} is at most {_MAX_IMAGES} here", param)
    return ValidRequest(model, values)


def _rename_fields(violation: Violation, model: Model) -> Violation:
    """Return a violation with the fields that were sent, where users' names stand for them, and a server's words."""
    names = {name: ".".join(parameter.wire_path) for name, parameter in model.parameters.items()}
    word = re.compile(rf"\b({'|'.join(map(re.escape, names))})\b")
    detail = {
        key: word.sub(lambda found: names[found[0]], value) if key in _NAMING and isinstance(value, str) else value
        for key, value in violation.detail.items()
    }
    section = "demo" if violation.code in _OWN_TEXTS else violation.section
    name = names.get(violation.parameter, violation.parameter)
    return replace(violation, parameter=name, detail=detail, section=section)


def _probe_images(values: Values) -> ImageInfo:
    """Read size and format of images in data URIs."""
    sizes = tuple(_probe(one)[0] for one in values.get("images") or ())
    mask_size, mask_format, mask_bytes = _probe(values.get("mask") or "")
    return ImageInfo(sizes, mask_size, mask_format, mask_bytes)


def _probe(address: str) -> tuple[tuple[int, int] | None, str, int | None]:
    if address[:5].lower() != "data:" or len(address) > _MAX_IMAGE_BYTES:
        return None, "", None
    try:
        content = base64.b64decode(address.partition(",")[2])
        # Only the header is read; nothing is decoded here.
        with open_image(io.BytesIO(content)) as image:
            return image.size, str(image.format or "").lower(), len(content)
    except (OSError, ValueError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        return None, "", None


def estimate_quota(request: ValidRequest) -> int:
    """Return the quota that is held for a request."""
    usd = request.model.price.estimate(request.model.effective(request.values))
    return round((usd if usd is not None else _UNPRICED_USD) * QUOTA_PER_USD)


def make_task(request: ValidRequest, options: DemoOptions, number: int, now: float, failure: str) -> Task:
    """Create the task of a request; ``number`` is how many were created before, ``failure`` the code it ends with."""
    model, values = request.model, request.values
    task_id = f"task-wave{round(now * 1000)}{uuid.uuid4().hex[:12]}"
    typical = options.latency
    if typical is None:
        typical = typical_seconds(model.family, model.id, options.seed)
    dice_seed = task_id if options.seed is None else f"{options.seed}/{number}"
    return Task(
        task_id=task_id,
        model=model.id,
        action=str(values.get("action") or model.default_action or "generate"),
        values=model.effective(values),
        created=now,
        seconds=task_seconds(dice_seed, values, typical) * (_SLOW_FACTOR if options.slow else 1.0),
        held=estimate_quota(request),
        failure=failure,
        given=sorted(values),
    )
