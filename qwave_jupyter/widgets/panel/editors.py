"""Mask brush, box editor and palette editor inside a panel: each beside the parameter that it fills."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import ipywidgets

from qwave_jupyter import i18n
from qwave_jupyter.catalog import Model
from qwave_jupyter.errors import QwaveError
from qwave_jupyter.folders import replace_file
from qwave_jupyter.magics.status_view import close_all
from qwave_jupyter.tracebacks import log_problem
from qwave_jupyter.views.templating import render_template
from qwave_jupyter.widgets.canvas.base import SlimLayout
from qwave_jupyter.widgets.canvas.box_editor import BoxEditor
from qwave_jupyter.widgets.canvas.mask_brush import MaskBrush
from qwave_jupyter.widgets.canvas.palette_editor import PaletteEditor
from qwave_jupyter.widgets.panel.fields import is_shown
from qwave_jupyter.widgets.panel.sent_values import SentValues
from qwave_jupyter.widgets.panel.state import PanelState, SelectedImage

__all__ = ["PanelTools"]

KINDS = ("mask", "boxes", "palette")
_MAX_BOX_EDITORS = 9
#: Rules of a model that takes a palette, in whole percents or not.
_PALETTE_RULES = frozenset({"whole_palette", "palette"})


class PanelTools:
    """The tools that the chosen model has a use for."""

    def __init__(
        self,
        on_change: Callable[[str, object], None],
        on_paint: Callable[[SelectedImage | None], None],
        on_base: Callable[[str, object, object], None],
        sent: SentValues,
        home: Path,
    ) -> None:
        self._on_change, self._on_paint, self._on_base, self._home = on_change, on_paint, on_base, home
        self._sent = sent
        self._opened: set[str] = set()
        self._closed: set[str] = set()
        self._drawing = False
        self._offered: Mapping[str, str] = {}
        self._state: PanelState | None = None
        self.brush: MaskBrush | None = None
        self._brush_base: SelectedImage | None = None
        self._painted: SelectedImage | None = None
        self.editors: dict[SelectedImage, BoxEditor] = {}
        self.palette: PaletteEditor | None = None
        self.buttons = {kind: self._build_button(kind) for kind in KINDS}
        self.from_image = ipywidgets.Button(description=i18n.text("panel.colours_of_image"))
        self.from_image.on_click(lambda _: self._take_colours())
        self._which = ipywidgets.ToggleButtons(options=[("1", 0)], tooltip=i18n.text("panel.which_boxes"))
        self._which.add_class("qwp-which")
        self._which.observe(lambda _: self._redraw(), "value")
        self.notes = {kind: ipywidgets.HTML() for kind in KINDS}
        self._note_texts = dict.fromkeys(KINDS, "")
        self._visible: frozenset[str] = frozenset()
        # One box for all of it: whatever a change of model changes here is one message.
        self.widget = ipywidgets.Box(layout=SlimLayout())
        self.widget.add_class("qwp-acts")
        self.widget.add_class("qwp-canvas")

    def draw(self, state: PanelState) -> tuple[str, ...]:
        """Show the tools of a state; return the parameters that they fill, which need no field."""
        self._state = state
        self._offered = _list_tools(state)
        self._drawing = True
        try:
            self._opened |= {
                kind for kind in self._offered if self._opens_itself(kind, state) and kind not in self._closed
            }
            visible: dict[str, list[ipywidgets.Widget]] = {}
            for kind in self._offered:
                if kind in self._opened and (parts := self._build_parts(kind, state)):
                    visible[kind] = parts
            self._visible = frozenset(visible)
            for kind in self._offered:
                self.buttons[kind].value = kind in visible
                self.notes[kind].value = self._note_texts[kind]
            parts = [part for kind in self._offered for part in (*visible.get(kind, ()), self.notes[kind])]
            children = [*(button for kind, button in self.buttons.items() if kind in self._offered), *parts]
            if list(self.widget.children) != children:
                self.widget.children = children
        finally:
            self._drawing = False
        # A value that no tool can show stays with its field.
        return tuple(
            name
            for kind, name in self._offered.items()
            if kind in visible or (kind != "mask" and name not in state.values)
        )

    @property
    def controls(self) -> tuple[ipywidgets.Widget, ...]:
        """The controls of ipywidgets in it."""
        return (*self.buttons.values(), self._which)

    @property
    def shows_mask(self) -> bool:
        """Whether the mask in force can be seen on the brush."""
        return "mask" in self._visible and self._painted is not None and self._mask_is_painted()

    def save_mask(self) -> None:
        """Write the painted mask, so that a cell can name it."""
        if self._painted is not None and isinstance(self._painted.source, bytes):
            file = Path(self._painted.expression)
            if not file.is_file():
                replace_file(file, self._painted.source)

    def close_all(self) -> None:
        """Close every widget of it, visible or not."""
        self._drawing = True
        self.widget.children = ()
        controls = filter(None, (self.brush, self.palette, *self.editors.values()))
        others = (*self.buttons.values(), *self.notes.values(), self.from_image, self._which, self.widget)
        for part in (*controls, *others):
            close_all(part)

    def _build_button(self, kind: str) -> ipywidgets.ToggleButton:
        button = ipywidgets.ToggleButton(
            description=i18n.text(f"panel.tool_{kind}"), tooltip=i18n.text(f"panel.tool_{kind}_tip")
        )
        button.observe(lambda change: self._toggle(kind, on=bool(change["new"])), "value")
        return button

    def _toggle(self, kind: str, *, on: bool) -> None:
        if self._drawing or self._state is None or kind not in self._offered:
            return
        name = self._offered[kind]
        # What can be seen is what is sent: a tool takes its value along, and brings it back.
        if not on:
            self._close(kind)
            if kind == "mask":
                self._on_paint(None if self._mask_is_painted() else self._state.mask)
            else:
                self._on_change(name, None)
            return
        self._opened.add(kind)
        self._closed.discard(kind)
        if kind == "mask" and self.brush is not None and self.brush.mask is not None:
            self._paint()
        elif kind == "mask":
            # A mask that was given before stays until the first stroke.
            self._on_paint(self._state.mask)
        elif kind == "boxes":
            self._on_change(name, self._collect_boxes())
        else:
            if self.palette is None:
                self.palette = self._build_palette(self._state, None)
            self._on_change(name, self.palette.palette)

    def _close(self, kind: str) -> None:
        self._opened.discard(kind)
        self._closed.add(kind)

    def _mask_is_painted(self) -> bool:
        return self._state is not None and self._state.mask == self._painted

    def _opens_itself(self, kind: str, state: PanelState) -> bool:
        name = self._offered[kind]
        required = state.action in state.model.parameters[name].required_for
        if kind == "mask":
            return required and state.mask is None
        return required or name in state.values

    def _build_parts(self, kind: str, state: PanelState) -> list[ipywidgets.Widget]:
        self._note_texts[kind] = ""
        build = {"mask": self._build_brush, "boxes": self._build_box_editors, "palette": self._build_palette_parts}
        try:
            return build[kind](state)
        except (QwaveError, OSError, TypeError, ValueError) as problem:
            # Nothing to work on; the field takes over, and the check reports what is wrong with its value.
            if not isinstance(problem, QwaveError):
                log_problem(f"panel, {kind}", problem)
            self._close(kind)
            if kind != "palette":
                self._show_note(kind, str(problem))
            return []

    def _build_brush(self, state: PanelState) -> list[ipywidgets.Widget]:
        base, model = state.images[0], state.model
        if self.brush is None:
            brush = MaskBrush(base.source, model.mask.alpha if model.mask is not None else None)
            brush.observe(lambda _: self._paint(), "value")
            brush.on_image = self._on_base
            self._sent.add(brush)
            self._sent.watch(brush)
            self.brush, self._brush_base = brush, base
        elif self._brush_base != base:
            # The same control: whoever pasted the image has the focus in it.
            self.brush.change_image(base.source)
            self.brush.alpha = model.mask is None or model.mask.alpha is not False
            self._painted, self._brush_base = None, base
        elif self._painted is not None and state.mask is None:
            # It was taken away elsewhere, so it isn't visible here either.
            self._painted, self.brush.value = None, []
        if model.references.takes_bytes:
            self._show_note("mask", i18n.text("panel.mask_inferred"))
        elif self._painted is not None and state.mask == self._painted:
            self.save_mask()
            path = self._painted.expression
            self._show_note("mask", i18n.text("panel.mask_needs_address", path=path, model=model.id))
        return [self.brush]

    def _paint(self) -> None:
        """Use the brush's mask after a stroke."""
        if self._drawing or self._state is None:
            return
        mask = self.brush.mask if self.brush is not None else None
        if self.brush is None or mask is None:
            self._painted = None
        else:
            content = io.BytesIO()
            # Two colours pack as well quickly as thoroughly, and a stroke has to be answered at once.
            mask.save(content, "PNG", compress_level=1)
            file = self._home / "uploads" / f"mask-{hashlib.sha256(content.getvalue()).hexdigest()[:16]}.png"
            label = i18n.text("panel.painted_mask")
            self._painted = SelectedImage(content.getvalue(), str(file), label, self._brush_base)
        self._on_paint(self._painted)

    def _build_box_editors(self, state: PanelState) -> list[ipywidgets.Widget]:
        given = state.values.get(self._offered["boxes"]) or ()
        for image in self.editors.keys() - {*state.images}:
            self.editors.pop(image).close_all()
        for index, image in enumerate(state.images):
            if image in self.editors or image.is_remote or len(self.editors) >= _MAX_BOX_EDITORS:
                continue
            editor = self.editors[image] = BoxEditor(image.source)
            if index < len(given):
                editor.value = given[index]
            editor.observe(lambda _: self._change_boxes(), "value")
            self._sent.add(editor)
        drawable = [index for index, image in enumerate(state.images) if image in self.editors]
        options = [(str(index + 1), index) for index in drawable]
        if tuple(self._which.options) != tuple(options):
            self._which.options = options
        editor = self.editors[state.images[self._which.value]]
        return [self._which, editor] if len(drawable) > 1 else [editor]

    def _collect_boxes(self) -> list[list[list[int]]] | None:
        images = self._state.images if self._state is not None else ()
        editors = [self.editors.get(image) for image in images]
        boxes = [editor.boxes if editor is not None else [] for editor in editors]
        return boxes if any(boxes) else None

    def _change_boxes(self) -> None:
        if not self._drawing and "boxes" in self._offered:
            self._on_change(self._offered["boxes"], self._collect_boxes())

    def _redraw(self) -> None:
        if not self._drawing and self._state is not None:
            self.draw(self._state)

    def _build_palette_parts(self, state: PanelState) -> list[ipywidgets.Widget]:
        given = state.values.get(self._offered["palette"])
        if self.palette is None:
            self.palette = self._build_palette(state, given)
        elif given is not None and [*given] != self.palette.palette:
            self.palette.value = [*given]
        from_image = bool(state.images) and not state.images[0].is_remote
        return [self.palette, self.from_image] if from_image else [self.palette]

    def _build_palette(self, state: PanelState, given: Iterable[object] | None) -> PaletteEditor:
        decimals = 0 if "whole_palette" in _list_checks(state.model) else 2
        palette = PaletteEditor(None if given is None else [*given], decimals=decimals)
        palette.observe(lambda _: self._change_palette(), "value")
        self._sent.add(palette)
        return palette

    def _change_palette(self) -> None:
        if not self._drawing and self.palette is not None and "palette" in self._offered:
            self._on_change(self._offered["palette"], self.palette.palette)

    def _take_colours(self) -> None:
        if self.palette is None or self._state is None or not self._state.images:
            return
        try:
            editor = PaletteEditor.from_image(self._state.images[0].source)
        except QwaveError as problem:
            with i18n.place("panel"):
                self._show_note("palette", str(problem))
            self.notes["palette"].value = self._note_texts["palette"]
            return
        colours = editor.palette
        editor.close_all()
        self.palette.value = colours

    def _show_note(self, kind: str, text: str) -> None:
        self._note_texts[kind] = render_template("panel_message.html", style_class="qwp-why", text=text)


def _list_tools(state: PanelState) -> dict[str, str]:
    """List the tools that a state has a use for, with the parameter that each fills."""
    action, checks = state.action, _list_checks(state.model)
    tools = {}
    if state.takes_mask and state.images and not state.images[0].is_remote:
        tools["mask"] = "mask"
    for kind, shape, rules in (("boxes", "number[][][]", {"boxes"}), ("palette", "object[]", _PALETTE_RULES)):
        for parameter in state.model.parameters.values():
            if parameter.type == shape and rules & checks and is_shown(parameter, state, action):
                tools[kind] = parameter.name
    if all(image.is_remote for image in state.images):
        tools.pop("boxes", None)
    return tools


def _list_checks(model: Model) -> set[str]:
    return {str(rule.demands["check"]) for rule in model.rules if "check" in rule.demands}
