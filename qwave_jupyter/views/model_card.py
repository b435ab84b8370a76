"""Everything that is documented of one model, as HTML and text."""

from __future__ import annotations

from collections.abc import Iterator

from qwave_jupyter import i18n
from qwave_jupyter.catalog import Model
from qwave_jupyter.views.model_facts import (
    choices_of,
    format_allowed,
    format_default,
    format_price,
    format_references,
    format_tiers,
    option_name,
)
from qwave_jupyter.views.templating import render_template

__all__ = ["ModelCard"]

_EXAMPLE_OPTIONS = ("aspect_ratio", "resolution", "quality")


class ModelCard:
    """One model: what it does, options, limits, prices, rules and a cell to copy.

    Args:
        model: the model.
    """

    def __init__(self, model: Model) -> None:
        self.model = model

    def example(self) -> str:
        """Return a cell that the model accepts as it is."""
        options = [f"-m {self.model.id}"]
        values: dict[str, object] = {}
        for name in _EXAMPLE_OPTIONS:
            usable = [value for value, reason in self._allowed(name, values) if not reason]
            if usable:
                # The documented order starts with the plainest; quality is cheapest in the middle of its list.
                values[name] = usable[min(1, len(usable) - 1)] if name == "quality" else usable[0]
                options.append(f"--{name.replace('_', '-')} {values[name]}")
        return f"%%qwave {' '.join(options)}\n{i18n.say('lookup.example_prompt')}"

    def __repr__(self) -> str:
        model = self.model
        lines = [f"{model.id} ({model.vendor}) · {format_price(model)}", model.summary, ", ".join(model.actions), ""]
        lines += [
            f"  {name:24} {allowed}{i18n.say('lookup.default', default=default) if default else ''}"
            for name, allowed, default, _ in self._parameters()
        ]
        lines += ["", *(f"  {one}" for one in self._limits())]
        lines += [f"  • {rule}" for rule in (*model.rule_words, *model.notes)]
        lines += ["", i18n.say("lookup.prices"), *(f"  {one}" for one in format_tiers(model) or (format_price(model),))]
        lines += ["", i18n.say("lookup.example"), self.example(), "", self._origin()]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return render_template(
            "model_card.html",
            model=self.model,
            price=format_price(self.model),
            parameters=self._parameters(),
            limits=self._limits(),
            tiers=format_tiers(self.model) or (format_price(self.model),),
            example=self.example(),
            origin=self._origin(),
        )

    def _parameters(self) -> Iterator[tuple[str, str, str, str]]:
        for parameter in self.model.parameters.values():
            if not parameter.internal and parameter.name != "prompt":
                yield option_name(parameter), format_allowed(parameter), format_default(parameter), parameter.note

    def _allowed(self, name: str, values: dict[str, object]) -> tuple[tuple[object, str], ...]:
        if not choices_of(self.model, name):
            return ()
        return self.model.allowed_values(name, {"prompt": "a", **values})

    def _limits(self) -> tuple[str, ...]:
        model, found = self.model, []
        prompt = model.parameters.get("prompt")
        if prompt is not None and prompt.maximum is not None:
            found.append(i18n.say("lookup.prompt_length", most=f"{prompt.maximum:g}"))
        if prompt is not None and prompt.recommended is not None:
            found.append(i18n.say("lookup.prompt_advice", most=f"{prompt.recommended:g}"))
        if "images" in model.parameters:
            parts = [format_references(model), *(", ".join(model.references.formats).split("\0"))]
            if model.references.max_mb:
                parts.append(f"≤ {model.references.max_mb:g} MB")
            parts.append(model.references.note)
            found.append(i18n.say("lookup.references", text=", ".join(part for part in parts if part)))
        if model.mask is not None:
            parts = [", ".join(model.mask.formats), model.mask.note]
            found.append(i18n.say("lookup.mask", text="; ".join(part for part in parts if part) or "–"))
        if model.link_hours:
            found.append(i18n.say("lookup.links", hours=model.link_hours))
        return tuple(found)

    def _origin(self) -> str:
        model = self.model
        text = i18n.say(
            "lookup.origin", edition=model.edition, documented=model.documented or "–", sources="; ".join(model.sources)
        )
        return f"{i18n.say(f'lookup.live_{model.live}')} {text}" if model.live else text
