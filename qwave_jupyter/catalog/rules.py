"""The rule engine: what a page forbids across parameters, judged on values from a user or from the wire.

A rule has conditions (``when``) and demands. Conditions and value demands look at the *effective* value (what is set,
else the documented default; a parameter with neither passes); ``require``, ``forbid`` ``"*"`` at what is set.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from qwave_jupyter.catalog.violations import Violation, nearest_to

if TYPE_CHECKING:
    from qwave_jupyter.catalog.model import Model

__all__ = ["CHECKS", "ImageInfo", "Rule", "find_violations", "matches"]

_MEGAPIXEL = 1024 * 1024


@dataclass(frozen=True)
class ImageInfo:
    """Sizes and formats of the images of a request, as far as known.

    Args:
        sizes: pixel size (width, height) of each reference, None where unknown.
        mask_size: pixel size of the mask.
        mask_format: ``png``, ``jpeg``, …, or "".
        mask_bytes: weight of the mask.
    """

    sizes: tuple[tuple[int, int] | None, ...] = ()
    mask_size: tuple[int, int] | None = None
    mask_format: str = ""
    mask_bytes: int | None = None


@dataclass(frozen=True)
class Rule:
    """One documented rule.

    Args:
        when: parameter to value, list of values, ``"*"`` (is set) or ``">1"``; all must hold.
        demands: ``require``, ``forbid``, ``allow``, ``forbid_values``, ``require_values``, ``count``, ``sum_max``,
            ``max`` or ``check``, as in the edition's schema.
        severity: ``reject`` or ``warn``.
    """

    when: Mapping[str, Any] = field(default_factory=dict)
    demands: Mapping[str, Any] = field(default_factory=dict)
    severity: str = "reject"


def matches(when: Mapping[str, Any], values: Mapping[str, Any], effective: Mapping[str, Any]) -> bool:
    """Whether a rule's conditions match."""
    return all(_matches_one(wanted, values.get(name), effective.get(name)) for name, wanted in when.items())


def find_violations(rule: Rule, model: Model, values: Mapping[str, Any], image_info: ImageInfo) -> Iterator[Violation]:
    """Yield the violations of one rule.

    Args:
        rule: the rule.
        model: the model that it belongs to.
        values: what is set.
        image_info: what is known of the images.
    """
    effective = model.effective(values)
    if not matches(rule.when, values, effective):
        return
    because = _describe_conditions(rule.when, effective)
    for demand, wanted in rule.demands.items():
        if demand == "check":
            yield from CHECKS[wanted](model, values, image_info, rule)
        else:
            for violation in _DEMANDS[demand](wanted, model, values, effective):
                yield _with_reason(violation, rule, because, model, effective)


def _matches_one(wanted: Any, value: Any, effective: Any) -> bool:
    if wanted == "*":
        return _is_set(value)
    if isinstance(wanted, str) and wanted.startswith(">"):
        amount = len(effective) if isinstance(effective, tuple) else effective
        return isinstance(amount, (int, float)) and amount > float(wanted[1:])
    if isinstance(wanted, list):
        return effective in wanted
    return bool(effective == wanted) and effective is not None


def _is_set(value: Any) -> bool:
    return value is not None and value != ()


def _describe_conditions(when: Mapping[str, Any], effective: Mapping[str, Any]) -> str:
    parts = []
    for name, wanted in when.items():
        value = effective.get(name)
        if wanted == "*" or isinstance(value, (tuple, dict)):
            parts.append(name)
        else:
            parts.append(f"{name} {str(value).lower() if isinstance(value, bool) else value}")
    return " + ".join(parts)


def _with_reason(
    violation: Violation, rule: Rule, because: str, model: Model, effective: Mapping[str, Any]
) -> Violation:
    because = because or model.id
    detail = {"because": because, "instead": _suggest_condition(violation, rule, model, effective), **violation.detail}
    return Violation(
        violation.code,
        violation.parameter,
        violation.given,
        violation.allowed,
        violation.nearest,
        (),
        rule.severity,
        detail,
    )


def _suggest_condition(violation: Violation, rule: Rule, model: Model, effective: Mapping[str, Any]) -> str:
    # The other way out: keep this parameter and give up the condition, where another documented value does that.
    if violation.nearest is None or len(rule.when) != 1:
        return ""
    (name, wanted), *_ = rule.when.items()
    if name == "action":
        return ""
    parameter = model.parameters.get(name)
    if parameter is None or not parameter.choices or isinstance(wanted, list) or wanted == "*":
        return ""
    left = [choice for choice in parameter.choices if choice != effective.get(name)]
    here = parameter.choices.index(effective[name]) if effective.get(name) in parameter.choices else 0
    if not left:
        return ""
    other = left[max(0, here - 1)]
    return f"{name} {other}"


def _require(names: Sequence[str], _: Model, values: Mapping[str, Any], __: Mapping[str, Any]) -> Iterator[Violation]:
    for name in names:
        if not _is_set(values.get(name)):
            yield Violation("needed_with", name)


def _forbid(names: Sequence[str], _: Model, values: Mapping[str, Any], __: Mapping[str, Any]) -> Iterator[Violation]:
    for name in names:
        if _is_set(values.get(name)):
            yield Violation("forbidden_with", name, values[name])


def _allow(
    wanted: Mapping[str, list[Any]], model: Model, values: Mapping[str, Any], effective: Mapping[str, Any]
) -> Iterator[Violation]:
    for name, allowed in wanted.items():
        value = effective.get(name)
        if value is not None and value not in allowed:
            yield Violation(_not_allowed_code(name, values), name, value, tuple(allowed), nearest_to(value, allowed))


def _not_allowed_code(name: str, values: Mapping[str, Any]) -> str:
    # Nobody asked for a default.
    return "allowed_with" if _is_set(values.get(name)) else "default_with"


def _forbid_values(
    wanted: Mapping[str, list[Any]], model: Model, values: Mapping[str, Any], effective: Mapping[str, Any]
) -> Iterator[Violation]:
    for name, refused in wanted.items():
        value = effective.get(name)
        if value is not None and value in refused:
            choices = model.parameters[name].choices if name in model.parameters else ()
            left = tuple(choice for choice in choices if choice not in refused)
            code = _not_allowed_code(name, values) if left else "value_forbidden_with"
            yield Violation(code, name, value, left, nearest_to(value, left))


def _require_values(
    wanted: Mapping[str, list[Any]], model: Model, values: Mapping[str, Any], effective: Mapping[str, Any]
) -> Iterator[Violation]:
    for name, needed in wanted.items():
        value = effective.get(name)
        if value not in needed:
            yield Violation("value_needed_with", name, value, tuple(needed))


def _count(
    wanted: Mapping[str, list[int | None]], _: Model, values: Mapping[str, Any], __: Mapping[str, Any]
) -> Iterator[Violation]:
    for name, (least, most) in wanted.items():
        found = len(values.get(name) or ())
        if not found:
            continue
        if least is not None and found < least:
            yield Violation("too_few_with", name, found, detail={"least": least, "most": most or "…"})
        elif most is not None and found > most:
            yield Violation("too_many_with", name, found, detail={"least": least, "most": most})


def _sum_max(
    wanted: Mapping[str, Any], _: Model, values: Mapping[str, Any], effective: Mapping[str, Any]
) -> Iterator[Violation]:
    parts = {}
    for name in wanted["fields"]:
        value = effective.get(name)
        parts[name] = len(value) if isinstance(value, (tuple, list)) else (value or 0)
    total = sum(parts.values())
    if total > wanted["max"]:
        last = wanted["fields"][-1]
        room = wanted["max"] - (total - parts[last])
        yield Violation(
            "sum_too_large",
            last,
            total,
            nearest=room if room > 0 else None,
            detail={"sum": " + ".join(f"{name} ({part})" for name, part in parts.items()), "most": wanted["max"]},
        )


def _max(
    wanted: Mapping[str, float], _: Model, values: Mapping[str, Any], effective: Mapping[str, Any]
) -> Iterator[Violation]:
    for name, most in wanted.items():
        value = effective.get(name)
        if isinstance(value, (int, float)) and value > most:
            yield Violation("at_most_with", name, value, nearest=most, detail={"most": most})


_DEMANDS: Mapping[str, Any] = {
    "require": _require,
    "forbid": _forbid,
    "allow": _allow,
    "forbid_values": _forbid_values,
    "require_values": _require_values,
    "count": _count,
    "sum_max": _sum_max,
    "max": _max,
}


def _boxes(model: Model, values: Mapping[str, Any], image_info: ImageInfo, rule: Rule) -> Iterator[Violation]:
    boxes_by_image = values.get("bbox_list") or ()
    image_count = len(values.get("images") or ())
    if image_count and len(boxes_by_image) != image_count:
        detail = {"pictures": image_count}
        yield Violation("boxes_per_picture", "bbox_list", len(boxes_by_image), severity=rule.severity, detail=detail)
    for index, boxes in enumerate(boxes_by_image):
        if not isinstance(boxes, (list, tuple)) or any(not _is_box(box) for box in boxes):
            yield Violation("not_boxes", "bbox_list", boxes, severity=rule.severity)
            continue
        if len(boxes) > 2:
            yield Violation("too_many_boxes", "bbox_list", len(boxes), severity=rule.severity, detail={"most": 2})
        size = image_info.sizes[index] if index < len(image_info.sizes) else None
        for box in boxes:
            outside = size is not None and (box[2] > size[0] or box[3] > size[1])
            if box[0] < 0 or box[1] < 0 or box[0] >= box[2] or box[1] >= box[3] or outside:
                bounds = {"size": f"{size[0]}×{size[1]}" if size else "?"}
                yield Violation("box_outside", "bbox_list", box, severity=rule.severity, detail=bounds)


def _is_box(box: Any) -> bool:
    return (
        isinstance(box, (list, tuple))
        and len(box) == 4
        and not any(isinstance(edge, bool) for edge in box)
        and all(isinstance(edge, int) or (isinstance(edge, float) and math.isfinite(edge)) for edge in box)
    )


def _palette(model: Model, values: Mapping[str, Any], image_info: ImageInfo, rule: Rule) -> Iterator[Violation]:
    entries = values.get("color_palette") or ()
    total = 0.0
    for entry in entries:
        shade = entry.get("hex") if isinstance(entry, Mapping) else None
        share = entry.get("ratio") if isinstance(entry, Mapping) else None
        hexes = isinstance(shade, str) and len(shade) == 7 and shade[0] == "#" and _is_hex(shade[1:])
        if not hexes or not isinstance(share, (int, float)) or isinstance(share, bool) or share <= 0 or len(entry) > 2:
            yield Violation("not_a_colour", "color_palette", entry, severity=rule.severity)
            return
        total += share
    if entries and round(total, 2) != 100:
        yield Violation("palette_sum", "color_palette", round(total, 2), severity=rule.severity)


def _whole_palette(model: Model, values: Mapping[str, Any], image_info: ImageInfo, rule: Rule) -> Iterator[Violation]:
    wrong = tuple(_palette(model, values, image_info, rule))
    yield from wrong
    for entry in () if wrong else values.get("color_palette") or ():
        if entry["ratio"] != int(entry["ratio"]):
            yield Violation("palette_whole", "color_palette", entry["ratio"], severity=rule.severity)
            return


def _is_hex(text: str) -> bool:
    return all(character in "0123456789abcdefABCDEF" for character in text)


def _mask(model: Model, values: Mapping[str, Any], image_info: ImageInfo, rule: Rule) -> Iterator[Violation]:
    if model.mask is None or not _is_set(values.get("mask")):
        return
    if image_info.mask_format and model.mask.formats and image_info.mask_format not in model.mask.formats:
        allowed = model.mask.formats
        yield Violation("mask_format", "mask", image_info.mask_format, allowed, severity=rule.severity)
    if image_info.mask_bytes and model.mask.max_mb and image_info.mask_bytes > model.mask.max_mb * 2**20:
        given = f"{image_info.mask_bytes / 2**20:.1f} MB"
        yield Violation("mask_weight", "mask", given, severity=rule.severity, detail={"most": model.mask.max_mb})
    first = image_info.sizes[0] if image_info.sizes else None
    if model.mask.same_size and image_info.mask_size and first and image_info.mask_size != first:
        given, wanted = (f"{width}×{height}" for width, height in (image_info.mask_size, first))
        yield Violation("mask_size", "mask", given, severity=rule.severity, detail={"size": wanted})


def _megapixels(model: Model, values: Mapping[str, Any], image_info: ImageInfo, rule: Rule) -> Iterator[Violation]:
    limit = rule.demands.get("megapixels", model.references.total_megapixels)
    if not limit:
        return
    tier = str(model.effective(values).get("resolution") or "1mp")
    output = float(tier[:-2]) if tier.endswith("mp") else 1.0
    total = output + sum(size[0] * size[1] / _MEGAPIXEL for size in image_info.sizes if size)
    if total > limit:
        yield Violation("too_many_megapixels", "images", f"{total:.1f}", severity=rule.severity, detail={"most": limit})


CHECKS: Mapping[str, Any] = {
    "boxes": _boxes,
    "palette": _palette,
    "whole_palette": _whole_palette,
    "mask": _mask,
    "megapixels": _megapixels,
}
