"""The presets of a panel: a list to choose from, and a name to save under, to rename to, or to delete."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import ipywidgets

from qwave_jupyter import i18n
from qwave_jupyter.errors import QwaveError
from qwave_jupyter.jobs import presets
from qwave_jupyter.jobs.presets import Preset
from qwave_jupyter.views.templating import render_template
from qwave_jupyter.widgets.panel.state import panel_texts

__all__ = ["PresetList"]


class PresetList:
    """The presets, and what can be done with them."""

    def __init__(self, home: Path, on_use: Callable[[str], None], get_current: Callable[[], Preset]) -> None:
        self._home = home
        self._on_use = on_use
        self._get_current = get_current
        self.chosen = ipywidgets.Dropdown(description=i18n.text("panel.preset"))
        self.name = ipywidgets.Text(description=i18n.text("panel.preset_name"), continuous_update=False)
        for control in (self.chosen, self.name):
            control.add_class("qwp-f")
        actions: dict[str, Callable[[], str]] = {
            "use_preset": self._use,
            "save_preset": self._save,
            "rename_preset": self._rename,
            "delete_preset": self._delete,
        }
        self.buttons = {name: self._build_button(name, action) for name, action in actions.items()}
        self.note = ipywidgets.HTML()
        first = ipywidgets.Box([self.chosen, self.buttons["use_preset"], self.buttons["delete_preset"]])
        second = ipywidgets.Box([self.name, self.buttons["save_preset"], self.buttons["rename_preset"]])
        for row in (first, second):
            row.add_class("qwp-filters")
        self.widget = ipywidgets.VBox([first, second, self.note])
        self.widget.add_class("qwp-lookup")

    def refresh(self) -> None:
        """Read the presets anew: another kernel may have saved one."""
        try:
            names = list(presets.list_presets(self._home))
        except QwaveError as error:
            names = []
            self._show(str(error), "qwp-line qwp-wrong")
        before = self.chosen.value
        self.chosen.options = names
        self.chosen.value = before if before in names else names[0] if names else None
        for name in ("use_preset", "rename_preset", "delete_preset"):
            self.buttons[name].disabled = not names

    def _build_button(self, name: str, action: Callable[[], str]) -> ipywidgets.Button:
        button = ipywidgets.Button(description=i18n.text(f"panel.{name}"), tooltip=i18n.text(f"panel.{name}_tip"))

        def press(_: object) -> None:
            with panel_texts():
                try:
                    self._show(action(), "qwp-why")
                except QwaveError as error:
                    self._show(str(error), "qwp-line qwp-wrong")

        button.on_click(press)
        return button

    def _use(self) -> str:
        if not self.chosen.value:
            return ""
        self._on_use(self.chosen.value)
        return i18n.text("panel.preset_used", name=self.chosen.value)

    def _save(self) -> str:
        name = presets.save_preset(self._home, str(self.name.value), self._get_current())
        return self._choose(name, "panel.preset_saved")

    def _rename(self) -> str:
        if not self.chosen.value:
            return ""
        name = presets.rename_preset(self._home, self.chosen.value, str(self.name.value))
        return self._choose(name, "panel.preset_renamed")

    def _delete(self) -> str:
        name = self.chosen.value
        if not name:
            return ""
        presets.delete_preset(self._home, name)
        self.refresh()
        return i18n.text("panel.preset_deleted", name=name)

    def _choose(self, name: str, key: str) -> str:
        self.refresh()
        self.chosen.value = name
        self.name.value = ""
        return i18n.text(key, name=name)

    def _show(self, text: str, style_class: str) -> None:
        self.note.value = render_template("panel_message.html", style_class=style_class, text=text)
