"""The canvas controls in a real kernel: what travels when they open, and what a frontend's message does."""

from __future__ import annotations

import json
import sys
import time

import nbformat
import pytest
from jupyter_client.manager import KernelManager
from nbclient import NotebookClient
from nbconvert import HTMLExporter
from PIL import Image

pytestmark = pytest.mark.kernel

STROKE = {"kind": "paint", "size": 100, "points": [[200, 150], [400, 150]]}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("canvas")
    Image.effect_noise((4000, 3000), 90).convert("RGB").save(made / "photo.jpg", quality=92)
    return made


@pytest.fixture(scope="module")
def client(folder):
    manager = KernelManager(kernel_name="python3")
    manager.kernel_spec.argv[0] = sys.executable
    manager.start_kernel(cwd=str(folder))
    started = manager.client()
    started.start_channels()
    started.wait_for_ready(timeout=60)
    yield started
    started.stop_channels()
    manager.shutdown_kernel(now=True)
    manager.cleanup_resources()


def run(client, cell):
    """Run a cell; every message that it caused."""
    sent = client.execute(cell, allow_stdin=True)
    ends, messages = time.monotonic() + 60, []
    while time.monotonic() < ends:
        message = client.get_iopub_msg(timeout=60)
        if message["parent_header"].get("msg_id") != sent:
            continue
        messages.append(message)
        if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
            break
    assert not [one["content"] for one in messages if one["msg_type"] == "error"]
    return messages


def printed(client, cell):
    return json.loads("".join(one["content"]["text"] for one in run(client, cell) if one["msg_type"] == "stream"))


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


def tell(client, comm, **state):
    """Send what a frontend sends."""
    content = {"comm_id": comm, "data": {"method": "update", "state": state, "buffer_paths": []}}
    client.shell_channel.send(client.session.msg("comm_msg", content))


@pytest.mark.parametrize(
    ("cell", "kind"),
    [
        ('mask = qwave.paint_mask("photo.jpg")', "MaskBrush"),
        ('boxes = qwave.draw_boxes("photo.jpg")', "BoxEditor"),
        ('palette = PaletteEditor.from_picture("photo.jpg")', "PaletteEditor"),
    ],
)
def test_a_control_opens_for_less_than_200_kb_and_hears_its_frontend(client, cell, kind):
    run(client, "import json, qwave_jupyter as qwave\nfrom qwave_jupyter.notebook.canvas import PaletteEditor")
    messages = run(client, cell)
    assert 1000 < weight(messages) < 200_000
    shown = [one["content"]["data"] for one in messages if one["msg_type"] == "display_data"]
    assert len(shown) == (kind != "PaletteEditor")
    comm = opened(messages, kind)
    if kind == "MaskBrush":
        tell(client, comm, value=[STROKE])
        found = printed(client, "print(json.dumps([mask.mask.size, mask.mask.getchannel('A').histogram()[0]]))")
        assert found[0] == [4000, 3000]
        # A bar of 200 by 100 pixels with two half discs.
        assert found[1] == pytest.approx(200 * 100 + 3.14159 * 50**2, rel=0.002)
    elif kind == "BoxEditor":
        tell(client, comm, value=[[3900.4, 10, 9999, -50], "no box"])
        assert printed(client, "print(json.dumps(boxes.boxes))") == [[3900, 0, 4000, 10]]
    else:
        tell(client, comm, value=[{"hex": f"#00000{place}", "ratio": 1} for place in range(7)])
        assert sum(one["ratio"] for one in printed(client, "print(json.dumps(palette.palette))")) == 100


def test_shown_and_last_in_its_cell_it_is_drawn_once(client):
    run(client, "import qwave_jupyter as qwave")
    messages = run(client, 'again = qwave.paint_mask("photo.jpg")\nagain')
    (result,) = [one["content"]["data"] for one in messages if one["msg_type"] == "execute_result"]
    assert result == {"text/plain": "MaskBrush(4000×3000, 0 strokes)"}
    messages = run(client, "again")
    (result,) = [one["content"]["data"] for one in messages if one["msg_type"] == "execute_result"]
    assert "application/vnd.jupyter.widget-view+json" in result


def test_an_executed_notebook_says_what_to_do_instead_of_holding_a_dead_widget(folder):
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [
        nbformat.v4.new_code_cell(
            'import qwave_jupyter as qwave\nmask = qwave.paint_mask("photo.jpg")\nmask.mask is None'
        )
    ]
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "python3", "language": "python"}
    NotebookClient(notebook, resources={"metadata": {"path": str(folder)}}).execute()
    shown, result = notebook.cells[0].outputs
    assert set(shown["data"]) == {"text/plain", "text/html"}
    assert result["data"]["text/plain"] == "True"
    page, _ = HTMLExporter().from_notebook_node(notebook)
    assert "--mask mask.png" in page
