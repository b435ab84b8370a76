"""The rule engine: what a page forbids across parameters, and each violation as a value that reads as text."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeGuard

from qwave_jupyter import i18n
from qwave_jupyter.arguments import to_finite
from qwave_jupyter.types import JSONObject, Values

if TYPE_CHECKING:
    from qwave_jupyter.catalog.model import Model

__all__ = ["ImageInfo", "Rule", "Violation", "find_nearest", "find_violations", "matches", "parse_ratio"]

_MEGAPIXEL = 1024 * 1024


@dataclass(frozen=True)
class Violation:
    """One violation of what is documented; ``code`` names its text in ``section``, which ``detail`` fills further."""

    code: str
    parameter: str
    given: object = None
    allowed: tuple[object, ...] = ()
    nearest: object = None
    others: tuple[str, ...] = ()
    severity: str = "reject"
    detail: Mapping[str, object] = field(default_factory=dict)
    section: str = "catalog"

    @classmethod
    def of_repetition(cls, parameter: str, first: str, second: str) -> Violation:
        """That one parameter was given by two of its names."""
        return cls("given_twice", parameter, second, detail={"first": _format_value(first)})

    def __str__(self) -> str:
        detail = dict(self.detail)
        if "unit" in detail:
            count = self.given if self.code == "soft_limit" else detail.get("most", detail.get("least"))
            detail["unit"] = i18n.text(f"catalog.unit_{detail['unit']}", count=count)
        if self.code == "unreadable":
            detail["type"] = i18n.text(f"catalog.type_{detail['type']}")
        if "what" in detail:
            detail["what"] = i18n.text(f"image_faults.{detail['what']}")
        text = i18n.text(
            f"{self.section}.{self.code}",
            parameter=self.parameter,
            given=_format_value(self.given),
            allowed=[_format_value(value) for value in self.allowed],
            nearest=_format_value(self.nearest),
            **detail,
        )
        if self.nearest is not None:
            text += i18n.text("catalog.nearest", nearest=_format_value(self.nearest))
        if "owner" in detail:
            text += i18n.text("catalog.value_of_other", given=_format_value(self.given), owner=detail["owner"])
        if self.detail.get("instead"):
            text += i18n.text("catalog.or_instead", instead=self.detail["instead"])
        if self.others:
            text += i18n.text("catalog.others", others=list(self.others))
        return text


def find_nearest(given: object, allowed: Sequence[object]) -> object:
    """The allowed value that was most likely meant; None when none is near."""
    if not allowed:
        return None
    if isinstance(given, (int, float)) and not isinstance(given, bool):
        numbers = [value for value in allowed if isinstance(value, (int, float)) and not isinstance(value, bool)]
        return min(numbers, key=lambda value: abs(value - given)) if numbers else None
    wanted = parse_ratio(given)
    if wanted:
        ratios = [(value, parse_ratio(value)) for value in allowed]
        near = [(abs(math.log(ratio / wanted)), value) for value, ratio in ratios if ratio]
        return min(near, key=lambda pair: pair[0])[1] if near else None
    texts = {str(value).lower(): value for value in allowed}
    matches = difflib.get_close_matches(str(given).lower()[:100], list(texts), n=1, cutoff=0.4)
    return texts[matches[0]] if matches else None


def parse_ratio(value: object) -> float | None:
    """``"16:9"`` as 1.777…; None for anything that is no ratio."""
    if not isinstance(value, str):
        return None
    left, colon, right = value.partition(":")
    try:
        width, height = float(left), float(right)
    except ValueError:
        return None
    return width / height if colon and width > 0 and height > 0 else None


def _format_value(value: object) -> str:
    if value is True or value is False:
        return str(value).lower()
    return i18n.printable(value)


@dataclass(frozen=True)
class ImageInfo:
    """Pixel sizes (width, height), formats and bytes of the images of a request, as far as known."""

    sizes: tuple[tuple[int, int] | None, ...] = ()
    mask_size: tuple[int, int] | None = None
    mask_format: str = ""
    mask_bytes: int | None = None


@dataclass(frozen=True)
class Rule:
    """One documented rule: conditions that must all hold, and demands, both as in ``editions/schema.json``."""

    when: JSONObject = field(default_factory=dict)
    demands: JSONObject = field(default_factory=dict)
    severity: str = "reject"


@dataclass(frozen=True)
class _Case:
    """What a rule is judged on: ``require``, ``forbid`` and ``"*"`` see what is set, all else the effective values."""

    model: Model
    values: Values
    effective: Values
    image_info: ImageInfo

    def is_set(self, name: str) -> bool:
        return _is_set(self.values.get(name))


def matches(when: JSONObject, values: Values, effective: Values) -> bool:
    """Whether a rule's conditions match."""
    return all(_matches_one(wanted, values.get(name), effective.get(name)) for name, wanted in when.items())


def find_violations(model: Model, values: Values, image_info: ImageInfo) -> Iterator[Violation]:
    """Yield the violations of a model's rules."""
    case = _Case(model, values, model.effective(values), image_info)
    for rule in model.rules:
        if not matches(rule.when, values, case.effective):
            continue
        for demand, wanted in rule.demands.items():
            if demand == "check":
                found = _CHECKS[wanted](case)
            else:
                found = (_explain(one, rule, case) for one in _DEMANDS[demand](wanted, case))
            for violation in found:
                yield replace(violation, severity=rule.severity)


def _matches_one(wanted: object, value: object, effective: object) -> bool:
    if wanted == "*":
        return _is_set(value)
    if isinstance(wanted, str) and wanted.startswith(">"):
        amount = len(effective) if isinstance(effective, tuple) else effective
        return isinstance(amount, (int, float)) and amount > float(wanted[1:])
    if isinstance(wanted, list):
        return effective in wanted
    return effective == wanted and effective is not None


def _is_set(value: object) -> bool:
    return value is not None and value != ()


def _explain(violation: Violation, rule: Rule, case: _Case) -> Violation:
    because = _describe_conditions(rule.when, case.effective) or case.model.id
    detail = {"because": because, "instead": _suggest_condition(violation, rule, case), **violation.detail}
    return replace(violation, detail=detail)


def _describe_conditions(when: JSONObject, effective: Values) -> str:
    parts = []
    for name, wanted in when.items():
        value = effective.get(name)
        if wanted == "*" or isinstance(value, (tuple, dict)):
            parts.append(name)
        else:
            parts.append(f"{name} {str(value).lower() if isinstance(value, bool) else value}")
    return " + ".join(parts)


def _suggest_condition(violation: Violation, rule: Rule, case: _Case) -> str:
    # The other way out: keep this parameter and give up the condition, where another documented value does that.
    if violation.nearest is None or len(rule.when) != 1:
        return ""
    (name, wanted), *_ = rule.when.items()
    parameter = case.model.parameters.get(name)
    if name == "action" or parameter is None or isinstance(wanted, list) or wanted == "*":
        return ""
    value = case.effective.get(name)
    others = [choice for choice in parameter.choices if choice != value]
    index = parameter.choices.index(value) if value in parameter.choices else 0
    return f"{name} {others[max(0, index - 1)]}" if others else ""


def _require(names: Sequence[str], case: _Case) -> Iterator[Violation]:
    for name in names:
        if not case.is_set(name):
            yield Violation("needed_with", name)


def _forbid(names: Sequence[str], case: _Case) -> Iterator[Violation]:
    for name in names:
        if case.is_set(name):
            yield Violation("forbidden_with", name, case.values[name])


def _allow(wanted: Mapping[str, Sequence[object]], case: _Case) -> Iterator[Violation]:
    for name, allowed in wanted.items():
        value = case.effective.get(name)
        if value is not None and value not in allowed:
            yield Violation(_choose_code(name, case), name, value, tuple(allowed), find_nearest(value, allowed))


def _forbid_values(wanted: Mapping[str, Sequence[object]], case: _Case) -> Iterator[Violation]:
    for name, refused in wanted.items():
        value = case.effective.get(name)
        if value is not None and value in refused:
            # A live schema may have dropped the parameter.
            parameter = case.model.parameters.get(name)
            allowed = tuple(choice for choice in parameter.choices if choice not in refused) if parameter else ()
            code = _choose_code(name, case) if allowed else "value_forbidden_with"
            yield Violation(code, name, value, allowed, find_nearest(value, allowed))


def _choose_code(name: str, case: _Case) -> str:
    # Nobody asked for a default.
    return "allowed_with" if case.is_set(name) else "default_with"


def _require_values(wanted: Mapping[str, Sequence[object]], case: _Case) -> Iterator[Violation]:
    for name, needed in wanted.items():
        value = case.effective.get(name)
        if value not in needed:
            yield Violation("value_needed_with", name, value, tuple(needed))


def _limit_count(wanted: Mapping[str, Sequence[int | None]], case: _Case) -> Iterator[Violation]:
    for name, (minimum, maximum) in wanted.items():
        count = len(case.values.get(name) or ())
        if not count:
            continue
        if minimum is not None and count < minimum:
            yield Violation("too_few_with", name, count, detail={"least": minimum, "most": maximum or "…"})
        elif maximum is not None and count > maximum:
            yield Violation("too_many_with", name, count, detail={"least": minimum, "most": maximum})


def _limit_sum(wanted: JSONObject, case: _Case) -> Iterator[Violation]:
    parts = {}
    for name in wanted["fields"]:
        value = case.effective.get(name)
        parts[name] = len(value) if isinstance(value, (tuple, list)) else (value or 0)
    total, maximum = sum(parts.values()), wanted["max"]
    if total > maximum:
        last = wanted["fields"][-1]
        room = maximum - (total - parts[last])
        terms = " + ".join(f"{name} ({part})" for name, part in parts.items())
        detail = {"sum": terms, "most": maximum}
        yield Violation("sum_too_large", last, total, nearest=room if room > 0 else None, detail=detail)


def _limit_value(wanted: Mapping[str, float], case: _Case) -> Iterator[Violation]:
    for name, maximum in wanted.items():
        value = case.effective.get(name)
        if isinstance(value, (int, float)) and value > maximum:
            yield Violation("at_most_with", name, value, nearest=maximum, detail={"most": maximum})


_DEMANDS: Mapping[str, Callable[..., Iterator[Violation]]] = {
    "require": _require,
    "forbid": _forbid,
    "allow": _allow,
    "forbid_values": _forbid_values,
    "require_values": _require_values,
    "count": _limit_count,
    "sum_max": _limit_sum,
    "max": _limit_value,
}


def _check_boxes(case: _Case) -> Iterator[Violation]:
    boxes_by_image = case.values.get("bbox_list") or ()
    image_count = len(case.values.get("images") or ())
    if image_count and len(boxes_by_image) != image_count:
        yield Violation("boxes_per_image", "bbox_list", len(boxes_by_image), detail={"images": image_count})
    sizes = case.image_info.sizes
    for index, boxes in enumerate(boxes_by_image):
        if not isinstance(boxes, (list, tuple)) or not all(map(_is_box, boxes)):
            yield Violation("not_boxes", "bbox_list", boxes)
            continue
        if len(boxes) > 2:
            yield Violation("too_many_boxes", "bbox_list", len(boxes), detail={"most": 2})
        size = sizes[index] if index < len(sizes) else None
        for box in boxes:
            outside = size is not None and (box[2] > size[0] or box[3] > size[1])
            # Parts of the image; the pages count in its pixels.
            outside |= all(0 <= edge <= 1 for edge in box) and any(edge != int(edge) for edge in box)
            if box[0] < 0 or box[1] < 0 or box[0] >= box[2] or box[1] >= box[3] or outside:
                bounds = {"size": f"{size[0]}×{size[1]}" if size else "?"}
                yield Violation("box_outside", "bbox_list", box, detail=bounds)


def _is_box(box: object) -> bool:
    return isinstance(box, (list, tuple)) and len(box) == 4 and all(_is_number(edge) for edge in box)


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and to_finite(value) is not None


def _check_palette(case: _Case) -> Iterator[Violation]:
    entries = case.values.get("color_palette") or ()
    total = 0.0
    for entry in entries:
        shade, share = (entry.get("hex"), entry.get("ratio")) if isinstance(entry, Mapping) else (None, None)
        is_hex = isinstance(shade, str) and re.fullmatch("#[0-9a-fA-F]{6}", shade)
        if not is_hex or not _is_number(share) or share <= 0 or len(entry) > 2:
            yield Violation("not_a_colour", "color_palette", entry)
            return
        total += share
    if entries and round(total, 2) != 100:
        yield Violation("palette_sum", "color_palette", round(total, 2))


def _check_whole_palette(case: _Case) -> Iterator[Violation]:
    wrong = tuple(_check_palette(case))
    yield from wrong
    for entry in () if wrong else case.values.get("color_palette") or ():
        if entry["ratio"] != int(entry["ratio"]):
            yield Violation("palette_whole", "color_palette", entry["ratio"])
            return


def _check_mask(case: _Case) -> Iterator[Violation]:
    mask, info = case.model.mask, case.image_info
    if mask is None or not case.is_set("mask"):
        return
    if info.mask_format and mask.formats and info.mask_format not in mask.formats:
        yield Violation("mask_format", "mask", info.mask_format, mask.formats)
    if info.mask_bytes and mask.max_mb and info.mask_bytes > mask.max_mb * 2**20:
        yield Violation("mask_weight", "mask", f"{info.mask_bytes / 2**20:.1f} MB", detail={"most": mask.max_mb})
    first = info.sizes[0] if info.sizes else None
    if mask.same_size and info.mask_size and first and info.mask_size != first:
        given, wanted = (f"{width}×{height}" for width, height in (info.mask_size, first))
        yield Violation("mask_size", "mask", given, detail={"size": wanted})


def _check_megapixels(case: _Case) -> Iterator[Violation]:
    limit = case.model.references.total_megapixels
    if not limit:
        return
    tier = str(case.effective.get("resolution") or "1mp")
    output = float(tier[:-2]) if tier.endswith("mp") else 1.0
    total = output + sum(size[0] * size[1] / _MEGAPIXEL for size in case.image_info.sizes if size)
    if total > limit:
        yield Violation("too_many_megapixels", "images", f"{total:.1f}", detail={"most": limit})


_CHECKS: Mapping[str, Callable[[_Case], Iterator[Violation]]] = {
    "boxes": _check_boxes,
    "palette": _check_palette,
    "whole_palette": _check_whole_palette,
    "mask": _check_mask,
    "megapixels": _check_megapixels,
}
