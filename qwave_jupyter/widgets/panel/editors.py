"""Mask brush, box editor and palette editor inside a panel: each beside the parameter that it fills.

What can be seen is what is sent: a tool that is put away takes its value along, and brings it back.
"""

from __future__ import annotations

import hashlib
import html
import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import ipywidgets

from qwave_jupyter import i18n
from qwave_jupyter.catalog import Model
from qwave_jupyter.errors import QwaveError
from qwave_jupyter.magics.status_view import close_all
from qwave_jupyter.widgets.canvas.box_editor import BoxEditor
from qwave_jupyter.widgets.canvas.mask_brush import MaskBrush
from qwave_jupyter.widgets.canvas.palette_editor import PaletteEditor
from qwave_jupyter.widgets.panel.field_specs import is_shown
from qwave_jupyter.widgets.panel.state import PanelState, Picked, action_of

__all__ = ["PanelTools"]

KINDS = ("mask", "boxes", "palette")
_MOST_EDITORS = 9
#: Rules of a model that takes a palette, in whole percents or not.
_PALETTES = frozenset({"whole_palette", "palette"})


class PanelTools:
    """The tools that the chosen model has a use for.

    Args:
        changed: called with a parameter's name and its new value, None for the page's default.
        painted: called with a painted mask, or None.
        home: the folder of ours where painted masks are kept.
    """

    def __init__(
        self, changed: Callable[[str, Any], None], painted: Callable[[Picked | None], None], home: Path
    ) -> None:
        self._changed, self._painted, self._home = changed, painted, home
        self._open: set[str] = set()
        self._shut: set[str] = set()
        self._drawing = False
        self._offered: Mapping[str, str] = {}
        self._state: PanelState | None = None
        self._brush: tuple[str, MaskBrush] | None = None
        self.editors: dict[str, BoxEditor] = {}
        self.palette: PaletteEditor | None = None
        self._mine: Picked | None = None
        self.buttons = {kind: self._button(kind) for kind in KINDS}
        self._from_picture = ipywidgets.Button(description=i18n.say("panel.colours_of_picture"))
        self._from_picture.on_click(lambda _: self._take_colours())
        self._which = ipywidgets.ToggleButtons(options=[("1", 0)], tooltip=i18n.say("panel.which_boxes"))
        self._which.add_class("qwp-which")
        self._which.observe(self._turned, "value")
        self.notes = {kind: ipywidgets.HTML() for kind in KINDS}
        row = ipywidgets.Box(list(self.buttons.values()))
        row.add_class("qwp-acts")
        self._room = ipywidgets.VBox()
        self.widget = ipywidgets.VBox([row, self._room])
        self.widget.add_class("qwp-canvas")

    def draw(self, state: PanelState) -> tuple[str, ...]:
        """Show the tools of a state.

        Returns:
            The parameters that a tool fills, so that nobody else has to.
        """
        self._state = state
        self._offered = _offered(state)
        self._drawing = True
        try:
            self._open |= {kind for kind in self._offered if self._is_due(kind) and kind not in self._shut}
            shown: dict[str, list[Any]] = {}
            for kind in self._offered:
                if kind in self._open and (parts := self._parts(kind, state)):
                    shown[kind] = parts
            for kind, button in self.buttons.items():
                button.layout.display = "" if kind in self._offered else "none"
                button.value = kind in shown
            wanted = [part for kind in self._offered for part in (*shown.get(kind, ()), self.notes[kind])]
            if list(self._room.children) != wanted:
                self._room.children = wanted
            self.widget.layout.display = "" if self._offered else "none"
        finally:
            self._drawing = False
        # A value that no tool can show stays with the plain field.
        return tuple(
            name
            for kind, name in self._offered.items()
            if kind in shown or (kind != "mask" and name not in state.values)
        )

    @property
    def brush(self) -> MaskBrush | None:
        """The mask brush, once it was shown."""
        return self._brush[1] if self._brush is not None else None

    @property
    def is_painted(self) -> bool:
        """Whether the mask in force can be seen on the brush."""
        shown = bool(self.buttons["mask"].value)
        return shown and self._state is not None and self._mine is not None and self._state.mask == self._mine

    def settle(self) -> None:
        """Write the painted mask, so that a cell can name it.

        Raises:
            OSError: it can't be written.
        """
        if self._mine is not None and not Path(self._mine.written).is_file():
            file = Path(self._mine.written)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(self._mine.source)

    def close_all(self) -> None:
        """Close every widget of it, shown or not."""
        self._drawing = True
        self._room.children = ()
        editors = [self._brush and self._brush[1], self.palette, *self.editors.values()]
        for part in (*filter(None, editors), self._from_picture, self._which, *self.notes.values(), self.widget):
            close_all(part)

    def _button(self, kind: str) -> Any:
        button = ipywidgets.ToggleButton(
            description=i18n.say(f"panel.tool_{kind}"), tooltip=i18n.say(f"panel.tool_{kind}_tip")
        )
        button.observe(lambda change: self._toggled(kind, on=bool(change["new"])), "value")
        return button

    def _toggled(self, kind: str, *, on: bool) -> None:
        if self._drawing or self._state is None or kind not in self._offered:
            return
        name = self._offered[kind]
        if not on:
            self._open.discard(kind)
            self._shut.add(kind)
            if kind == "mask":
                self._painted(None if self._state.mask == self._mine else self._state.mask)
            else:
                self._changed(name, None)
            return
        self._open.add(kind)
        self._shut.discard(kind)
        if kind == "mask" and self.brush is not None and self.brush.mask is not None:
            self._paint()
        elif kind == "mask":
            # A mask that was given before stays until the first stroke.
            self._painted(self._state.mask)
        elif kind == "boxes":
            self._changed(name, self._boxes())
        else:
            if self.palette is None:
                self.palette = self._new_palette(None)
            self._changed(name, self.palette.palette)

    def _is_due(self, kind: str) -> bool:
        """Whether a state asks for a tool by itself."""
        state, name = self._state, self._offered[kind]
        if state is None:
            return False
        asked = action_of(state) in state.model.parameters[name].required_for
        return (asked and (kind != "mask" or state.mask is None)) or (kind != "mask" and name in state.values)

    def _parts(self, kind: str, state: PanelState) -> list[Any]:
        self.notes[kind].value = ""
        try:
            if kind == "mask":
                return self._brush_parts(state)
            if kind == "boxes":
                return self._box_parts(state)
            return self._palette_parts(state)
        except (QwaveError, OSError, TypeError, ValueError) as problem:
            # Nothing to work on; the plain field takes over, and the check says what is wrong with its value.
            self._open.discard(kind)
            self._shut.add(kind)
            if kind != "palette":
                self.notes[kind].value = _small(str(problem))
            return []

    def _brush_parts(self, state: PanelState) -> list[Any]:
        base = state.images[0]
        if self._brush is None or self._brush[0] != base.written:
            fresh = MaskBrush(base.source, state.model.mask.alpha if state.model.mask is not None else None)
            fresh.observe(lambda _: self._paint(), "value")
            before, self._brush = self._brush, (base.written, fresh)
            if before is not None:
                before[1].close_all()
        elif self._mine is not None and state.mask is None:
            # It was taken away elsewhere, so it isn't shown here either.
            self._mine, self._brush[1].value = None, []
        if not state.model.references.takes_bytes and self._mine is not None and state.mask == self._mine:
            self.settle()
            said = i18n.say("panel.mask_needs_address", path=self._mine.written, model=state.model.id)
            self.notes["mask"].value = _small(said)
        elif state.model.references.takes_bytes:
            self.notes["mask"].value = _small(i18n.say("panel.mask_inferred"))
        return [self._brush[1]]

    def _paint(self) -> None:
        """A stroke has ended: the mask is another one."""
        if self._drawing or self._state is None:
            return
        mask = self._brush[1].mask if self._brush is not None else None
        if self._brush is None or mask is None:
            self._mine = None
        else:
            base, brush = self._brush
            content = io.BytesIO()
            # Two colours pack as well quickly as thoroughly, and a stroke has to be answered at once.
            mask.save(content, "PNG", compress_level=1)
            print_of = hashlib.sha256(json.dumps([base, brush.alpha, brush.value]).encode()).hexdigest()[:16]
            file = self._home / "uploads" / f"mask-{print_of}.png"
            self._mine = Picked(content.getvalue(), str(file), i18n.say("panel.painted_mask"), base)
        self._painted(self._mine)

    def _box_parts(self, state: PanelState) -> list[Any]:
        given = state.values.get(self._offered["boxes"]) or ()
        for place, picked in enumerate(state.images):
            if picked.written not in self.editors and _can_be_drawn(picked) and len(self.editors) < _MOST_EDITORS:
                editor = self.editors[picked.written] = BoxEditor(picked.source)
                if place < len(given):
                    editor.value = given[place]
                editor.observe(lambda _: self._drawn(), "value")
        for written in [one for one in self.editors if one not in {picked.written for picked in state.images}]:
            self.editors.pop(written).close_all()
        places = [place for place, one in enumerate(state.images) if one.written in self.editors]
        options = [(str(place + 1), place) for place in places]
        if tuple(self._which.options) != tuple(options):
            self._which.options = options
        chosen = self.editors[state.images[self._which.value].written]
        return [self._which, chosen] if len(places) > 1 else [chosen]

    def _boxes(self) -> list[Any] | None:
        if self._state is None:
            return None
        editors = [self.editors.get(picked.written) for picked in self._state.images]
        boxes = [editor.boxes if editor is not None else [] for editor in editors]
        return boxes if any(boxes) else None

    def _drawn(self) -> None:
        if not self._drawing and "boxes" in self._offered:
            self._changed(self._offered["boxes"], self._boxes())

    def _turned(self, _: Any) -> None:
        if not self._drawing and self._state is not None:
            self.draw(self._state)

    def _palette_parts(self, state: PanelState) -> list[Any]:
        given = state.values.get(self._offered["palette"])
        if self.palette is None:
            self.palette = self._new_palette(given)
        elif given is not None and [*given] != self.palette.palette:
            self.palette.value = [*given]
        from_picture = bool(state.images) and _can_be_drawn(state.images[0])
        return [self.palette, self._from_picture] if from_picture else [self.palette]

    def _new_palette(self, given: Any) -> PaletteEditor:
        hundredths = self._state is not None and not {"whole_palette"} & _checks(self._state.model)
        palette = PaletteEditor(None if given is None else [*given], decimals=2 if hundredths else 0)
        palette.observe(lambda _: self._coloured(), "value")
        return palette

    def _coloured(self) -> None:
        if not self._drawing and self.palette is not None and "palette" in self._offered:
            self._changed(self._offered["palette"], self.palette.palette)

    def _take_colours(self) -> None:
        if self.palette is None or self._state is None or not self._state.images:
            return
        try:
            taken = PaletteEditor.from_picture(self._state.images[0].source)
        except QwaveError as problem:
            self.notes["palette"].value = _small(str(problem))
            return
        colours = taken.palette
        taken.close_all()
        self.palette.value = colours


def _offered(state: PanelState) -> dict[str, str]:
    """The tools that a state has a use for, with the parameter that each fills."""
    model, action = state.model, action_of(state)
    checks = _checks(model)
    found = {}
    if state.takes_mask and state.images and _can_be_drawn(state.images[0]):
        found["mask"] = "mask"
    for kind, shape, known in (("boxes", "number[][][]", {"boxes"}), ("palette", "object[]", _PALETTES)):
        for parameter in model.parameters.values():
            if parameter.type == shape and known & checks and is_shown(parameter, state, action):
                found[kind] = parameter.name
    if "boxes" in found and not any(map(_can_be_drawn, state.images)):
        del found["boxes"]
    return found


def _checks(model: Model) -> set[str]:
    return {str(rule.demands["check"]) for rule in model.rules if "check" in rule.demands}


def _can_be_drawn(picked: Picked) -> bool:
    # What lies at an address is never fetched from here.
    return not (isinstance(picked.source, str) and picked.source.startswith(("http://", "https://")))


def _small(text: str) -> str:
    return f'<div class="qwp-why" role="status">{html.escape(text)}</div>'
