"""The keyboard in the panel and the editors: which keys do what, and keys kept in the control that has the focus."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import anywidget

from qwave_jupyter import i18n, threads
from qwave_jupyter.types import JSONObject

__all__ = [
    "GROUPS",
    "KEYS_SCRIPT",
    "SHORTCUTS",
    "SHORTCUTS_SCRIPT",
    "SHORTCUTS_STYLE",
    "KeyGuard",
    "Shortcut",
    "describe_shortcuts",
    "format_hint",
]

SHORTCUTS_SCRIPT, SHORTCUTS_STYLE = (
    Path(__file__).with_name(f"shortcut_list.{kind}").read_text(encoding="utf-8") for kind in ("js", "css")
)
#: The script that keeps keys in the control that has the focus; once on a page is enough.
KEYS_SCRIPT = Path(__file__).with_name("keyboard.js").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Shortcut:
    """What keys do; ``hinted`` ones are named below the editor, too."""

    keys: str
    action: str
    hinted: bool = False


_ZOOM = (Shortcut("+ −", "zoom"), Shortcut("0", "fit"), Shortcut("1", "full_size"))
SHORTCUTS: dict[str, tuple[Shortcut, ...]] = {
    "panel": (
        Shortcut("?", "help"),
        Shortcut("Tab", "next_control"),
        Shortcut("← → ↑ ↓", "next_choice"),
        Shortcut("Enter", "press"),
        Shortcut("↓", "open_models"),
        Shortcut("Ctrl+S", "save_notebook"),
    ),
    "prompt": (
        Shortcut("Ctrl+Enter", "generate"),
        Shortcut("↑", "earlier_prompt"),
        Shortcut("↓", "later_prompt"),
    ),
    "results": (
        Shortcut("Enter", "enlarge"),
        Shortcut("← →", "next_image"),
        Shortcut("1", "full_size"),
        Shortcut("0", "fit"),
        Shortcut("Esc", "close"),
    ),
    "brush": (
        Shortcut("← → ↑ ↓", "move_pointer"),
        Shortcut("Shift+← → ↑ ↓", "move_by_pixel"),
        Shortcut("{space}", "paint"),
        Shortcut("[ ]", "size", hinted=True),
        Shortcut("E", "erase", hinted=True),
        Shortcut("B", "brush_again"),
        Shortcut("Z", "undo", hinted=True),
        Shortcut("Shift+Z / Y", "redo"),
        Shortcut("I", "invert", hinted=True),
        Shortcut("Ctrl+V", "take_image", hinted=True),
        Shortcut("Esc", "cancel_stroke"),
        Shortcut("Ctrl+{wheel}", "zoom", hinted=True),
        *_ZOOM,
    ),
    "boxes": (
        Shortcut("Tab", "next_box"),
        Shortcut("← → ↑ ↓", "move_box", hinted=True),
        Shortcut("Shift+← → ↑ ↓", "resize_box", hinted=True),
        Shortcut("Ctrl+← → ↑ ↓", "move_ten", hinted=True),
        Shortcut("Delete", "delete_box", hinted=True),
        Shortcut("Esc", "cancel_drag"),
        Shortcut("Ctrl+{wheel}", "zoom"),
        *_ZOOM,
    ),
    "palette": (
        Shortcut("← →", "move_border", hinted=True),
        Shortcut("PageUp / PageDown", "move_border_ten", hinted=True),
    ),
}
#: In the order in which a panel shows them.
GROUPS = tuple(SHORTCUTS)


def describe_shortcuts(*groups: str) -> JSONObject:
    """Describe groups of keys as the browser shows them."""
    described = [
        {
            "title": i18n.text(f"shortcuts.group_{group}"),
            "rows": [[_format_keys(one), i18n.text(f"shortcuts.{one.action}")] for one in SHORTCUTS[group]],
        }
        for group in groups
    ]
    names = ("title", "button", "close")
    return {"groups": described, **{name: i18n.text(f"shortcuts.list_{name}") for name in names}}


def format_hint(group: str) -> str:
    """Format the line below an editor: its most important keys."""
    hinted = (one for one in SHORTCUTS[group] if one.hinted)
    return " · ".join(f"{_format_keys(one)} {i18n.text(f'shortcuts.hint_{one.action}')}" for one in hinted)


def _format_keys(shortcut: Shortcut) -> str:
    return shortcut.keys.format(space=i18n.text("shortcuts.key_space"), wheel=i18n.text("shortcuts.key_wheel"))


class KeyGuard(anywidget.AnyWidget):  # type: ignore[misc]
    """Brings the script to the page, and shows nothing; every card that is open has the same one."""

    _esm = KEYS_SCRIPT + "export default { render() { keepKeys(); } };\n"

    _shared: ClassVar[KeyGuard | None] = None
    _cards: ClassVar[int] = 0
    _lock: ClassVar[threading.Lock] = threads.fork_safe(threading.Lock())

    # Static: anywidget gives each widget a class of its own.
    @staticmethod
    def acquire() -> KeyGuard:
        """Return the one for a card that opens; it goes with the last of them, by ``release``."""
        with KeyGuard._lock:
            KeyGuard._cards += 1
            if KeyGuard._shared is None or KeyGuard._shared.comm is None:
                # Hidden by its layout: where no script of ours can be loaded, an error stands in its place.
                KeyGuard._shared = KeyGuard(layout={"display": "none"})
            return KeyGuard._shared

    @staticmethod
    def release() -> None:
        """A card has closed."""
        with KeyGuard._lock:
            KeyGuard._cards = max(0, KeyGuard._cards - 1)
            if KeyGuard._cards == 0 and KeyGuard._shared is not None:
                KeyGuard._shared.layout.close()
                KeyGuard._shared.close()
                KeyGuard._shared = None
