"""What ``make demo`` does: execute the first notebook against the built-in demo in a fresh folder."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from pathlib import Path

import nbformat
from jupyter_client.kernelspec import KernelSpecManager
from nbclient import NotebookClient
from nbconvert import HTMLExporter

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOK = ROOT / "notebooks" / "01-quickstart.ipynb"
OUTPUT = ROOT / "demo-output"


def main() -> int:
    """Execute, convert, and say where everything lies."""
    started = time.monotonic()
    shutil.rmtree(OUTPUT, ignore_errors=True)
    OUTPUT.mkdir()
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("QWAVE_", "WAVE"))}
    environment.update(QWAVE_DEMO="1", QWAVE_HOME=str(OUTPUT / "home"), QWAVE_SAVE_DIR=str(OUTPUT / "qwave-images"))
    os.environ.clear()
    os.environ.update(environment)
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    client = NotebookClient(notebook, kernel_name=_kernel(), resources={"metadata": {"path": str(OUTPUT)}}, timeout=120)
    client.execute()
    executed = OUTPUT / NOTEBOOK.name
    nbformat.write(notebook, executed)
    page = executed.with_suffix(".html")
    page.write_text(HTMLExporter().from_notebook_node(notebook)[0], encoding="utf-8")
    images = sorted((OUTPUT / "qwave-images").glob("*[0-9].*g"))
    sys.stdout.write(
        f"\n{len(images)} images in {time.monotonic() - started:.0f} s, made by the demo on this machine:\n"
        f"  notebook  {executed}\n  page      {page}\n  images  {OUTPUT / 'qwave-images'}\n"
        "Open it live with: make lab\n"
    )
    return 0 if images else 1


def _kernel() -> str:
    # A kernel of this very Python, whatever kernels the machine knows besides.
    folder = OUTPUT / "home" / "jupyter" / "kernels" / "qwave-demo"
    folder.mkdir(parents=True)
    command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec = {"argv": command, "display_name": "qwave demo", "language": "python"}
    (folder / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")
    os.environ["JUPYTER_PATH"] = str(folder.parent.parent)
    KernelSpecManager().get_kernel_spec("qwave-demo")
    return "qwave-demo"


if __name__ == "__main__":
    sys.exit(main())
