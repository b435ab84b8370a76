"""What is configured, and the one place that wires the floors together.

Each source overrides the one before: built-in default, environment, overrides (``%config QWave.…``,
:func:`configure`), the option on the cell. The environment is read whenever a request is made, never at import.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qwave_jupyter import credentials, forking, frontend, i18n
from qwave_jupyter.amounts import read_amount
from qwave_jupyter.errors import ConfigurationError

if TYPE_CHECKING:
    from qwave_jupyter.catalog import Catalog, Model
    from qwave_jupyter.demo.embedded import OwnDemo
    from qwave_jupyter.demo.server import DemoServer
    from qwave_jupyter.jobs.context import Workbench

__all__ = [
    "Settings",
    "catalog",
    "configure",
    "current",
    "demo_server",
    "demo_switches",
    "key",
    "learn",
    "overrides",
    "save_folder",
    "serves_demo",
    "stop_demo",
    "tell_demo_once",
    "use_demo",
    "workbench",
]

_BASE_URL_VARIABLES = ("QWAVE_BASE_URL", "WAVEAPI_BASE_URL")
_DISPLAYS = ("auto", "widget", "html", "text")
_EMBEDS = ("preview", "full", "link")
_TRUE_WORDS = ("1", "true", "yes", "on")
_FALSE_WORDS = ("0", "false", "no", "off", "")


@dataclass(frozen=True)
class Settings:
    """One consistent set of settings.

    Args:
        base_url: the API's address with or without ``/v1``; None for the edition's own host.
        edition: a documented contract, ``"2026-04"`` or ``"2026-09"``, or the path of an edition of one's own.
        model: the model of a cell that names none.
        timeout: seconds to wait for a job; None for 300, and 600 at 4k.
        max_cost: USD that one request may cost, or None.
        budget: USD that all requests of this kernel may cost together, or None.
        preview_px: the long side of inline previews in pixels, 64 to 4096.
        display: ``auto``, ``widget``, ``html`` or ``text``.
        embed: what a notebook keeps of a picture: ``preview``, ``full`` or ``link``.
        home: the folder of the journal, previews and stored references.
        save_dir: the folder of finished pictures; None for ``qwave-images`` beside the notebook.
        demo: True for the built-in demo, False for never, None to let the situation decide.
        language: ``en``, ``zh``, or None for the locale's.
        reuse: whether an identical finished request is shown again instead of being paid for again.

    Raises:
        ConfigurationError: a value that no setting can take.
    """

    base_url: str | None = None
    edition: str = "2026-04"
    model: str = "gpt-image-2"
    timeout: float | None = None
    max_cost: float | None = None
    budget: float | None = None
    preview_px: int = 768
    display: str = "auto"
    embed: str = "preview"
    home: Path = field(default_factory=lambda: frontend.homes()[0])
    save_dir: Path | None = None
    demo: bool | None = None
    language: str | None = None
    reuse: bool = False

    def __post_init__(self) -> None:
        for name in ("timeout", "max_cost", "budget"):
            value = getattr(self, name)
            if value is not None and not read_amount(value):
                raise ConfigurationError("settings.not_positive", setting=name, given=value)
        lowest, highest = 64, 4096
        if not (isinstance(self.preview_px, int) and lowest <= self.preview_px <= highest):
            raise ConfigurationError(
                "settings.out_of_range", setting="preview_px", given=self.preview_px, low=lowest, high=highest
            )
        for name, allowed in (("display", _DISPLAYS), ("embed", _EMBEDS), ("language", (None, *i18n.LANGUAGES))):
            value = getattr(self, name)
            if value not in allowed:
                choices = [choice for choice in allowed if choice]
                raise ConfigurationError("settings.not_a_choice", setting=name, given=value, allowed=choices)


@dataclass
class _State:
    """The configuration of this process; everything else is derived from it."""

    overrides: dict[str, Any] = field(default_factory=dict)
    demo: OwnDemo | None = None
    demo_told: bool = False
    workbench: tuple[tuple[Any, ...], Workbench] | None = None
    learned: dict[tuple[Any, ...], tuple[Any, dict[str, Any]]] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=lambda: forking.guard(threading.RLock()))


_state = _State()


def current() -> Settings:
    """The settings in force now: defaults, the environment as it is, and the overrides.

    Raises:
        ConfigurationError: a variable or override that can't be used.
    """
    return replace(Settings(), **{**_from_environment(), **_state.overrides})


def configure(**changes: Any) -> Settings:
    """Override settings for this process; None gives a setting back to the environment and the defaults.

    Args:
        changes: fields of :class:`Settings`.

    Raises:
        ConfigurationError: an unknown setting, or a value that it can't take; nothing is changed then.

    Example:
        >>> configure(model="z-image-turbo", max_cost=0.05).model
        'z-image-turbo'
    """
    known = {setting.name for setting in fields(Settings)}
    for name in changes:
        if name not in known:
            raise ConfigurationError("settings.unknown", given=name, allowed=sorted(known))
    for name in ("home", "save_dir"):
        if isinstance(changes.get(name), (str, Path)):
            changes[name] = frontend.absolute(changes[name])
    merged = {name: value for name, value in {**_state.overrides, **changes}.items() if value is not None}
    settings = replace(Settings(), **{**_from_environment(), **merged})
    _state.overrides = merged
    i18n.use(settings.language)
    return settings


def overrides() -> Mapping[str, Any]:
    """What :func:`configure` has set, by name."""
    return dict(_state.overrides)


def key() -> str | None:
    """The API key, or None; see :mod:`qwave_jupyter.credentials` for where it is looked for."""
    found = credentials.find()
    return found.secret if found else None


def serves_demo(settings: Settings | None = None) -> bool:
    """Whether the built-in demo answers instead of the API.

    A base URL with a key always means that server, unless the demo was switched on in this session. No key and no
    base URL means the demo only where a person can see that it is one.
    """
    settings = settings or current()
    if "demo" in _state.overrides:
        return bool(_state.overrides["demo"])
    if settings.demo is not None:
        return settings.demo and not (settings.base_url and key())
    return settings.base_url is None and key() is None and frontend.person_present()


def use_demo(on: bool = True, **options: Any) -> str | None:
    """Switch the built-in demo on or off for this process.

    Args:
        on: False goes back to the API; the demo server stops, once no job of this process needs it any more.
        options: what the demo server takes, e.g. ``latency`` in seconds, or ``fail="upstream_unavailable:2"``. A demo
            that serves already is turned while it runs; other options than its switches start another.

    Returns:
        The demo's address, or None when it was switched off.

    Raises:
        ConfigurationError: an option that it doesn't take; nothing is changed then.

    Example:
        >>> use_demo(latency=8, rate_limit=3)
        'http://127.0.0.1:40123'
    """
    if not on:
        from qwave_jupyter import session

        if not session.under_way():
            stop_demo()
            _state.demo = None
        configure(demo=False)
        return None
    now = current()
    _own_demo().turn(now.edition, _demo_home(now), options)
    configure(demo=True)
    return demo_server().url


def tell_demo_once() -> bool:
    """Whether nobody has yet been told that the demo serves; True once in a process."""
    told, _state.demo_told = _state.demo_told, True
    return not told


def demo_server() -> DemoServer:
    """The demo server of this process, started on first need on a free loopback port."""
    now = current()
    return _own_demo().server(now.edition, _demo_home(now))


def demo_switches() -> OwnDemo:
    """The same demo's switches: explained, and turned back; starts nothing."""
    return _own_demo()


def stop_demo() -> None:
    """Stop the demo server, if one runs."""
    with _state.lock:
        demo, _state.workbench = _state.demo, None
    if demo is not None:
        demo.stop()


def _own_demo() -> OwnDemo:
    from qwave_jupyter.demo.embedded import OwnDemo

    with _state.lock:
        _state.demo = _state.demo or OwnDemo()
        return _state.demo


def catalog() -> Catalog:
    """The edition in force with what the server said of it in this session; never touches the network."""
    from qwave_jupyter import catalog as floor

    edition = floor.load(current().edition)
    listed, models = _state.learned.get(_server(), (None, {}))
    if listed is None and not models:
        return edition
    from qwave_jupyter.catalog.live import LiveCatalog

    return LiveCatalog(edition, listed, models)


def learn(*, listed: Sequence[Any] | None = None, model: Model | None = None) -> None:
    """Lay what the server in force said over the edition, until this process ends or another server is chosen.

    Args:
        listed: the entries of its live list.
        model: a model as its live schema describes it.
    """
    known, models = _state.learned.get(_server(), (None, {}))
    if listed is not None:
        from qwave_jupyter.catalog.live import read_list

        known = read_list(listed)
    if model is not None:
        models = {**models, model.id: model}
    _state.learned[_server()] = (known, models)


def _server() -> tuple[Any, ...]:
    now = current()
    return now.edition, serves_demo(now), now.base_url


def save_folder(settings: Settings | None = None) -> Path:
    """Where finished pictures go: the setting, else ``qwave-images`` beside the notebook."""
    settings = settings or current()
    if settings.save_dir is not None:
        return settings.save_dir
    notebook = os.environ.get("JPY_SESSION_NAME", "")
    beside = Path(notebook).parent if notebook and Path(notebook).is_absolute() else frontend.STARTED_IN
    return (beside if beside.is_dir() else frontend.STARTED_IN) / "qwave-images"


def workbench() -> Workbench:
    """Everything that one generation needs, wired for the settings in force.

    Raises:
        ConfigurationError: no key, and no demo either.
    """
    from qwave_jupyter.client.auth import Secret
    from qwave_jupyter.client.client import Client
    from qwave_jupyter.jobs.context import Workbench
    from qwave_jupyter.jobs.journal.store import open_journal

    settings = current()
    demo = serves_demo(settings)
    if demo:
        server = demo_server()
        base_url, secret = server.url, Secret(server.key)
    else:
        base_url, secret = settings.base_url or catalog().host, Secret(key() or "")
        if not secret:
            raise ConfigurationError("settings.no_key", variables=credentials.KEY_VARIABLES)
    home = _demo_home(settings) if demo else settings.home
    wiring = (settings, demo, base_url, secret, save_folder(settings))
    with _state.lock:
        if _state.workbench is None or _state.workbench[0] != wiring:
            _state.workbench = (
                wiring,
                Workbench(
                    catalog=catalog(),
                    client=Client(base_url, secret),
                    journal=open_journal(home),
                    home=home,
                    save_dir=save_folder(settings),
                    preview_px=settings.preview_px,
                    timeout=settings.timeout,
                    notebook=os.environ.get("JPY_SESSION_NAME") or None,
                    demo=demo,
                ),
            )
        return _state.workbench[1]


def _demo_home(settings: Settings) -> Path:
    # Apart from the real journal: what the demo pretends to charge must never stand among real costs.
    return settings.home / "demo"


def _from_environment() -> dict[str, Any]:
    # Looked at where it is, and not handed over: the key stands there, and a traceback may show locals.
    found: dict[str, Any] = {}
    base_urls = [os.environ[name].strip() for name in _BASE_URL_VARIABLES if os.environ.get(name, "").strip()]
    if base_urls:
        found["base_url"] = base_urls[0]
    # QWAVE_HOME is the default's own affair.
    save_dir = frontend.folder_variable("QWAVE_SAVE_DIR")
    if save_dir is not None:
        found["save_dir"] = save_dir
    if os.environ.get("QWAVE_EDITION", "").strip():
        found["edition"] = os.environ["QWAVE_EDITION"].strip()
    if "QWAVE_DEMO" in os.environ:
        word = os.environ["QWAVE_DEMO"].strip().lower()
        if word not in (*_TRUE_WORDS, *_FALSE_WORDS):
            raise ConfigurationError("settings.not_a_choice", setting="QWAVE_DEMO", given=word, allowed=("1", "0"))
        if word:
            found["demo"] = word in _TRUE_WORDS
    return found


credentials.keep_mark_in(lambda: current().home)
