"""Commands about the installation: the demo, the key, the settings, and ``doctor``, which looks at all of it."""

from __future__ import annotations

import getpass
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from qwave_jupyter import credentials, frontend, i18n
from qwave_jupyter.catalog.live import LiveCatalog
from qwave_jupyter.errors import ConfigurationError, OptionMistake, QwaveError
from qwave_jupyter.magics.commands import Command, CommandArgs
from qwave_jupyter.magics.output import Console, Finding, bundle_findings, bundle_manual
from qwave_jupyter.session import default

__all__ = ["COMMANDS", "check_installation"]

_LIBRARIES = ("requests", "Pillow", "ipywidgets", "anywidget", "tornado")
_MIN_MEGABYTES = 200
_DEMO_WORDS = ("on", "off", "normal", "help")
_DEMO_SWITCHES = ("latency", "seed", "fail", "rate_limit", "reset", "junk", "expire_links", "dialect")


def _demo(console: Console, args: CommandArgs) -> None:
    word = args.first or "on"
    if word not in _DEMO_WORDS or len(args.words) > 1:
        given = " ".join(args.words)[:40]
        raise OptionMistake("options.not_a_choice", option="%qwave demo", given=given, allowed=_DEMO_WORDS)
    if args.options and word != "on":
        raise OptionMistake("demo.takes_no_switches", word=word)
    if word == "help":
        console.publish(bundle_manual(default().embedded_demo().manual()))
        return
    default().use_demo(word != "off", **args.options)
    if word == "normal":
        default().embedded_demo().reset()
        console.show_text(i18n.text("demo.back_to_normal"))
        return
    console.show_text(i18n.text(f"notebook.demo_{word}"))
    if word == "on":
        # The next cell needn't say it again.
        default().take_demo_notice()
    effects = default().demo_server().describe() if word == "on" else ()
    if effects:
        console.publish(bundle_manual([*effects, "", i18n.text("demo.more_switches")]))


def _key(console: Console, args: CommandArgs) -> None:
    if args.words:
        raise OptionMistake("options.key_in_cell")
    if args.has("forget"):
        credentials.forget_remembered()
        console.show_text(i18n.text("keys.forgotten"))
    elif not console.can_ask:
        raise ConfigurationError("keys.cannot_ask")
    elif args.has("remember"):
        credentials.remember(_ask("keys.prompt_to_remember"))
        console.show_text(i18n.text("keys.remembered"))
    else:
        credentials.type_in(_ask("notebook.key_prompt"))
        console.show_text(i18n.text("notebook.key_kept"))


def _ask(prompt: str) -> str:
    """What somebody types without its being seen; raises ConfigurationError where there is no terminal for it."""
    try:
        return getpass.getpass(i18n.text(prompt))
    except Exception:  # noqa: BLE001 - of terminals, some of which have errors of their own
        raise ConfigurationError("keys.cannot_ask") from None


def _config(console: Console, _: CommandArgs) -> None:
    console.show_lines(f"{name:12} {value}" for name, value in default().settings.values().items())


def check_installation(console: Console, *, live: bool = False) -> Iterator[Finding]:
    """Look at everything; with ``live`` ask the server as well, which is free."""
    import qwave_jupyter

    yield _make_finding("package", f"qwave-jupyter {qwave_jupyter.__version__}")
    yield _make_finding("python", f"{platform.python_version()}, IPython {version('ipython')}")
    yield _make_finding("libraries", ", ".join(f"{name} {_find_version(name)}" for name in _LIBRARIES))
    kernel = f"ipykernel {version('ipykernel')}" if console.kernel else i18n.text("doctor.kernel_none")
    yield _make_finding("kernel", kernel, *(["kernel_means_headless"] if console.is_headless else []))
    yield _make_finding("frontend", i18n.text(f"doctor.frontend_{_find_frontend(console)}"))
    yield _check_waiting(console)
    try:
        now, demo = default().settings, default().serves_demo()
    except QwaveError as problem:
        # Nothing more can be known, but this is what they came for.
        yield Finding(i18n.text("doctor.settings"), str(problem), wrong=True)
        return
    yield _check("edition", _check_edition)
    yield _check("server", _check_server)
    if live and (demo or credentials.find()):
        yield _check("", _check_live)
    yield _check_key()
    yield _check_spending()
    yield _check_folder("images", default().save_folder(now), "QWAVE_SAVE_DIR", "save_dir")
    yield _check_folder("journal", now.home / "demo" if demo else now.home, "QWAVE_HOME", "home")


def _doctor(console: Console, args: CommandArgs) -> None:
    console.publish(bundle_findings(list(check_installation(console, live=args.has("live")))))


def _make_finding(name: str, value: str, *means: str) -> Finding:
    return Finding(i18n.text(f"doctor.{name}"), value, [i18n.text(f"doctor.{one}") for one in means])


def _check(name: str, check: Callable[[], Finding]) -> Finding:
    try:
        return check()
    except QwaveError as problem:
        return Finding(i18n.text(f"doctor.{name}") if name else "", str(problem), wrong=True)


def _find_version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return i18n.text("doctor.missing")


def _find_frontend(console: Console) -> str:
    if console.kernel is None:
        return "terminal"
    if "google.colab" in sys.modules:
        return "colab"
    if frontend.is_voila(console.kernel):
        return "voila"
    if "VSCODE_PID" in os.environ or "VSCODE_CWD" in os.environ:
        return "vscode"
    return "jupyter" if os.environ.get("JPY_SESSION_NAME") or "JPY_PARENT_PID" in os.environ else "unknown"


def _check_waiting(console: Console) -> Finding:
    if console.kernel is None:
        return _make_finding("waiting", i18n.text("doctor.waiting_event"))
    if not getattr(console.shell, "autoawait", False):
        return _make_finding("waiting", i18n.text("doctor.waiting_stop"), "waiting_means_no_autoawait")
    means = ["waiting_means_awaited"]
    if _find_version("ipywidgets") == i18n.text("doctor.missing"):
        means.append("waiting_means_widgets")
    return _make_finding("waiting", i18n.text("doctor.waiting_awaited"), *means)


def _check_edition() -> Finding:
    now, known = default().settings, default().catalog
    means = ["edition_means", *(["edition_means_live"] if isinstance(known, LiveCatalog) else [])]
    count = len(known.ids())
    value = i18n.text("doctor.edition_value", edition=now.edition, model=now.model, count=count)
    known.model(now.model)
    return _make_finding("edition", value, *means)


def _check_server() -> Finding:
    now = default().settings
    if default().serves_demo(now):
        asked = "demo" in default().overrides or now.demo is not None
        finding = _make_finding(
            "server", i18n.text("doctor.server_demo"), f"server_means_demo_{'asked' if asked else 'no_key'}"
        )
        return Finding(finding.name, finding.value, [*finding.means, *default().embedded_demo().describe()])
    why = ["server_means_base_url" if now.base_url else "server_means_edition"]
    if now.demo and "demo" not in default().overrides:
        why.append("server_means_not_demo")
    return _make_finding("server", now.base_url or default().catalog.host, *why)


def _check_live() -> Finding:
    count = len(default().context().client.models())
    return Finding("", i18n.text("doctor.answers", count=count))


def _check_key() -> Finding:
    found = credentials.find()
    if found is not None:
        return _make_finding("key", i18n.text("doctor.key_set", source=found.source), "key_means_set")
    if default().serves_demo():
        return _make_finding("key", i18n.text("doctor.key_not_set"), "key_means_demo")
    advice = i18n.text("doctor.key_means_missing", variables=credentials.KEY_VARIABLES)
    return Finding(i18n.text("doctor.key"), i18n.text("doctor.key_not_set"), [advice], wrong=True)


def _check_spending() -> Finding:
    now, limits = default().settings, []
    if now.max_cost is not None:
        limits.append(i18n.text("doctor.limit_each", ceiling=i18n.dollars(now.max_cost)))
    if now.budget is not None:
        limits.append(i18n.text("doctor.limit_budget", budget=i18n.dollars(now.budget)))
    return _make_finding("limit", ", ".join(limits) or i18n.text("doctor.limit_none"), "limit_means")


def _check_folder(name: str, folder: Path, variable: str, setting: str) -> Finding:
    # Folders are made on first need, so what counts is the nearest one that is there.
    there = next(one for one in (folder, *folder.parents) if os.path.lexists(one))
    means, wrong = [i18n.text(f"doctor.{name}_means")], False
    if not _is_writable(there):
        means, wrong = [i18n.text("doctor.not_writable", variable=variable, setting=setting)], True
    elif shutil.disk_usage(there).free < _MIN_MEGABYTES * 1_000_000:
        means, wrong = [i18n.text("doctor.no_room", megabytes=_MIN_MEGABYTES)], True
    return Finding(i18n.text(f"doctor.{name}"), str(folder), means, wrong)


def _is_writable(folder: Path) -> bool:
    # Permissions don't tell of full disks and of file systems that are mounted read-only.
    try:
        with tempfile.TemporaryDirectory(prefix=".qwave-", dir=folder):
            return True
    except (OSError, ValueError):
        return False


COMMANDS = (
    Command(
        "demo",
        _demo,
        "[on|off|normal|help]",
        {**dict.fromkeys(_DEMO_SWITCHES, "text"), "slow": "switch"},
        lambda switch: default().embedded_demo().choices(switch),
    ),
    # A key typed behind the command is refused with words that don't repeat it.
    Command("key", _key, "…", {"remember": "switch", "forget": "switch"}),
    Command("config", _config),
    Command("doctor", _doctor, "", {"live": "switch"}),
)
