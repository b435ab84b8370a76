"""``%qwave doctor``: what is here, which server and key serve and why, how a cell waits, and what to do about it."""

from __future__ import annotations

import html
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from qwave_jupyter import credentials, i18n
from qwave_jupyter.catalog.live import LiveCatalog
from qwave_jupyter.errors import QwaveError
from qwave_jupyter.magics.commands.command import Asked, Verb
from qwave_jupyter.magics.output import Console
from qwave_jupyter.session import default
from qwave_jupyter.views import job_card

__all__ = ["VERBS", "Finding", "findings"]

_LIBRARIES = ("requests", "Pillow", "ipywidgets", "anywidget", "tornado")
_LEAST_MEGABYTES = 200
_WIDTH = 13


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Args:
        name: what it is.
        value: how it stands.
        means: what that means, or what to do; may be none.
        wrong: whether somebody should look at it.
    """

    name: str
    value: str
    means: Sequence[str] = ()
    wrong: bool = False


def findings(console: Console, *, live: bool = False) -> Iterator[Finding]:
    """Look at everything.

    Args:
        console: where we are.
        live: ask the server as well, which is free.
    """
    import qwave_jupyter

    yield _found("package", f"qwave-jupyter {qwave_jupyter.__version__}")
    yield _found("python", f"{platform.python_version()}, IPython {version('ipython')}")
    yield _found("libraries", ", ".join(f"{name} {_installed(name)}" for name in _LIBRARIES))
    kernel = f"ipykernel {version('ipykernel')}" if console.kernel else i18n.say("doctor.kernel_none")
    yield _found("kernel", kernel, *(["kernel_means_headless"] if console.headless else []))
    yield _found("frontend", i18n.say(f"doctor.frontend_{_frontend(console)}"))
    yield _waiting(console)
    try:
        now, demo = default().settings, default().serves_demo()
    except QwaveError as problem:
        # Nothing more can be known, but this is what they came for.
        yield Finding(i18n.say("doctor.settings"), str(problem), wrong=True)
        return
    yield _looked("edition", _edition)
    yield _looked("server", _server)
    if live and (demo or credentials.find()):
        yield _looked("", _live)
    yield _key()
    yield _spending()
    yield _folder("pictures", default().save_folder(now), "QWAVE_SAVE_DIR", "save_dir")
    yield _folder("journal", now.home / "demo" if demo else now.home, "QWAVE_HOME", "home")


def _doctor(console: Console, asked: Asked) -> None:
    found = list(findings(console, live=asked.on("live")))
    wrong = sum(one.wrong for one in found)
    check = i18n.say("doctor.check")
    end = i18n.say("doctor.look_at", count=wrong, check=check) if wrong else i18n.say("doctor.all_well")
    rows, lines = [], []
    for one in found:
        mark = f"{check} " if one.wrong else ""
        lines += [
            f"{i18n.padded(one.name, _WIDTH)}{mark}{one.value}",
            *(f"{'':{_WIDTH}}  {text}" for text in one.means),
        ]
        pill = f' <span class="qw-pill">{html.escape(check)}</span>' if one.wrong else ""
        means = "".join(f'<div class="qw-s">{html.escape(text)}</div>' for text in one.means)
        rows.append(f"<tr><th>{html.escape(one.name)}</th><td>{html.escape(one.value)}{pill}{means}</td></tr>")
    markup = f'<table class="qw-m">{"".join(rows)}</table><div>{html.escape(end)}</div>'
    text = "\n".join([*lines, "", end])
    console.publish({"text/plain": text, "text/html": f'{job_card.STYLE}<div class="qw">{markup}</div>'})


def _found(name: str, value: str, *means: str) -> Finding:
    return Finding(i18n.say(f"doctor.{name}"), value, [i18n.say(f"doctor.{one}") for one in means])


def _looked(name: str, look: Callable[[], Finding]) -> Finding:
    try:
        return look()
    except QwaveError as problem:
        return Finding(i18n.say(f"doctor.{name}") if name else "", str(problem), wrong=True)


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return i18n.say("doctor.missing")


def _frontend(console: Console) -> str:
    if console.kernel is None:
        return "terminal"
    if "google.colab" in sys.modules:
        return "colab"
    if "VSCODE_PID" in os.environ or "VSCODE_CWD" in os.environ:
        return "vscode"
    return "jupyter" if os.environ.get("JPY_SESSION_NAME") or "JPY_PARENT_PID" in os.environ else "unknown"


def _waiting(console: Console) -> Finding:
    if console.kernel is None:
        return _found("waiting", i18n.say("doctor.waiting_event"))
    if not getattr(console.shell, "autoawait", False):
        return _found("waiting", i18n.say("doctor.waiting_stop"), "waiting_means_no_autoawait")
    means = ["waiting_means_awaited"]
    if _installed("ipywidgets") == i18n.say("doctor.missing"):
        means.append("waiting_means_widgets")
    return _found("waiting", i18n.say("doctor.waiting_awaited"), *means)


def _edition() -> Finding:
    now, known = default().settings, default().catalog
    means = ["edition_means", *(["edition_means_live"] if isinstance(known, LiveCatalog) else [])]
    count = len(known.ids())
    value = i18n.say("doctor.edition_value", edition=now.edition, model=now.model, count=count)
    known.model(now.model)
    return _found("edition", value, *means)


def _server() -> Finding:
    now = default().settings
    if default().serves_demo(now):
        asked = "demo" in default().overrides or now.demo is not None
        finding = _found(
            "server", i18n.say("doctor.server_demo"), f"server_means_demo_{'asked' if asked else 'no_key'}"
        )
        return Finding(finding.name, finding.value, [*finding.means, *default().embedded_demo().describe()])
    why = ["server_means_base_url" if now.base_url else "server_means_edition"]
    if now.demo and "demo" not in default().overrides:
        why.append("server_means_not_demo")
    return _found("server", now.base_url or default().catalog.host, *why)


def _live() -> Finding:
    count = len(default().context().client.models())
    return Finding("", i18n.say("doctor.answers", count=count))


def _key() -> Finding:
    found = credentials.find()
    if found is not None:
        return _found("key", i18n.say("doctor.key_set", source=found.source), "key_means_set")
    if default().serves_demo():
        return _found("key", i18n.say("doctor.key_not_set"), "key_means_demo")
    advice = i18n.say("doctor.key_means_missing", variables=credentials.KEY_VARIABLES)
    return Finding(i18n.say("doctor.key"), i18n.say("doctor.key_not_set"), [advice], wrong=True)


def _spending() -> Finding:
    now, limits = default().settings, []
    if now.max_cost is not None:
        limits.append(i18n.say("doctor.limit_each", ceiling=i18n.dollars(now.max_cost)))
    if now.budget is not None:
        limits.append(i18n.say("doctor.limit_budget", budget=i18n.dollars(now.budget)))
    return _found("limit", ", ".join(limits) or i18n.say("doctor.limit_none"), "limit_means")


def _folder(name: str, folder: Path, variable: str, setting: str) -> Finding:
    # Folders are made on first need, so what counts is the nearest one that is there.
    there = next(one for one in (folder, *folder.parents) if one.exists() or one.is_symlink())
    means, wrong = [i18n.say(f"doctor.{name}_means")], False
    if not _takes_files(there):
        means, wrong = [i18n.say("doctor.not_writable", variable=variable, setting=setting)], True
    elif shutil.disk_usage(there).free < _LEAST_MEGABYTES * 1_000_000:
        means, wrong = [i18n.say("doctor.no_room", megabytes=_LEAST_MEGABYTES)], True
    return Finding(i18n.say(f"doctor.{name}"), str(folder), means, wrong)


def _takes_files(folder: Path) -> bool:
    # Permissions don't tell of full disks and of file systems that are mounted read-only.
    try:
        with tempfile.TemporaryDirectory(prefix=".qwave-", dir=folder):
            return True
    except (OSError, ValueError):
        return False


VERBS = (Verb("doctor", _doctor, "", {"live": "switch"}),)
