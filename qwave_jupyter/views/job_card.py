"""The one calm card of a job, as HTML that needs neither script nor kernel, and its text twin.

JupyterLab's own colours with fallbacks: at home in light, dark, Notebook 7, VS Code and static HTML.
"""

from __future__ import annotations

import html
from pathlib import Path
from typing import Any

from qwave_jupyter import i18n
from qwave_jupyter.catalog.violations import ratio_of
from qwave_jupyter.errors import Cancelled, QwaveError, RateLimited, RequestRefused
from qwave_jupyter.folders import working_folder
from qwave_jupyter.jobs.request import Request
from qwave_jupyter.jobs.snapshot import Snapshot
from qwave_jupyter.views.style import STYLE

__all__ = ["CALM", "STYLE", "bundle", "ended", "progress_card", "refused", "running", "short", "text_of"]

#: A bar before this many seconds would only flash.
CALM = 1.0
#: So many last characters of an id tell a person's jobs apart, and every verb takes them.
_SHORT = 6
#: More files of one job are said by the first and the last.
_MOST_ENDS = 9


def running(now: Snapshot, clock: float, *, hint: str = "") -> str:
    """The card of a job under way.

    Args:
        now: the job.
        clock: the monotonic clock, seconds.
        hint: how to stop it, where there is no button.
    """
    elapsed = _elapsed(now, clock)
    # Only what happens is spoken: numbers that run would drown it.
    parts = [f'<span role="status" aria-live="polite">{_phase(now)}</span>{_percent(now)}']
    if elapsed >= CALM:
        parts.append(f"{elapsed:.0f} s")
    guessed = 0.0 if now.progress else _guessed(now, elapsed)
    if now.usual:
        low, high = (f"{seconds:.0f}" for seconds in now.usual)
        key = "status.estimated" if guessed and elapsed >= CALM else "notebook.usually"
        parts.append(html.escape(i18n.say(key, percent=round(guessed * 100), low=low, high=high)))
    if hint:
        parts.append(html.escape(hint))
    if now.task_id:
        parts.append(_task(now.task_id))
    bar = _bar(now.progress or guessed, estimated=not now.progress) if elapsed >= CALM else ""
    price = now.held_usd if now.held_usd is not None else now.request.estimate_usd
    right = i18n.dollars(price) if price is not None else ""
    return _card(_frame(now.request), _title(now), " · ".join(parts), right, bar=bar, one_line=True)


def ended(now: Snapshot) -> str:
    """The card that a saved notebook keeps."""
    if now.error is not None:
        return failed(now.error, now)
    return _card(
        '<span class="qw-ok">✓</span>',
        f"{html.escape(_outcome(now))} <span class='qw-s'>{_asked(now.request)}</span>{_pill(now)}",
        f'<span class="qw-mono">{html.escape(_files(now))}</span>',
        html.escape(_price(now)),
    )


def failed(error: QwaveError, now: Snapshot | None = None) -> str:
    """The card of what went wrong: what, why, what next."""
    title = html.escape(now.request.model.id) if now else html.escape(i18n.say("notebook.not_sent"))
    asked = f" <span class='qw-s'>{_asked(now.request)}</span>{_pill(now)}" if now else ""
    task = _task(now.task_id) if now and now.task_id else ""
    # What the user wanted is no mishap.
    wanted = isinstance(error, Cancelled)
    sign = f'<span class="{"qw-s" if wanted else "qw-er"}">✕</span>'
    return _card(sign, title + asked, html.escape(str(error)), task, bad=not wanted)


def refused(error: QwaveError, model: str) -> str:
    """The card of a request that wasn't sent: every mistake on a line of its own."""
    if not isinstance(error, RequestRefused):
        return failed(error)
    said = f" <span class='qw-s'>{html.escape(i18n.say('notebook.not_sent'))}</span>"
    title = html.escape(i18n.say("notebook.cant_do", model=model)) + said
    mistakes = "<br>".join(html.escape(str(one)) for one in error.fields["violations"])
    return _card('<span class="qw-er">✕</span>', title, mistakes, "", bad=True)


def text_of(now: Snapshot, clock: float) -> str:
    """A job in one line, for terminals and for what can't show HTML."""
    if now.error is not None:
        return f"qwave: {now.error}"
    if now.phase == "done":
        return f"qwave: {_outcome(now)} · {_files(now)} · {_price(now)}"
    elapsed = f"{_elapsed(now, clock):.0f} s"
    return " · ".join(
        part for part in ("qwave: " + now.request.model.id, html.unescape(_phase(now)) + _percent(now), elapsed) if part
    )


def progress_card(*, title: str, line: str, right: str, share: float | None, demo: bool, bad: bool = False) -> str:
    """The card of many jobs.

    Args:
        title: plain text.
        line: markup.
        right: markup.
        share: 0 to 1 while it goes on; None when it has ended.
        demo: whether the demo serves.
        bad: whether nothing came of it.
    """
    bar = _bar(share or 0.0)
    frame = '<i style="width:40px;height:40px"></i>' if share is not None else '<span class="qw-ok">✓</span>'
    if bad:
        frame = '<span class="qw-er">✕</span>'
    pill = '<span class="qw-pill">DEMO</span>' if demo else ""
    return _card(frame, html.escape(title) + pill, line, right, bar=bar, bad=bad, live=share is not None)


def short(job: Any) -> str:
    """What a job is called in a line: the end of its task's id, or of its own before it has one."""
    return str(job.task_id or job.id)[-_SHORT:]


def bundle(markup: str, text: str) -> dict[str, str]:
    """HTML and its text twin, for a display."""
    return {"text/html": f'{STYLE}<div class="qw">{markup}</div>', "text/plain": text}


def _card(
    frame: str,
    title: str,
    line: str,
    right: str,
    *,
    bar: str = "",
    bad: bool = False,
    live: bool = False,
    one_line: bool = False,
) -> str:
    spoken = ' role="status" aria-live="polite"' if live else ""
    kind = "qw-card" + (" qw-bad" if bad else "") + (" qw-run" if one_line else "")
    return (
        f'<div class="{kind}"{spoken}><div class="qw-frame">{frame}</div>'
        f'<div class="qw-body"><div class="qw-t">{title}</div><div class="qw-s">{line}</div></div>'
        f'{f"""<div class="qw-right">{right}</div>""" if right else ""}{bar}</div>'
    )


def _bar(share: float, *, estimated: bool = False) -> str:
    if not share:
        return ""
    percent = min(99, round(share * 100))
    name = html.escape(i18n.say("status.bar_estimated" if estimated else "status.bar_true"))
    kind = " qw-guess" if estimated else ""
    return (
        f'<div class="qw-bar{kind}" role="progressbar" aria-label="{name}" title="{name}" aria-valuemin="0" '
        f'aria-valuemax="100" aria-valuenow="{percent}"><b style="width:{percent}%"></b></div>'
    )


def _task(task_id: str) -> str:
    # Selected by one click, without a script: what can be copied is what the verbs take.
    told = html.escape(i18n.say("status.task_tip", task=task_id))
    shown = html.escape(task_id[-_SHORT:])
    return f'{html.escape(i18n.say("status.task"))} <span class="qw-mono qw-id" title="{told}">{shown}</span>'


def _title(now: Snapshot) -> str:
    return f"{html.escape(now.request.model.id)} <span class='qw-s'>{_asked(now.request)}</span>{_pill(now)}"


def _asked(request: Request) -> str:
    set_ones = (request.values.get(name) for name in ("aspect_ratio", "resolution", "quality"))
    parts = [str(value) for value in set_ones if value is not None]
    if request.pictures_asked > 1:
        parts.append(i18n.say("notebook.pictures", count=request.pictures_asked))
    if request.values.get("seed") not in {None, -1}:
        parts.append(f"seed {request.values['seed']}")
    if request.action_inferred:
        parts.append(i18n.say("notebook.action", action=request.action_inferred))
    return html.escape(" · ".join(part for part in parts if part))


def _pill(now: Snapshot) -> str:
    return '<span class="qw-pill">DEMO</span>' if now.demo else ""


def _frame(request: Request) -> str:
    ratio = ratio_of(request.aspect_ratio) or 1.0
    width, height = (60, 60 / ratio) if ratio > 1.5 else (40 * ratio, 40)
    return f'<i style="width:{width:.0f}px;height:{max(8, height):.0f}px"></i>'


def _phase(now: Snapshot) -> str:
    if now.retry is not None:
        key = "status.throttled" if isinstance(now.retry.reason, RateLimited) else "notebook.retrying"
        return html.escape(i18n.say(key, seconds=f"{now.retry.delay:.0f}"))
    known = i18n.say(f"notebook.phase_{now.phase}")
    unknown = now.phase == "processing" and now.status_word and now.status_word.lower() not in {"processing", "queued"}
    return html.escape(f"{known} ({now.status_word[:40]})" if unknown else known)


def _percent(now: Snapshot) -> str:
    return f" {now.progress:.0%}" if now.progress and now.retry is None else ""


def _elapsed(now: Snapshot, clock: float) -> float:
    return now.elapsed if now.is_over else max(0.0, clock - now.started)


def _guessed(now: Snapshot, elapsed: float) -> float:
    return min(0.95, elapsed / now.usual[1]) if now.usual else 0.0


def _outcome(now: Snapshot) -> str:
    pictures = i18n.say("notebook.pictures", count=len(now.gallery or ()))
    if now.reused:
        return i18n.say("notebook.reused", pictures=pictures)
    return i18n.say("notebook.done", pictures=pictures, seconds=f"{now.elapsed:.1f}")


def _files(now: Snapshot) -> str:
    paths = now.gallery.paths if now.gallery else ()
    if not paths:
        return ""
    # Of the others the end says enough: one job's files differ in nothing else.
    ends = [path.name[path.name.rindex("-") :] for path in paths[1:]]
    if len(ends) > _MOST_ENDS:
        ends = ["…", ends[-1]]
    return ", ".join([_beside(paths[0]), *ends])


def _beside(path: Path) -> str:
    # A path that starts where the notebook is says all that its reader needs, and nothing of the machine.
    try:
        return str(path.relative_to(working_folder()))
    except ValueError:
        return str(path)


def _price(now: Snapshot) -> str:
    known: Any = now.cost_usd
    if known is not None:
        return i18n.dollars(known)
    if now.request.estimate_usd is not None:
        return i18n.say("notebook.about", usd=i18n.dollars(now.request.estimate_usd))
    return i18n.say("notebook.no_price")
