"""The canvas controls in a real kernel: what travels when they open, and what a frontend's message does."""

from __future__ import annotations

import json
import sys

import nbformat
import pytest
from nbclient import NotebookClient
from nbconvert import HTMLExporter
from PIL import Image

pytestmark = pytest.mark.kernel

STROKE = {"kind": "paint", "size": 100, "points": [[200, 150], [400, 150]]}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder with a photo of twelve megapixels."""
    made = tmp_path_factory.mktemp("canvas")
    Image.effect_noise((4000, 3000), 90).convert("RGB").save(made / "photo.jpg", quality=92)
    return made


def messages_of(kernel, cell):
    """Run a cell; every message that it caused."""
    begins = len(kernel.said)
    reply, text, sent = kernel.said_by(cell)
    assert reply["status"] == "ok", text
    return [one for one in kernel.said[begins:] if one["parent_header"].get("msg_id") == sent]


def printed(kernel, cell):
    return json.loads(kernel.said_by(cell)[1])


def opened(messages, kind):
    """The comm of a control."""
    for message in messages:
        if message["msg_type"] == "comm_open":
            state = message["content"]["data"]["state"]
            if str(state.get("_anywidget_id", "")).endswith(kind):
                return message["content"]["comm_id"]
    raise AssertionError(messages)


def weight(messages):
    """What a frontend gets, in bytes."""
    return sum(len(json.dumps(one["content"])) + sum(len(part) for part in one["buffers"]) for one in messages)


def tell(kernel, comm, **state):
    """Send what a frontend sends. Without a subshell it is handled before the next cell."""
    content = {"comm_id": comm, "data": {"method": "update", "state": state, "buffer_paths": []}}
    kernel.client.shell_channel.send(kernel.client.session.msg("comm_msg", content))


@pytest.mark.parametrize(
    ("cell", "kind"),
    [
        ('mask = qwave.paint_mask("photo.jpg")', "MaskBrush"),
        ('boxes = qwave.draw_boxes("photo.jpg")', "BoxEditor"),
        ('palette = PaletteEditor.from_image("photo.jpg")', "PaletteEditor"),
    ],
)
def test_control_opens_and_hears(kernel, cell, kind):
    messages_of(
        kernel,
        "import json, qwave_jupyter as qwave\nfrom qwave_jupyter.widgets.canvas.palette_editor import PaletteEditor",
    )
    messages = messages_of(kernel, cell)
    assert 1000 < weight(messages) < 200_000
    shown = [one["content"]["data"] for one in messages if one["msg_type"] == "display_data"]
    assert len(shown) == (kind != "PaletteEditor")
    comm = opened(messages, kind)
    if kind == "MaskBrush":
        tell(kernel, comm, value=[STROKE])
        found = printed(kernel, "print(json.dumps([mask.mask.size, mask.mask.getchannel('A').histogram()[0]]))")
        assert found[0] == [4000, 3000]
        # A bar of 200 by 100 pixels with two half discs.
        assert found[1] == pytest.approx(200 * 100 + 3.14159 * 50**2, rel=0.002)
    elif kind == "BoxEditor":
        tell(kernel, comm, value=[[3900.4, 10, 9999, -50], "no box"])
        assert printed(kernel, "print(json.dumps(boxes.boxes))") == [[3900, 0, 4000, 10]]
    else:
        tell(kernel, comm, value=[{"hex": f"#00000{place}", "ratio": 1} for place in range(7)])
        assert sum(one["ratio"] for one in printed(kernel, "print(json.dumps(palette.palette))")) == 100


def test_control_is_drawn_once(kernel):
    messages_of(kernel, "import qwave_jupyter as qwave")
    messages = messages_of(kernel, 'again = qwave.paint_mask("photo.jpg")\nagain')
    (result,) = [one["content"]["data"] for one in messages if one["msg_type"] == "execute_result"]
    assert result == {"text/plain": "MaskBrush(4000×3000, 0 strokes)"}
    messages = messages_of(kernel, "again")
    (result,) = [one["content"]["data"] for one in messages if one["msg_type"] == "execute_result"]
    assert "application/vnd.jupyter.widget-view+json" in result


@pytest.mark.slow
def test_executed_notebook_has_no_widget(home):
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [
        nbformat.v4.new_code_cell(
            'import qwave_jupyter as qwave\nmask = qwave.paint_mask("photo.jpg")\nmask.mask is None'
        )
    ]
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "python3", "language": "python"}
    client = NotebookClient(notebook, timeout=100, resources={"metadata": {"path": str(home)}})
    client.km = client.create_kernel_manager()
    client.km.kernel_spec.argv[0] = sys.executable
    client.execute()
    shown, result = notebook.cells[0].outputs
    assert set(shown["data"]) == {"text/plain", "text/html"}
    assert result["data"]["text/plain"] == "True"
    page, _ = HTMLExporter().from_notebook_node(notebook)
    assert "--mask mask.png" in page
