"""Valid requests of a model, found by adding what its page documents, bit by bit: the ground to put faults into."""

from __future__ import annotations

PROMPT = "一只猫 a cat"
MASK = "https://images.example/mask.png"
PALETTE = [{"hex": "#AA0000", "ratio": 50}, {"hex": "#00BB00", "ratio": 30}, {"hex": "#0000cc", "ratio": 20}]


def urls(count):
    """So many different images."""
    return [f"https://images.example/{number}.png" for number in range(count)]


def samples(parameter, options):
    """Documented values of a parameter, the most demanding first.

    Args:
        parameter: the parameter.
        options: what is set already.
    """
    special = {
        "prompt": lambda: ["猫" * int(parameter.maximum or parameter.recommended or 2000)],
        "images": lambda: [urls(count) for count in range(int(parameter.maximum or 16), 0, -1)],
        "ref_task_id": lambda: ["task-1"],
        "bbox_list": lambda: [[[[0, 0, 9, 9], [5, 5, 20.5, 30]]] + [[]] * (len(options.get("images", [0])) - 1)],
        "color_palette": lambda: [PALETTE],
    }
    if parameter.name in special:
        return special[parameter.name]()
    if parameter.choices or parameter.type == "boolean":
        choices = parameter.choices or (False, True)
        return [choice for choice in reversed(choices) if choice not in parameter.opaque]
    if parameter.type in {"integer", "number"}:
        high, low = int(parameter.maximum or 7), int(parameter.minimum or 1)
        return list(range(high, low - 1, -1)) if high - low < 20 else [high, (high + low) // 2, low]
    plain = {"string": "雨" * int(parameter.maximum or 0) or MASK, "string[]": ["completed"], "object": {"note": "a"}}
    return [plain[parameter.type]]


def wrong_with(model, options, severities=("reject", "warn")):
    """What the page finds wrong, as pairs of code and parameter."""
    values, unread = model.read({"prompt": PROMPT, **options})
    action = model.infer_action(values)
    if action and "action" not in values and "action" in model.parameters:
        values["action"] = action
    found = (*unread, *model.check(values))
    return {(one.code, one.parameter) for one in found if one.severity in severities}


def completed(model, preset, *, everything):
    """A valid request around some values.

    Args:
        model: the model.
        preset: values that stay.
        everything: add all that can be added; else only what is needed.

    Returns:
        The options, or None where the page allows none with these values.
    """
    options = dict(preset)
    wrong = _add(model, options, wrong_with(model, options), most=everything, needed_only=True)
    if everything:
        wrong = _add(model, options, wrong, most=True, needed_only=False)
    return None if wrong else options


def _add(model, options, wrong, *, most, needed_only):
    """Add what makes fewer things wrong, or else no more; returns what is wrong in the end."""
    # Images first: with many images of its own a request may have no room for references.
    parameters = sorted(model.parameters.values(), key=lambda one: one.name != "images")
    grown = True
    while grown:
        grown = False
        for parameter in parameters:
            if parameter.name in options or parameter.name == "action":
                continue
            most_first = samples(parameter, options)
            for sample in most_first if most else reversed(most_first):
                left = wrong_with(model, {**options, parameter.name: sample})
                if left < wrong or (not needed_only and left == wrong):
                    options[parameter.name], wrong, grown = sample, left, True
                    break
    return wrong


def valid_requests(model):
    """The bare request; for each action the least and the most that can be asked; and what found no place in these."""
    found = [{}] if not wrong_with(model, {}) else []
    for action in model.actions if "action" in model.parameters else ("",):
        preset = {"action": action} if action else {}
        for everything in (False, True):
            made = completed(model, preset, everything=everything)
            assert made is not None, f"{model.id} allows nothing with {preset}"
            found.append(made)
    for name, parameter in model.parameters.items():
        if not any(name in options for options in found):
            made = (completed(model, {name: sample}, everything=False) for sample in samples(parameter, {}))
            found.append(next((one for one in made if one is not None), {name: "allowed in no request"}))
    return found
