"""``%%qwave`` and ``%qwave VERB``: parse, call the Python API, show."""

from __future__ import annotations

import contextlib
import difflib
import getpass
import html
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from qwave_jupyter import keys, settings, verbs, words
from qwave_jupyter.errors import Cancelled, OptionMistake, QwaveError, UnknownTask
from qwave_jupyter.notebook import cards, options
from qwave_jupyter.notebook.status import view_for
from qwave_jupyter.notebook.tables import ModelCard, ModelTable
from qwave_jupyter.notebook.waiting import stopped, watched

if TYPE_CHECKING:
    from qwave_jupyter.generation.gallery import Gallery, GeneratedImage

__all__ = ["Cells", "Lines"]


class Cells:
    """The cell magic, in its two ways of waiting.

    Args:
        shell: the running IPython.
    """

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._raw = ""

    def remember(self, info: Any) -> None:
        """Keep the raw cell: IPython strips ``>>> `` from the body that a magic gets."""
        self._raw = info.raw_cell or ""

    async def awaited(self, line: str, body: str) -> Any:
        """A top-level cell: the kernel lives on while it waits."""
        job, own = self._started(line, self._raw_body(body))
        if job is None:
            return None
        with self._shown(job, hears_clicks=True) as view:
            if self._goes_on(own):
                view.detach()
                return self._named(job, own)
            gallery = await watched(job, self._shell)
        return self._named(_kept_as(gallery, own.get("embed") or settings.current().embed), own)

    def blocking(self, line: str, body: str) -> Any:
        """A nested cell, or one in a terminal: only an interrupt is heard."""
        job, own = self._started(line, body)
        if job is None:
            return None
        with self._shown(job, hears_clicks=self._goes_on(own)) as view:
            if self._goes_on(own):
                view.detach()
                return self._named(job, own)
            gallery = job.result()
        return self._named(_kept_as(gallery, own.get("embed") or settings.current().embed), own)

    def present(self, job: Any) -> Any:
        """How ``generate()`` waits in a notebook."""
        with self._shown(job, hears_clicks=False):
            return job.result()

    @contextlib.contextmanager
    def _shown(self, job: Any, *, hears_clicks: bool) -> Iterator[Any]:
        view = view_for(job, self._shell, settings.current().display, hears_clicks=hears_clicks)
        try:
            yield view.open()
        except Cancelled:
            raise
        except KeyboardInterrupt:
            # It may strike anywhere between the submit and the wait; the task is cancelled all the same.
            raise stopped(job) from None
        finally:
            if not view.detached:
                view.close()

    def _goes_on(self, own: Mapping[str, Any]) -> bool:
        # Without a person nobody would wait for the end, and the saved file would hold half a run.
        return bool(own.get("no_wait")) and not self._is_headless()

    def _started(self, line: str, body: str) -> tuple[Any, Mapping[str, Any]]:
        line, prompt = options.split_cell(line, body)
        chosen = settings.current().model
        try:
            chosen = options.model_named(line) or chosen
            model = verbs.model(chosen)
            if "--help" in line.split():
                self._show(ModelCard(model))
                return None, {}
            parsed = options.read_line(line, model, self._shell.user_ns)
            own = parsed.own
            force = bool(own.get("force"))
            request = verbs.build(prompt, model=model.id, force=force, variables=self._shell.user_ns, **parsed.options)
            if own.get("dry_run"):
                self._dry_run(request)
                return None, own
            for notice in map(str, request.warnings):
                self._say(words.say("notebook.advised", text=notice))
            job = verbs.start(
                request,
                timeout=own.get("timeout"),
                save=own.get("save"),
                max_cost=own.get("max_cost"),
                reuse=True if own.get("reuse") else None,
                force=force,
            )
        except QwaveError as error:
            self._show_refusal(error, chosen)
            raise
        if job.snapshot.demo:
            self._say_demo()
        return job, own

    def _raw_body(self, body: str) -> str:
        raw = self._raw.lstrip()
        head, _, rest = raw.partition("\n")
        return rest if head.startswith("%%") and rest.strip() else body

    def _named(self, value: Any, own: Mapping[str, Any]) -> Any:
        if own.get("out"):
            self._shell.user_ns[own["out"]] = value
        return value

    def _dry_run(self, request: Any) -> None:
        price = (
            words.dollars(request.estimate_usd) if request.estimate_usd is not None else words.say("notebook.no_price")
        )
        where = settings.current().base_url or settings.catalog().host
        if settings.serves_demo():
            where = "the demo"
        lines = [
            words.say("notebook.dry_run", url=where),
            request.body_text(),
            words.say("notebook.price", price=price),
        ]
        if request.defaulted:
            pairs = ", ".join(
                f"{name} {value if value not in {True, False} else str(value).lower()}"
                for name, value in request.defaulted.items()
            )
            lines.append(words.say("notebook.leave_out", defaults=pairs))
        lines += [words.say("notebook.advised", text=str(one)) for one in request.warnings]
        text = "\n".join(lines)
        self._publish(
            {"text/plain": text, "text/html": f'{cards.STYLE}<div class="qw"><pre>{html.escape(text)}</pre></div>'}
        )

    def _show_refusal(self, error: QwaveError, model: str) -> None:
        if getattr(self._shell, "kernel", None) is None or settings.current().display == "text":
            return
        self._publish(cards.bundle(cards.refused(error, model), str(error)))
        error.shown_above = True

    def _say_demo(self) -> None:
        if settings.tell_demo_once():
            self._say(words.say("notebook.demo_on"))

    def _say(self, text: str) -> None:
        self._publish({"text/plain": text, "text/html": f'{cards.STYLE}<div class="qw qw-s">{html.escape(text)}</div>'})

    def _show(self, thing: Any) -> None:
        self._publish({"text/plain": repr(thing), "text/html": thing._repr_html_()})

    def _publish(self, content: dict[str, Any]) -> None:
        from IPython.display import display

        display(content, raw=True)

    def _is_headless(self) -> bool:
        kernel = getattr(self._shell, "kernel", None)
        return kernel is not None and not getattr(kernel, "_allow_stdin", True)


class Lines:
    """``%qwave VERB``.

    Args:
        cells: the cell magic, whose ways of showing are used.
        shell: the running IPython.
    """

    def __init__(self, cells: Cells, shell: Any) -> None:
        self._cells = cells
        self._shell = shell
        self._verbs: dict[str, Callable[[list[str]], Any]] = {
            "models": self._models,
            "model": self._model,
            "show": self._show,
            "status": self._status,
            "cancel": self._cancel,
            "resume": self._resume,
            "history": self._history,
            "balance": self._balance,
            "demo": self._demo,
            "key": self._key,
            "panel": self._panel,
            "config": self._config,
            "doctor": self._doctor,
        }

    def __call__(self, line: str) -> Any:
        """Carry out one verb."""
        try:
            verb, *arguments = shlex.split(line) or [""]
        except ValueError:
            raise OptionMistake("options.open_quote") from None
        if not verb:
            raise OptionMistake("options.no_line", allowed=tuple(self._verbs))
        if verb not in self._verbs:
            close = difflib.get_close_matches(verb[:40], self._verbs, n=1)
            near = words.say("options.near", near=close[0]) if close else ""
            raise OptionMistake("options.unknown_verb", given=verb[:40], allowed=tuple(self._verbs), near=near)
        return self._verbs[verb](arguments)

    def _models(self, arguments: list[str]) -> ModelTable:
        filters: dict[str, Any] = {}
        terms: list[str] = []
        kinds = {
            "action": str,
            "aspect_ratio": str,
            "resolution": str,
            "references": int,
            "max_price": float,
            "prompt_chars": int,
        }
        rest = list(arguments)
        while rest:
            token = rest.pop(0)
            name, equals, value = token.lstrip("-").partition("=")
            name = {"r": "aspect_ratio"}.get(name, name.replace("-", "_"))
            if not token.startswith("-"):
                terms.append(token)
            elif name == "mask":
                filters["mask"] = True
            elif name not in kinds:
                allowed = [f"--{one.replace('_', '-')}" for one in (*kinds, "mask")]
                near = (
                    words.say("options.near", near=listed[0])
                    if (listed := difflib.get_close_matches(token, allowed, 1))
                    else ""
                )
                raise OptionMistake("options.unknown", option=token[:40], near=near)
            else:
                text = value if equals else (rest.pop(0) if rest else "")
                try:
                    filters[name] = kinds[name](text)
                except ValueError:
                    raise OptionMistake("options.not_positive", option=token[:40], given=text[:40]) from None
        return ModelTable(verbs.models(*terms, **filters), settings.current().edition)

    def _model(self, arguments: list[str]) -> ModelCard:
        return ModelCard(verbs.model(arguments[0] if arguments else settings.current().model))

    def _show(self, arguments: list[str]) -> Any:
        try:
            job = verbs.job(arguments[0] if arguments else None)
        except UnknownTask:
            found = [one for one in verbs.history() if not arguments or one.task_id.endswith(arguments[0])]
            if not found:
                raise
            return _only(found, found[0].task_id)
        if not job.done():
            view_for(job, self._shell, settings.current().display, hears_clicks=True).open()
            return None
        return job.result()

    def _status(self, arguments: list[str]) -> Any:
        chosen = [verbs.job(arguments[0])] if arguments else verbs.jobs()
        if not chosen:
            self._cells._say(words.say("notebook.no_jobs"))  # noqa: SLF001
        for job in chosen:
            view = view_for(job, self._shell, settings.current().display, hears_clicks=True).open()
            if job.done():
                view.close()

    def _cancel(self, arguments: list[str]) -> None:
        job = verbs.job(arguments[0] if arguments else None)
        self._cells._say(str(stopped(job)))  # noqa: SLF001

    def _resume(self, _: list[str]) -> Any:
        jobs = verbs.resume()
        if not jobs:
            self._cells._say(words.say("notebook.nothing_open"))  # noqa: SLF001
            return None
        galleries = [self._cells.present(job) for job in jobs]
        together = galleries[0]
        for gallery in galleries[1:]:
            together += gallery
        return together

    def _history(self, arguments: list[str]) -> Any:
        return verbs.history(" ".join(arguments))

    def _balance(self, _: list[str]) -> None:
        self._cells._say(words.say("notebook.balance", available=words.dollars(verbs.balance().available_usd)))  # noqa: SLF001

    def _demo(self, arguments: list[str]) -> None:
        word = arguments[0] if arguments else "on"
        if word not in {"on", "off"}:
            raise OptionMistake("options.not_a_choice", option="%qwave demo", given=word[:40], allowed=("on", "off"))
        settings.use_demo(word == "on")
        self._cells._say(words.say(f"notebook.demo_{word}"))  # noqa: SLF001

    def _key(self, arguments: list[str]) -> None:
        if arguments:
            raise OptionMistake("options.key_in_cell")
        keys.type_in(getpass.getpass(words.say("notebook.key_prompt")))
        self._cells._say(words.say("notebook.key_kept"))  # noqa: SLF001

    def _panel(self, arguments: list[str]) -> Any:
        from qwave_jupyter.notebook import panel

        return panel.from_line(arguments)

    def _config(self, _: list[str]) -> None:
        now = settings.current()
        lines = [f"{name:12} {getattr(now, name)}" for name in now.__dataclass_fields__]
        self._publish_lines(lines)

    def _doctor(self, _: list[str]) -> None:
        import platform

        import IPython

        import qwave_jupyter

        now, found = settings.current(), keys.find()
        kernel = getattr(self._shell, "kernel", None)
        demo = settings.serves_demo(now)
        lines = [
            f"package      qwave-jupyter {qwave_jupyter.__version__}",
            f"Python       {platform.python_version()}, IPython {IPython.__version__}",
            "kernel       " + (f"ipykernel {version('ipykernel')}" if kernel else "none: a terminal"),
            f"edition      {now.edition}, default model {now.model}",
            f"server       {'the built-in demo' if demo else now.base_url or settings.catalog().host}",
            f"API key      {'set, from ' + found.source if found else 'not set'}",
            f"waiting      {'an awaited cell: Cancel works' if kernel else 'on an event: Ctrl-C cancels'}",
            f"pictures     {settings.save_folder(now)}",
            f"journal      {now.home}",
        ]
        self._publish_lines(lines)

    def _publish_lines(self, lines: list[str]) -> None:
        text = "\n".join(lines)
        self._cells._publish(  # noqa: SLF001
            {"text/plain": text, "text/html": f'{cards.STYLE}<div class="qw"><pre>{html.escape(text)}</pre></div>'}
        )


def _kept_as(gallery: Gallery, embed: str) -> Gallery:
    from qwave_jupyter.generation.gallery import Gallery

    return Gallery(gallery, showing=replace(gallery.showing, embed=embed), labels=gallery.labels)


def _only(pictures: Sequence[GeneratedImage], task_id: str) -> Gallery:
    from qwave_jupyter.generation.gallery import Gallery

    return Gallery([one for one in pictures if one.task_id == task_id])
