"""An edition, loaded family by family: look up, filter, check."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qwave_jupyter import i18n
from qwave_jupyter.catalog.loader import edition_error, read_family, read_index
from qwave_jupyter.catalog.model import Model
from qwave_jupyter.catalog.rules import ImageInfo
from qwave_jupyter.catalog.violations import Violation
from qwave_jupyter.errors import ConfigurationError, UnknownModel

if TYPE_CHECKING:
    from importlib.abc import Traversable

__all__ = ["Catalog", "load"]

_MAX_OTHERS = 4


class Catalog:
    """One dated snapshot of the documented contract.

    Args:
        edition: its name, such as ``2026-04``.
        host: the API's host of that time.
        folder: where its files are.
        index: family file name to the model ids in it.
        has_idempotency_key: whether its contract has the header ``Idempotency-Key``, with which repeating is safe.
    """

    def __init__(
        self,
        edition: str,
        host: str,
        folder: Path | Traversable,
        index: Mapping[str, tuple[str, ...]],
        *,
        has_idempotency_key: bool = False,
    ) -> None:
        self.edition = edition
        self.host = host
        self.has_idempotency_key = has_idempotency_key
        self._folder = folder
        self._index = index
        self._families: dict[str, tuple[Model, ...]] = {}

    def __repr__(self) -> str:
        return f"Catalog({self.edition!r}, {len(self.ids())} models)"

    def __iter__(self) -> Iterator[Model]:
        for file in self._index:
            yield from self._family(file)

    def ids(self) -> tuple[str, ...]:
        """Every model id, family by family, without reading the families."""
        return tuple(name for names in self._index.values() for name in names)

    def lists(self, name: str) -> bool:  # noqa: ARG002 - only a live list can
        """Whether an id is usable although no page of the edition knows it."""
        return False

    def model(self, name: str) -> Model:
        """The model of an id.

        Raises:
            UnknownModel: no such id; the nearest is named.

        Example:
            >>> load("2026-04").model("gpt-image-2").actions
            ('generate', 'image2image', 'edit', 'reference', 'inpaint')
        """
        for file, names in self._index.items():
            if name in names:
                return next(model for model in self._family(file) if model.id == name)
        close = difflib.get_close_matches(name.lower()[:200], self.ids(), n=3, cutoff=0.3)
        near = i18n.say("words.did_you_mean", names=close) if close else ""
        shown = "".join(character if character.isprintable() else "�" for character in name[:80])
        raise UnknownModel("catalog.unknown_model", given=repr(shown), edition=self.edition, near=near, nearest=close)

    def find(
        self,
        words: str = "",
        *,
        action: str | None = None,
        aspect_ratio: str | None = None,
        resolution: str | None = None,
        references: int | None = None,
        mask: bool = False,
        max_price: float | None = None,
        prompt_chars: int | None = None,
    ) -> tuple[Model, ...]:
        """The models that can do all that is asked, cheapest first, unpublished prices last.

        Args:
            words: words that must all stand in id, family, vendor, summary or notes.
            action: an action by its API name.
            aspect_ratio: such as ``16:9``.
            resolution: such as ``2k``, in any spelling.
            references: how many reference images.
            mask: whether a mask is taken.
            max_price: USD per image at most.
            prompt_chars: the length of the prompt.
        """
        wanted = {"aspect_ratio": aspect_ratio, "resolution": resolution}

        def fits(model: Model) -> bool:
            text = " ".join((model.id, model.family, model.vendor, model.summary, *model.notes)).lower()
            price = model.price.from_usd
            most = model.references.maximum
            prompt = model.parameters.get("prompt")
            return (
                all(word in text for word in words.lower().split())
                and (action is None or action in model.actions)
                and all(value is None or _has(model, name, value) for name, value in wanted.items())
                and (not references or ("images" in model.parameters and (most is None or most >= references)))
                and (not mask or "mask" in model.parameters)
                and (max_price is None or (price is not None and price <= max_price))
                and (not prompt_chars or prompt is None or prompt.maximum is None or prompt.maximum >= prompt_chars)
            )

        return tuple(sorted(filter(fits, self), key=_by_price))

    def check(
        self,
        model: Model,
        values: Mapping[str, Any],
        image_info: ImageInfo = ImageInfo(),  # noqa: B008 - frozen
        unread: tuple[Violation, ...] = (),
    ) -> tuple[Violation, ...]:
        """Every mistake at once, with the models that could do what was asked.

        Args:
            model: the model that was asked.
            values: what :meth:`Model.read` returned.
            image_info: what is known of the images.
            unread: what :meth:`Model.read` could not read.
        """
        found = (*unread, *model.check(values, image_info))
        if model.retired and not model.live:
            gone = Violation("retired", "model", model.id, severity="warn", detail={"date": model.retired})
            found = (gone, *found)
        if all(one.severity != "reject" or one.code in {"empty_prompt", "unreadable"} for one in found):
            return found
        others = self._capable_models(model, {**values, **{one.parameter: one.given for one in unread}}, image_info)
        return tuple(
            replace(one, others=others) if one.severity == "reject" and one.code != "empty_prompt" else one
            for one in found
        )

    def _capable_models(self, asked: Model, values: Mapping[str, Any], image_info: ImageInfo) -> tuple[str, ...]:
        able = []
        options = {name: value for name, value in values.items() if name != "action"}
        for model in sorted(self, key=_by_price):
            if model.id == asked.id or model.retired or any(model.named(name) is None for name in options):
                continue
            read, wrong = model.read(options)
            # The action may have been inferred from what the asked model is missing, so that another one fits here.
            actions = (values.get("action"), model.fitting_action(read)) if "action" in model.parameters else (None,)
            for action in {one: None for one in actions if one is None or one in model.actions} or (None,):
                tried = {**read, "action": action} if action else read
                if not wrong and all(one.severity == "warn" for one in model.check(tried, image_info)):
                    able.append(model.id)
                    break
            if len(able) == _MAX_OTHERS:
                break
        return tuple(able)

    def _family(self, file: str) -> tuple[Model, ...]:
        if file not in self._families:
            models = {model.id: model for model in read_family(self._folder / file, self.edition)}
            for name in self._index[file]:
                if name not in models:
                    index = self._folder / "index.json"
                    problem = i18n.say("edition.must_be_file", given=name, file=file)
                    raise edition_error(index, f"families.{file}", problem)
            self._families[file] = tuple(models.values())
        return self._families[file]


def load(edition: str) -> Catalog:
    """An edition by name, or by the path of a folder or of a single file of one's own.

    A single file stands beside the default edition: its models are added, and replace those of the same id.

    Raises:
        ConfigurationError: no such edition, or a file that can't be used.

    Example:
        >>> load("2026-04").host
        'https://www.qingbo.dev'
    """
    own = Path(edition).expanduser()
    if own.suffix == ".json" or own.is_dir():
        return _load_custom(own)
    shipped = files(__package__) / "editions"
    if not edition.replace("-", "").isdigit() or not (shipped / edition / "index.json").is_file():
        names = sorted(entry.name for entry in shipped.iterdir() if entry.is_dir())
        raise ConfigurationError("catalog.edition_missing", given=edition, allowed=names)
    return _load_shipped(edition)


@cache
def _load_shipped(edition: str) -> Catalog:
    folder = files(__package__) / "editions" / edition
    return _from_folder(folder, edition)


def _from_folder(folder: Path | Traversable, name: str) -> Catalog:
    index = read_index(folder / "index.json")
    families = {file: tuple(ids) for file, ids in index["families"].items()}
    has_key = bool(index.get("idempotency_key"))
    return Catalog(index["edition"] or name, index["host"], folder, families, has_idempotency_key=has_key)


def _load_custom(path: Path) -> Catalog:
    if path.is_dir():
        return _from_folder(path, path.name)
    models = read_family(path, path.stem)
    base = _load_shipped("2026-04")
    return _ExtendedCatalog(path.stem, base, models)


class _ExtendedCatalog(Catalog):
    """The default edition with models of one's own."""

    def __init__(self, edition: str, base: Catalog, models: tuple[Model, ...]) -> None:
        ids = tuple(model.id for model in models)
        left = {file: tuple(name for name in names if name not in ids) for file, names in base._index.items()}  # noqa: SLF001
        has_key = base.has_idempotency_key
        super().__init__(edition, base.host, base._folder, {"": ids, **left}, has_idempotency_key=has_key)  # noqa: SLF001
        self._base, self._families[""] = base, models

    def _family(self, file: str) -> tuple[Model, ...]:
        if not file:
            return self._families[""]
        return tuple(model for model in self._base._family(file) if model.id in self._index[file])  # noqa: SLF001


def _has(model: Model, name: str, value: str) -> bool:
    parameter = model.parameters.get(name)
    return parameter is not None and parameter.read(value) in parameter.choices


def _by_price(model: Model) -> tuple[bool, float, str]:
    price = model.price.from_usd
    return price is None, price or 0.0, model.id
