"""Every single fault that can be put into a valid request of a model."""

from __future__ import annotations

import base64
import copy
import io
from dataclasses import dataclass, field

from PIL import Image

from tests.contract.valid_requests import PALETTE, PROMPT, completed, samples, urls, wrong_with

#: What no page takes, as a user might write it (where it can't be meant as the type) and as JSON.
UNREADABLE = {
    "string": ([["a"], {"a": 1}, True], [7, True, ["a"], {"a": 1}]),
    "integer": (["many", 2.5, True, [1]], ["1", 1.5, True, [1]]),
    "number": (["strong", True, [1]], ["1.5", True, [1]]),
    "boolean": (["perhaps", 2, 1.0], ["true", 1, [True]]),
    "string[]": ([{"a": 1}, 5], ["completed", {"a": "b"}, [1]]),
    "object": (["x", [1]], ["x", [1], 1]),
    "object[]": (["x", {"a": 1}], ["x", {"a": 1}, [1]]),
    "number[][][]": (["x", {"a": 1}], ["x", {"a": 1}, [1]]),
}
BOXES = (
    [[[0, 0, 9, 9]] * 3],
    [[[9, 9, 0, 0]]],
    [[[0, 0, 0, 9]]],
    [[[-1, 0, 9, 9]]],
    [[[0, 0, 9]]],
    [[[0, 0, "9", 9]]],
    [[[True, 0, 9, 9]]],
    [[5]],
)
COLOURS = (
    [{**PALETTE[0], "ratio": 49}, *PALETTE[1:]],
    [{**PALETTE[0], "hex": "red"}, *PALETTE[1:]],
    [{**PALETTE[0], "hex": "#12345G"}, *PALETTE[1:]],
    [{**PALETTE[0], "ratio": "50"}, *PALETTE[1:]],
    [{"hex": "#123456"}, *PALETTE[1:]],
    [{**PALETTE[0], "name": "blood"}, *PALETTE[1:]],
    [{**PALETTE[0], "ratio": -50}, {**PALETTE[1], "ratio": 130}, PALETTE[2]],
)


def drawn(side):
    """A square PNG as a data URI."""
    target = io.BytesIO()
    Image.new("RGBA", (side, side)).save(target, "PNG")
    return "data:image/png;base64," + base64.b64encode(target.getvalue()).decode()


IMAGE, LARGER = drawn(8), drawn(16)
#: Fields of other models and times; a page that doesn't declare them refuses them.
STRANGERS = {
    "made_up": 1,
    "n": 1,
    "seed": 1,
    "size": "1:1",
    "aspect_ratio": "1:1",
    "resolution": "1k",
    "quality": "high",
    "style": "vivid",
    "image_url": "https://images.example/a.png",
    "mask_url": "https://images.example/a.png",
    "negative_prompt": "x",
    "watermark": False,
    "official_fallback": True,
    "prompt_extend": True,
    "extra": {"made_up": 1},
}


@dataclass(frozen=True)
class Fault:
    """One fault.

    Args:
        what: what was done.
        names: the parameters of which one must be named.
        options: the request with the fault as a user writes it; None where only JSON can have it.
        body: the same as JSON; None where only a user can have it.
    """

    what: str
    names: frozenset
    options: dict | None = None
    body: dict | None = field(default=None)


def as_json(model, options):
    """The JSON of options that can be read, right or wrong."""
    values, _ = model.read({"prompt": PROMPT, **options})
    action = model.infer_action(values)
    if action and "action" not in values and "action" in model.parameters:
        values["action"] = action
    return model.to_wire(values)


def changed(body, path, value):
    """A body with one field set; None takes it away."""
    body = copy.deepcopy(body)
    *outer, last = path
    place = body
    for step in outer:
        place = place.setdefault(step, {})
    if value is None:
        place.pop(last, None)
    else:
        place[last] = value
    return body


def faults_in(model, options):
    """The faults of single values of one valid request."""
    for name, parameter in model.parameters.items():
        if name in options or name == "prompt":
            yield from _wrong_values(model, parameter, options)
        yield from _wrong_company(model, parameter, options)
        yield from _wrong_images(model, parameter, options)
    yield from _strangers(model, options)


def _wrong_values(model, parameter, options):
    name, body, named = parameter.name, as_json(model, options), frozenset({parameter.name})
    unreadable, mistyped = UNREADABLE[parameter.type]
    for value in () if parameter.is_image else unreadable:
        yield Fault(f"{name} = {value!r}", named, {**options, name: value})
    for value in mistyped:
        yield Fault(f"JSON {name} = {value!r}", named, None, changed(body, parameter.wire_path, value))
    for value in outside(parameter):
        bad = {**options, name: value}
        yield Fault(f"{name} = {str(value)[:40]}", named, bad, as_json(model, bad))
    for value in parameter.opaque:
        yield Fault(f"{name} = {value!r}", named, {**options, name: value})


def _wrong_images(model, parameter, options):
    name, named = parameter.name, frozenset({parameter.name})
    if not parameter.is_image or name not in options:
        return
    several = parameter.type.endswith("[]")
    if not model.references.takes_bytes:
        bad = {**options, name: [IMAGE] if several else IMAGE}
        yield Fault(f"bytes in {name}", named, bad, as_json(model, bad))
    for address in ("image.png", "ftp://images.example/a.png", ""):
        yield Fault(
            f"{name} = {address!r}", named, None, as_json(model, {**options, name: [address] if several else address})
        )
    if name == "mask" and model.mask.same_size and model.references.takes_bytes:
        bad = {**options, "images": [IMAGE], "mask": LARGER}
        yield Fault("a mask of another size", named, bad, as_json(model, bad))


def _wrong_company(model, parameter, options):
    name, named = parameter.name, frozenset({parameter.name})
    action = options.get("action", model.default_action)
    if {"*", action} & {*parameter.required_for}:
        bad = {key: value for key, value in options.items() if key != name}
        bad |= {"prompt": " "} if name == "prompt" else {}
        yield Fault(f"no {name}", named, bad, changed(as_json(model, options), parameter.wire_path, None))
    if parameter.only_for and action not in parameter.only_for and name not in options:
        bad = {"action": action, **options, name: samples(parameter, options)[0]}
        yield Fault(f"{name} with another action", named, bad, as_json(model, bad))


def _strangers(model, options):
    body = as_json(model, options)
    declared = {parameter.wire_path[0] for parameter in model.parameters.values()}
    for name, value in STRANGERS.items():
        if name not in declared:
            local = {**options, name: value} if model.find_parameter(name) is None else None
            yield Fault(f"undeclared {name}", frozenset({name}), local, {**body, name: value})
    for outer in {parameter.wire_path[:-1] for parameter in model.parameters.values() if len(parameter.wire_path) > 1}:
        path = ".".join((*outer, "made_up"))
        yield Fault(f"undeclared {path}", frozenset({path}), None, changed(body, (*outer, "made_up"), 1))


def outside(parameter):
    """Values of the right type that the page doesn't document."""
    low, high = parameter.minimum, parameter.maximum
    if parameter.name == "color_palette":
        return [PALETTE[:2], [{**PALETTE[0], "ratio": 10}] * 11]
    if parameter.choices:
        numbers = [choice for choice in parameter.choices if not isinstance(choice, str)]
        return [max(numbers) + 1, min(numbers) - 1, -5] if numbers else ["no-such-choice", ""]
    if parameter.type in {"integer", "number"}:
        step = 1 if parameter.type == "integer" else 0.1
        return [*([] if low is None else [int(low) - step]), *([] if high is None else [int(high) + step])]
    longer = {"string": "雨" * int((high or 0) + 1), "string[]": urls(int(high or 0) + 1)}
    return [longer[parameter.type]] if high and parameter.type in longer else []


def faults_against(model, rule):
    """One valid request that a rule is about, broken in every way that the rule forbids; for the least and the most."""
    for everything in (False, True):
        for when in presets(model, rule):
            options = completed(model, when, everything=everything)
            if options is None:
                continue
            for what, bad in broken(model, rule, options):
                names = frozenset({*rule.when, *touched(rule), "action"} - {"check"})
                yield Fault(f"{what} against {dict(rule.when)}", names, bad, as_json(model, bad))
            break


def advised_against(model):
    """What a page advises against and takes all the same."""
    for name, parameter in model.parameters.items():
        if parameter.recommended is not None:
            beyond = int(parameter.recommended) + 1
            value = urls(beyond) if parameter.type == "string[]" else "雨" * beyond
            yield Fault(f"{name} of {beyond}", frozenset({name}), {name: value})
    for rule in model.rules:
        if rule.severity == "warn":
            taken = [one for one in faults_against(model, rule) if not wrong_with(model, one.options, ("reject",))]
            assert taken, rule
            yield from taken


def presets(model, rule):
    """What makes a rule apply."""
    chosen = {}
    for name, wanted in rule.when.items():
        parameter = model.parameters[name]
        if wanted == "*":
            chosen[name] = samples(parameter, {})[-1]
        elif isinstance(wanted, str) and wanted.startswith(">"):
            chosen[name] = int(wanted[1:]) + 1
        else:
            chosen[name] = wanted[0] if isinstance(wanted, list) else wanted
    yield chosen
    for action in model.actions:
        if "action" not in chosen:
            yield {**chosen, "action": action}


def touched(rule):
    """The parameters that a rule makes demands on."""
    for demand, wanted in rule.demands.items():
        if demand == "check":
            yield {"boxes": "bbox_list", "palette": "color_palette", "whole_palette": "color_palette"}.get(
                wanted, wanted
            )
        elif demand == "sum_max":
            yield from wanted["fields"]
        else:
            yield from wanted


def broken(model, rule, options):
    """Ways to break a rule, one at a time."""
    for demand, wanted in rule.demands.items():
        yield from _BROKEN[demand](model, demand, wanted, options)


def _without(options, name):
    return {key: value for key, value in options.items() if key != name}


def _left_out(_, __, names, options):
    yield from ((f"no {name}", _without(options, name)) for name in names)


def _put_in(model, _, names, options):
    yield from ((f"{name} too", {**options, name: samples(model.parameters[name], options)[-1]}) for name in names)


def _other_values(model, demand, wanted, options):
    for name, listed in wanted.items():
        parameter = model.parameters[name]
        wrong = refused(parameter, demand, listed)
        yield from ((f"{name} = {value}", {**options, name: value}) for value in wrong)
        if name in options and parameter.default in wrong:
            yield f"{name} left at {parameter.default}", _without(options, name)


def _other_counts(_, __, wanted, options):
    for name, (least, most) in wanted.items():
        counts = [*([least - 1] if least and least > 1 else []), *([most + 1] if most else [])]
        yield from ((f"{count} {name}", {**options, name: urls(count)}) for count in counts)


def _more(_, __, wanted, options):
    yield from ((f"{name} = {most + 1}", {**options, name: most + 1}) for name, most in wanted.items())


def _larger_sums(model, _, wanted, options):
    images, number = wanted["fields"]
    for count in {1, int(model.parameters[images].maximum)}:
        bad = {**options, images: urls(count), number: wanted["max"] - count + 1}
        yield f"{count} and too many", bad


def _failed_checks(_, __, check, options):
    if check == "boxes":
        yield from ((f"boxes {bad}", {**options, "images": urls(1), "bbox_list": bad}) for bad in BOXES)
        yield "one list for two images", {**options, "images": urls(2), "bbox_list": [[[0, 0, 9, 9]]]}
    if check in {"palette", "whole_palette"}:
        yield from ((f"palette {bad[0]}", {**options, "color_palette": bad}) for bad in COLOURS)
    if check == "whole_palette":
        halves = [{**PALETTE[0], "ratio": 50.5}, {**PALETTE[1], "ratio": 29.5}, PALETTE[2]]
        yield "half a percent", {**options, "color_palette": halves}


_BROKEN = {
    "require": _left_out,
    "forbid": _put_in,
    "allow": _other_values,
    "forbid_values": _other_values,
    "require_values": _other_values,
    "count": _other_counts,
    "max": _more,
    "sum_max": _larger_sums,
    "check": _failed_checks,
}


def refused(parameter, demand, listed):
    """Documented values that a rule refuses."""
    choices = parameter.choices or ((True, False) if parameter.type == "boolean" else ())
    inside = demand == "forbid_values"
    return [choice for choice in choices if (choice in listed) == inside]
