"""The controls of a panel as one widget: one description goes out for a model, one message comes back for a change."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from qwave_jupyter import i18n
from qwave_jupyter.widgets.panel.field_specs import Field, described

__all__ = ["PanelFields"]


class PanelFields(anywidget.AnyWidget):  # type: ignore[misc]  # ships no types
    """All controls of a panel.

    Args:
        changed: called with a parameter's name and its new value, None for the page's default.
        seen: called once a frontend has drawn it.
    """

    _esm = Path(__file__).parent / "field_widget.js"
    fields: traitlets.List[Any] = traitlets.List().tag(sync=True)
    words = traitlets.Dict().tag(sync=True)

    def __init__(self, changed: Callable[[str, Any], None], seen: Callable[[], None]) -> None:
        said = ("advanced", "reset", "random", "less", "more")
        super().__init__(words={**{name: i18n.say(f"panel.{name}") for name in said}, "meant": i18n.say("panel.meant")})
        self._changed = changed
        self._seen = seen
        self.on_msg(self._heard)

    def draw(self, fields: tuple[Field, ...]) -> None:
        """Show controls; what is already shown like that isn't sent again."""
        now = described(fields)
        if now != self.fields:
            self.fields = now

    def close_all(self) -> None:
        """Close it with its layout."""
        self.layout.close()
        self.close()

    def _heard(self, _: Any, content: Mapping[str, Any], __: Any) -> None:
        if content.get("alive"):
            self._seen()
        elif isinstance(content.get("set"), str):
            self._changed(content["set"], content.get("value"))
