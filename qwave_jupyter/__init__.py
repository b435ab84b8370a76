"""Images from prompts in a notebook: the Jupyter/IPython extension for the QWave image API.

In a notebook::

    %load_ext qwave_jupyter

    %%qwave -m gpt-image-2 --aspect-ratio 16:9
    A futuristic city at night, neon on wet streets

and the same from Python::

    import qwave_jupyter as qwave
    gallery = qwave.generate("a cat", model="gpt-image-2", aspect_ratio="16:9")

Names are imported when they are first used, so that loading the extension costs next to nothing.
"""

from __future__ import annotations

# The interpreter's end waits for threads only where this was imported before it.
import threading  # noqa: F401
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from qwave_jupyter.api import balance as balance
    from qwave_jupyter.api import batch as batch
    from qwave_jupyter.api import build as build
    from qwave_jupyter.api import configure as configure
    from qwave_jupyter.api import cost as cost
    from qwave_jupyter.api import generate as generate
    from qwave_jupyter.api import history as history
    from qwave_jupyter.api import model as model
    from qwave_jupyter.api import models as models
    from qwave_jupyter.api import resume as resume
    from qwave_jupyter.api import submit as submit
    from qwave_jupyter.api import use_demo as use_demo
    from qwave_jupyter.errors import QwaveError as QwaveError
    from qwave_jupyter.images.gallery import Gallery as Gallery
    from qwave_jupyter.images.gallery import GeneratedImage as GeneratedImage
    from qwave_jupyter.images.metadata import read_provenance as read_provenance
    from qwave_jupyter.jobs.job import Job as Job
    from qwave_jupyter.jobs.job import as_completed as as_completed
    from qwave_jupyter.session import Session as Session
    from qwave_jupyter.widgets.canvas.box_editor import draw_boxes as draw_boxes
    from qwave_jupyter.widgets.canvas.mask_brush import paint_mask as paint_mask
    from qwave_jupyter.widgets.panel.panel import panel as panel

__version__ = "0.2.0"

__all__ = [
    "Gallery",
    "GeneratedImage",
    "Job",
    "QwaveError",
    "Session",
    "as_completed",
    "balance",
    "batch",
    "build",
    "configure",
    "cost",
    "draw_boxes",
    "generate",
    "history",
    "load_ipython_extension",
    "model",
    "models",
    "paint_mask",
    "panel",
    "read_provenance",
    "resume",
    "submit",
    "unload_ipython_extension",
    "use_demo",
]

_MODULES = {
    name: module
    for module, names in {
        "api": "balance batch build configure cost generate history model models resume submit use_demo",
        "errors": "QwaveError",
        "images.gallery": "Gallery GeneratedImage",
        "images.metadata": "read_provenance",
        "jobs.job": "Job as_completed",
        "session": "Session",
        "widgets.canvas.box_editor": "draw_boxes",
        "widgets.canvas.mask_brush": "paint_mask",
        "widgets.panel.panel": "panel",
    }.items()
    for name in names.split()
}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    value: object = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def load_ipython_extension(ip: InteractiveShell) -> None:
    """What ``%load_ext qwave_jupyter`` calls."""
    from qwave_jupyter.magics import extension

    extension.load(ip)


def unload_ipython_extension(ip: InteractiveShell) -> None:
    """What ``%unload_ext qwave_jupyter`` calls; it leaves nothing behind."""
    from qwave_jupyter.magics import extension

    extension.unload(ip)
