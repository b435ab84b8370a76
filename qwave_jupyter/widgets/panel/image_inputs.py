"""References and mask of a panel: what was asked of them, and how they are shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from qwave_jupyter import i18n
from qwave_jupyter.catalog import Model
from qwave_jupyter.errors import QwaveError
from qwave_jupyter.images.gallery import GeneratedImage
from qwave_jupyter.jobs import references
from qwave_jupyter.widgets.panel import image_strip
from qwave_jupyter.widgets.panel.image_strip import ReferencesStrip
from qwave_jupyter.widgets.panel.state import PanelState, Picked, with_pictures
from qwave_jupyter.widgets.panel.validation import Remembered

__all__ = ["PanelPictures"]

_MOST_THUMBS = 100


class PanelPictures:
    """The two strips of a panel.

    Args:
        several: the references.
        mask: the mask.
        remembered: pictures that were read before.
    """

    def __init__(self, several: ReferencesStrip, mask: ReferencesStrip, remembered: Remembered) -> None:
        self._several = several
        self._mask = mask
        self._remembered = remembered
        self._thumbs: dict[str, str] = {}
        self.earlier: Sequence[GeneratedImage] = ()

    def after(
        self, state: PanelState, asked: tuple[str, str, Any, Any], variables: Mapping[str, Any], home: Path
    ) -> PanelState:
        """The state after something was asked of the references (``images``) or of the ``mask``.

        Args:
            state: the state before.
            asked: the parameter; ``add`` (text), ``upload`` (bytes and name), ``earlier``, ``remove`` or ``move``
                (places); what belongs to it; the name of an upload, or by how much to move.
            variables: the notebook's variables.
            home: the folder of ours where uploads are kept.

        Raises:
            ReferenceMistake: an upload that is no picture.
        """
        parameter, kind, value, more = asked
        several = list(state.picked if parameter == "images" else filter(None, [state.mask]))
        if kind == "add":
            several.append(image_strip.pick_text(value, variables))
        elif kind == "upload":
            several.append(image_strip.kept(value, home, more))
        elif kind == "earlier" and 0 <= value < len(self.earlier):
            several.append(image_strip.pick_earlier(self.earlier[value]))
        elif kind == "remove" and 0 <= value < len(several):
            del several[value]
        elif kind == "move" and 0 <= value < len(several) and isinstance(more, int):
            several.insert(max(0, value + more), several.pop(value))
        if parameter == "mask":
            return replace(state, mask=several[-1] if several else None)
        return with_pictures(state, tuple(several))

    def offer(self, earlier: Sequence[GeneratedImage]) -> None:
        """Offer earlier results as references.

        Args:
            earlier: the pictures, newest first.
        """
        self.earlier = tuple(earlier)
        self._several.earlier = [f"{place}. {one.alt[:40]}" for place, one in enumerate(self.earlier, 1)]

    def draw(self, state: PanelState, *, painting: bool) -> None:
        """Show the pictures of a state.

        Args:
            state: the state.
            painting: whether the mask can be seen on the brush, so that it isn't shown twice.
        """
        model, most = state.model, state.most_images
        used = len(state.images)
        self._several.items = [
            self._item(one, "images", state, used=place < used) for place, one in enumerate(state.picked)
        ]
        self._several.hint = _hint(model, most)
        self._several.full = most is not None and len(state.picked) >= most
        wanted = state.takes_mask and bool(state.picked or state.mask) and not painting
        self._mask.layout.display = "" if wanted else "none"
        mask = state.mask if wanted else None
        self._mask.items = [self._item(mask, "mask", state, used=True)] if mask is not None else []
        self._mask.hint = i18n.say("panel.by_url_only") if not model.references.takes_bytes else ""
        self._mask.full = state.mask is not None

    def _item(self, picked: Picked, parameter: str, state: PanelState, used: bool) -> dict[str, Any]:
        if picked.written not in self._thumbs:
            if len(self._thumbs) >= _MOST_THUMBS:
                self._thumbs.clear()
            self._thumbs[picked.written] = image_strip.thumbnail(picked)
        several = len(list(references.each(picked.source)))
        item: dict[str, Any] = {"label": picked.label, "thumb": self._thumbs[picked.written]}
        if several > 1:
            item["label"] = f"{picked.label} ×{several}"
        found = self._remembered.of(picked, parameter, state.model)
        if isinstance(found, QwaveError):
            item["wrong"] = str(found)
        if not used:
            item["unused"] = True
        return item


def _hint(model: Model, most: int | None) -> str:
    parts = [] if most is None else [i18n.say("panel.up_to", count=most)]
    if not model.references.takes_bytes:
        parts.append(i18n.say("panel.by_url_only"))
    return " · ".join(parts)
