"""A page that embeds a control's state, as ``ipywidgets.embed`` writes it, has everything that its script needs."""

from __future__ import annotations

import pytest
from ipywidgets.embed import embed_data
from PIL import Image

from qwave_jupyter.widgets.canvas.base import Control
from qwave_jupyter.widgets.canvas.box_editor import BoxEditor
from qwave_jupyter.widgets.canvas.mask_brush import MaskBrush
from qwave_jupyter.widgets.canvas.palette_editor import PaletteEditor
from qwave_jupyter.widgets.panel.panel import panel

pytestmark = pytest.mark.usefixtures("clean_environment")

OPENED = {
    "panel": lambda: panel("a lighthouse").view.widget,
    "brush": lambda: MaskBrush(Image.new("RGB", (64, 48))),
    "boxes": lambda: BoxEditor(Image.new("RGB", (64, 48))),
    "palette": PaletteEditor,
}


def list_controls(widget):
    if isinstance(widget, Control):
        yield widget
    for child in getattr(widget, "children", ()):
        yield from list_controls(child)


@pytest.mark.parametrize("kind", OPENED)
def test_embedded_state_is_whole(kind):
    widget = OPENED[kind]()
    controls = list(list_controls(widget))
    assert len(controls) >= (6 if kind == "panel" else 1)
    # What ipywidgets' own scripts know as defaults is left out; ours know none.
    state = embed_data(views=[widget], drop_defaults=True)["manager_state"]["state"]
    for control in controls:
        embedded = state[control.model_id]["state"]
        assert embedded["_esm"] == control._esm
        assert "render" in embedded["_esm"]
        assert embedded["_view_name"] == "AnyView"
        assert embedded["_view_module"] == "anywidget"
        assert embedded["texts"] == control.texts
    widget.close()


def test_state_of_one_trait_is_that_alone():
    brush = MaskBrush(Image.new("RGB", (64, 48)))
    assert brush.get_state("width") == {"width": 64}
    assert brush.get_state({"width", "height"}, drop_defaults=True) == {"width": 64, "height": 48}
    brush.close()
