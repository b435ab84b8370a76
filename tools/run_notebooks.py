"""Execute the notebooks against the built-in demo, each in a fresh folder; ``--save`` keeps their light outputs.

``python tools/run_notebooks.py [--save] [NOTEBOOK…]``
"""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.kernelspec import KernelSpecManager
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "notebooks"
#: Seconds that one cell may take; a whole notebook takes less on two cores.
CELL_TIMEOUT = 90
_KEPT_METADATA = frozenset({"tags"})


def execute(notebook: Any, folder: Path, *, timeout: int = CELL_TIMEOUT) -> Any:
    """Execute a notebook in a folder, with this Python's kernel and the demo, and without a key.

    Args:
        notebook: what :func:`nbformat.read` gave; its outputs are filled.
        folder: the working directory; journal and images are kept there too.
        timeout: seconds for each cell.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("QWAVE_", "WAVE"))}
    environment.update(QWAVE_DEMO="1", QWAVE_HOME=str(folder / "home"), QWAVE_SAVE_DIR=str(folder / "qwave-images"))
    resources = {"metadata": {"path": str(folder)}}
    client = NotebookClient(notebook, kernel_name="qwave-demo", resources=resources, timeout=timeout)
    manager = client.create_kernel_manager()
    manager.kernel_spec_manager = KernelSpecManager(kernel_dirs=[str(_kernels(folder))], ensure_native_kernel=False)
    client.execute(env=environment)
    return notebook


def lightened(notebook: Any, folder: Path) -> Any:
    """What of an executed notebook is kept: outputs without the folder's name, widgets as their text.

    Args:
        notebook: an executed notebook.
        folder: where it was executed.
    """
    notebook.metadata.pop("widgets", None)
    for cell in notebook.cells:
        cell.metadata = {name: value for name, value in cell.metadata.items() if name in _KEPT_METADATA}
        for output in cell.get("outputs", ()):
            output.get("data", {}).pop("application/vnd.jupyter.widget-view+json", None)
    text = nbformat.writes(notebook)
    text = text.replace(f"{folder}{os.sep}", "").replace(str(folder), ".")
    # The demo's port is another one each time.
    return nbformat.reads(re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:8000", text), as_version=4)


def main(arguments: list[str]) -> int:
    """Execute those that are named, or all."""
    save = "--save" in arguments
    named = [Path(one) for one in arguments if not one.startswith("-")] or sorted(FOLDER.glob("*.ipynb"))
    for path in named:
        started = time.monotonic()
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            notebook = execute(nbformat.read(path, as_version=4), folder)
            if save:
                nbformat.write(lightened(notebook, folder), path)
        sys.stdout.write(f"{path.name}: {time.monotonic() - started:.0f} s, {path.stat().st_size / 1e3:.0f} KB\n")
        sys.stdout.flush()
    return 0


def _kernels(folder: Path) -> Path:
    # A kernel of this very Python, whatever kernels the machine knows besides.
    kernels = folder / "home" / "kernels"
    (kernels / "qwave-demo").mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec = {"argv": command, "display_name": "qwave demo", "language": "python"}
    (kernels / "qwave-demo" / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")
    return kernels


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
