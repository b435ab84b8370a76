"""An edition, loaded family by family: look up, filter, check."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from qwave_jupyter import i18n
from qwave_jupyter.catalog.loader import make_edition_error, read_family, read_index
from qwave_jupyter.catalog.model import Model
from qwave_jupyter.catalog.rules import ImageInfo, Violation
from qwave_jupyter.errors import ConfigurationError, UnknownModel
from qwave_jupyter.folders import expand, is_folder
from qwave_jupyter.types import Values

if TYPE_CHECKING:
    from importlib.abc import Traversable

__all__ = ["Catalog", "load"]

_MAX_OTHERS = 4


class Catalog:
    """One dated snapshot of the documented contract."""

    def __init__(
        self,
        edition: str,
        host: str,
        folder: Path | Traversable,
        index: Mapping[str, tuple[str, ...]],
        *,
        supports_idempotency: bool = False,
    ) -> None:
        self.edition = edition
        self.host = host
        self.supports_idempotency = supports_idempotency
        self._folder = folder
        self._index = index
        self._families: dict[str, tuple[Model, ...]] = {}

    def __repr__(self) -> str:
        return f"Catalog({self.edition!r}, {len(self.ids())} model{'s' * (len(self.ids()) != 1)})"

    def __iter__(self) -> Iterator[Model]:
        for file in self._index:
            yield from self._load_family(file)

    def ids(self) -> tuple[str, ...]:
        """Every model id, family by family, without reading the families."""
        return tuple(name for names in self._index.values() for name in names)

    def is_live_only(self, name: str) -> bool:  # noqa: ARG002 - only a live list can
        """Whether an id is usable although no page of the edition knows it."""
        return False

    def model(self, name: str) -> Model:
        """The model of an id; raises UnknownModel, which names the nearest."""
        if not name.strip():
            raise UnknownModel("catalog.no_model_named")
        for file, names in self._index.items():
            if name in names:
                return next(model for model in self._load_family(file) if model.id == name)
        close = difflib.get_close_matches(name.lower()[:200], self.ids(), n=3, cutoff=0.3)
        near = i18n.text("words.did_you_mean", names=close) if close else ""
        given = repr(i18n.printable(name[:80]))
        raise UnknownModel("catalog.unknown_model", given=given, edition=self.edition, near=near, nearest=close)

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
        """The models that can do all that is asked, cheapest first, unpublished prices last."""
        wanted = {"aspect_ratio": aspect_ratio, "resolution": resolution}

        def fits(model: Model) -> bool:
            text = " ".join((model.id, model.family, model.vendor, model.summary, *model.notes)).lower()
            price = model.price.from_usd
            max_references = model.references.maximum if "images" in model.parameters else 0
            prompt = model.parameters.get("prompt")
            return (
                all(word in text for word in words.lower().split())
                and (action is None or action in model.actions)
                and all(value is None or _offers(model, name, value) for name, value in wanted.items())
                and (not references or max_references is None or max_references >= references)
                and (not mask or "mask" in model.parameters)
                and (max_price is None or (price is not None and price <= max_price))
                and (not prompt_chars or prompt is None or prompt.maximum is None or prompt.maximum >= prompt_chars)
            )

        return tuple(sorted(filter(fits, self), key=_rank_by_price))

    def check(
        self,
        model: Model,
        values: Values,
        image_info: ImageInfo = ImageInfo(),  # noqa: B008 - frozen
        unread: tuple[Violation, ...] = (),
    ) -> tuple[Violation, ...]:
        """Every mistake at once, with the models that could do what was asked."""
        found = (*unread, *model.check(values, image_info))
        if model.retired and not model.live:
            gone = Violation("retired", "model", model.id, severity="warn", detail={"date": model.retired})
            found = (gone, *found)
        if all(one.severity != "reject" or one.code in {"empty_prompt", "unreadable"} for one in found):
            return found
        if any(one.severity == "reject" and one.code in _SLIPS for one in found):
            return found
        wrong = {one.parameter for one in found if one.code in {"not_a_choice", "out_of_range"}}
        given = {one.parameter: _to_plain(one.given) for one in unread}
        others = self.find_capable(model, {**values, **given}, image_info, documented=wrong)
        return tuple(
            replace(one, others=others) if one.severity == "reject" and one.code != "empty_prompt" else one
            for one in found
        )

    def find_capable(
        self,
        asked: Model,
        values: Values,
        image_info: ImageInfo = ImageInfo(),  # noqa: B008 - frozen
        *,
        documented: Iterable[str] = (),
        takes_bytes: bool = False,
    ) -> tuple[str, ...]:
        """The other models that take these values, cheapest first; of ``documented`` ones the page must list values."""
        capable: list[str] = []
        options = {name: value for name, value in values.items() if name != "action"}
        for model in sorted(self, key=_rank_by_price):
            if model.id == asked.id or model.retired or any(model.find_parameter(name) is None for name in options):
                continue
            # Below, an action that this model lacks is left out, for it may have been inferred; one that is no model's
            # was asked for.
            if "action" in documented and values.get("action") not in model.actions:
                continue
            if (takes_bytes and not model.references.takes_bytes) or not all(
                _is_bounded(model, name) for name in documented
            ):
                continue
            read, wrong = model.read(options)
            # The action may have been inferred from what the asked model is missing, so that another one fits here.
            actions = (values.get("action"), model.infer_action(read)) if "action" in model.parameters else (None,)
            for action in {one: None for one in actions if one is None or one in model.actions} or (None,):
                attempt = {**read, "action": action} if action else read
                if not wrong and all(one.severity == "warn" for one in model.check(attempt, image_info)):
                    capable.append(model.id)
                    break
            if len(capable) == _MAX_OTHERS:
                break
        return tuple(capable)

    def _load_family(self, file: str) -> tuple[Model, ...]:
        if file not in self._families:
            models = {model.id: model for model in read_family(self._folder / file, self.edition)}
            for name in self._index[file]:
                if name not in models:
                    index = self._folder / "index.json"
                    problem = i18n.text("edition.must_be_file", given=name, file=file)
                    raise make_edition_error(index, f"families.{file}", problem)
            self._families[file] = tuple(models.values())
        return self._families[file]


#: What the user has to correct whatever the model is.
_SLIPS = frozenset({"unreadable", "given_twice", "empty_prompt", "needed_with", "value_needed_with"})


def load(edition: str) -> Catalog:
    """An edition by name, or by the path of a folder, or of a file whose models are added to the default edition."""
    own = expand(edition, "edition") if edition else None
    if own is not None and (own.suffix == ".json" or is_folder(own)):
        return _load_custom(own)
    shipped = files(__package__) / "editions"
    if not edition.replace("-", "").isdigit() or not (shipped / edition / "index.json").is_file():
        raise ConfigurationError("catalog.edition_missing", given=i18n.PrintableValue(edition), allowed=_list_shipped())
    return _load_shipped(edition)


def _list_shipped() -> list[str]:
    return sorted(entry.name for entry in (files(__package__) / "editions").iterdir() if entry.is_dir())


@cache
def _load_shipped(edition: str) -> Catalog:
    folder = files(__package__) / "editions" / edition
    return _load_folder(folder, edition)


def _load_folder(folder: Path | Traversable, name: str) -> Catalog:
    index = read_index(folder / "index.json")
    families = {file: tuple(ids) for file, ids in index["families"].items()}
    has_key = bool(index.get("idempotency_key"))
    return Catalog(index["edition"] or name, index["host"], folder, families, supports_idempotency=has_key)


def _load_custom(path: Path) -> Catalog:
    if is_folder(path):
        return _load_folder(path, path.name)
    models = read_family(path, path.stem)
    base = _load_shipped("2026-04")
    return _ExtendedCatalog(path.stem, base, models)


class _ExtendedCatalog(Catalog):
    """The default edition with models of one's own."""

    def __init__(self, edition: str, base: Catalog, models: tuple[Model, ...]) -> None:
        ids = tuple(model.id for model in models)
        left = {file: tuple(name for name in names if name not in ids) for file, names in base._index.items()}  # noqa: SLF001
        has_key = base.supports_idempotency
        super().__init__(edition, base.host, base._folder, {"": ids, **left}, supports_idempotency=has_key)  # noqa: SLF001
        self._base, self._families[""] = base, models

    def _load_family(self, file: str) -> tuple[Model, ...]:
        if not file:
            return self._families[""]
        return tuple(model for model in self._base._load_family(file) if model.id in self._index[file])  # noqa: SLF001


def _offers(model: Model, name: str, value: str) -> bool:
    parameter = model.parameters.get(name)
    return parameter is not None and parameter.read(value) in parameter.choices


def _to_plain(given: object) -> object:
    """What was given, as rules can compare it: images and arrays compare in ways of their own."""
    return given if isinstance(given, (str, int, float, tuple, list, Mapping)) else f"<{type(given).__name__}>"


def _is_bounded(model: Model, name: str) -> bool:
    # Where a page lists no values, it doesn't say that it takes this one.
    parameter = model.find_parameter(name)
    bounds = (parameter.minimum, parameter.maximum) if parameter is not None else ()
    return parameter is not None and (bool(parameter.choices) or any(bound is not None for bound in bounds))


def _rank_by_price(model: Model) -> tuple[bool, float, str]:
    price = model.price.from_usd
    return price is None, price or 0.0, model.id
