"""A session: settings, client, catalog, journal, budget, and the jobs under way; a program may have several."""

from __future__ import annotations

import functools
import logging
import os
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from qwave_jupyter import credentials, i18n, threads
from qwave_jupyter import frontend as frontends
from qwave_jupyter.arguments import check, require_methods, require_positive, require_type
from qwave_jupyter.budget import Budget
from qwave_jupyter.clock import SYSTEM_CLOCK, Clock
from qwave_jupyter.errors import ConfigurationError, OptionMistake, UnknownModel, UnknownTask, UserMistake
from qwave_jupyter.folders import START_FOLDER, absolute_file, absolute_folder, is_file, is_folder, refuse_unwritable
from qwave_jupyter.frontend import Frontend, contain_view_errors
from qwave_jupyter.jobs.own_options import RESERVED, to_flag
from qwave_jupyter.settings import Settings, read_environment
from qwave_jupyter.types import JSONObject, Namespace, Values

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from qwave_jupyter.batches.batch import Batch
    from qwave_jupyter.batches.sweep import Axis, Sweep, SweepRun
    from qwave_jupyter.catalog import Catalog, Model
    from qwave_jupyter.catalog.live import ListedModel
    from qwave_jupyter.client.auth import Secret
    from qwave_jupyter.client.client import Balance, Client
    from qwave_jupyter.client.retry import RateLimiter
    from qwave_jupyter.demo.embedded import EmbeddedDemo
    from qwave_jupyter.demo.server import DemoServer
    from qwave_jupyter.images.gallery import Gallery, GeneratedImage
    from qwave_jupyter.jobs.context import JobContext
    from qwave_jupyter.jobs.costs import CostTable, Limits
    from qwave_jupyter.jobs.job import Job
    from qwave_jupyter.jobs.journal.record import Entry
    from qwave_jupyter.jobs.request import Request
    from qwave_jupyter.views.models import ModelTable

__all__ = ["Session", "default", "require_positive"]

_LOG = logging.getLogger(__name__)
#: How long a batch lets the server keep an answer back (``Prefer: wait``, at most 60 s; Submit page, edition 2026-06).
_PREFER_WAIT_SECONDS = 30.0
#: How many jobs and batches that have ended are remembered; those under way always are.
_MAX_ENDED_JOBS, _MAX_ENDED_BATCHES = 500, 50

#: More jobs than that no view shows.
_MAX_LISTED = 1_000_000
_FILTER_TYPES: Mapping[str, type] = {
    "action": str,
    "aspect_ratio": str,
    "resolution": str,
    "references": int,
    "mask": bool,
    "max_price": Real,
    "prompt_chars": int,
}

_T = TypeVar("_T", "Job", "Batch")


class Session:
    """Settings, client, catalog, journal, budget and jobs that belong together; any number of threads may use it.

    Args:
        key: the API key; None looks for it in the environment, Colab's secrets and the keyring.
        frontend: where it runs; None for the one of this process: the notebook after ``%load_ext``, else a plain one.
        clock: time.
        settings: fields of :class:`~qwave_jupyter.settings.Settings`, as in :meth:`configure`.

    Raises:
        ConfigurationError: an unknown setting, or a value that it can't take; the key is no text.
        OptionMistake: ``frontend`` or ``clock`` is something else.

    Example:
        >>> studio = Session(key="sk-example", edition="2026-09", save_dir="studio")
        >>> studio.generate("a cat", model="gpt-image-2").paths
    """

    def __init__(
        self,
        *,
        key: str | None = None,
        frontend: Frontend | None = None,
        clock: Clock = SYSTEM_CLOCK,
        **settings: object,
    ) -> None:
        self._own_key = credentials.Key(key, "Session(key=…)") if isinstance(key, str) else None
        key_type = None if key is None or self._own_key else type(key).__name__
        # A traceback may show what a frame holds.
        del key
        self._clock = clock
        self._frontend = frontend
        self._overrides: dict[str, object] = {}
        self._demo: EmbeddedDemo | None = None
        self._demo_notice_shown = False
        self._client: tuple[tuple[str, Secret], Client] | None = None
        self._wired: tuple[tuple[object, ...], JobContext] | None = None
        self._learned: dict[tuple[object, ...], tuple[tuple[ListedModel, ...] | None, dict[str, Model]]] = {}
        self._rate_limiters: dict[str, RateLimiter] = {}
        self._lock = threads.fork_safe(threading.RLock())
        self._jobs: list[Job] = []
        self._batches: list[Batch] = []
        #: What the orders of this session cost together, and what they may.
        self.budget = Budget(lambda: self.settings.budget)
        if key_type is not None:
            # What was given may be a key all the same, so no text repeats it.
            raise ConfigurationError("settings.key_no_text", given=key_type)
        if frontend is not None:
            require_methods("frontend", frontend, Frontend)
        require_type("clock", clock, Clock, optional=False)
        if settings:
            self.configure(**settings)

    def __repr__(self) -> str:
        # The environment may hold what no setting takes, and a traceback shows this.
        named = [f"{name}={self._overrides[name]!r}" for name in ("base_url", "edition") if name in self._overrides]
        jobs = f"{len(self._jobs)} job{'s' * (len(self._jobs) != 1)}"
        return f"Session({', '.join([*named, jobs])})"

    # Settings

    @property
    def settings(self) -> Settings:
        """The settings in force now: defaults, the environment as it is, and what ``configure()`` has set.

        Raises:
            ConfigurationError: a variable or override that can't be used.
        """
        return Settings(**{**read_environment(), **self._overrides})

    @property
    def frontend(self) -> Frontend:
        """Where this session runs."""
        return self._frontend or frontends.current()

    def _key(self) -> str | None:
        found = self._own_key or credentials.find()
        return found.secret if found else None

    def configure(self, /, **changes: object) -> Settings:
        """Override settings for this session; None gives a setting back to the environment and the defaults.

        Args:
            changes: fields of :class:`Settings`.

        Raises:
            ConfigurationError: an unknown setting, or a value that it can't take; nothing is changed then.

        Example:
            >>> session.configure(model="z-image-turbo", max_cost=0.05).model
            'z-image-turbo'
        """
        Settings.check_names(changes)
        given = {name: value for name, value in changes.items() if value is not None}
        # As they are stored: a relative folder is that of this moment.
        checked = Settings(**given)
        with self._lock:
            others = {name: value for name, value in self._overrides.items() if name not in changes}
            overrides = {**others, **{name: getattr(checked, name) for name in given}}
            settings = Settings(**{**read_environment(), **overrides})
            self._overrides = overrides
        if "language" in changes:
            # Texts have one language in a process.
            i18n.use(settings.language)
        return settings

    @property
    def overrides(self) -> Mapping[str, object]:
        """What :func:`configure` has set, by name."""
        return dict(self._overrides)

    # The demo

    def serves_demo(self, settings: Settings | None = None) -> bool:
        """Whether the built-in demo answers instead of the API.

        A base URL with a key always means that server, unless the demo was switched on in this session. No key and no
        base URL means the demo only where a person can see that it is one.
        """
        settings = settings or self.settings
        if "demo" in self._overrides:
            return bool(self._overrides["demo"])
        if settings.demo is not None:
            return settings.demo and not (settings.base_url and self._key())
        return settings.base_url is None and self._key() is None and self.frontend.is_interactive()

    def check_key(self) -> None:
        """Check that a request could be sent: there is a key, or the demo answers.

        Raises:
            ConfigurationError: there is neither.

        Example:
            >>> session.use_demo()
            'http://127.0.0.1:40123'
            >>> session.check_key()
        """
        self._check_key(self.settings)

    def _check_key(self, settings: Settings) -> None:
        if self._key() or self.serves_demo(settings):
            return
        # A visitor can type no key; who runs the server can give it one.
        key = "settings.no_key_on_server" if frontends.has_visitor(self.frontend) else "settings.no_key"
        raise ConfigurationError(key, variables=credentials.KEY_VARIABLES)

    @check(on=bool)
    def use_demo(self, /, on: bool = True, **options: object) -> str | None:
        """Switch the built-in demo on or off for this session.

        Args:
            on: False goes back to the API; the demo server stops, once no job of this session needs it any more.
            options: what the demo server takes, e.g. ``latency`` in seconds, or ``fail="upstream_unavailable:2"``. A
                demo that serves already is turned while it runs; other options than its switches start another.

        Returns:
            The demo's address, or None when it was switched off.

        Raises:
            ConfigurationError: an option that it doesn't take; nothing is changed then.

        Example:
            >>> session.use_demo(latency=8, rate_limit=3)
            'http://127.0.0.1:40123'
        """
        if not on:
            self.configure(demo=False)
            if self.has_active_jobs():
                threads.spawn(self._stop_unused_demo, name="stop-demo")
            else:
                self._stop_unused_demo()
            return None
        now = self.settings
        self.embedded_demo().change(now.edition, _find_demo_home(now), options)
        self.configure(demo=True)
        return self.demo_server().url

    def take_demo_notice(self) -> bool:
        """Whether the notice that the demo answers is still to be shown; True once in a session."""
        with self._lock:
            before, self._demo_notice_shown = self._demo_notice_shown, True
        return not before

    def demo_server(self) -> DemoServer:
        """The demo server of this session, started on first need on a free loopback port."""
        now = self.settings
        return self.embedded_demo().server(now.edition, _find_demo_home(now))

    def embedded_demo(self) -> EmbeddedDemo:
        """The demo with its switches, whether it serves or not; starts nothing."""
        try:
            from qwave_jupyter.demo.embedded import EmbeddedDemo
        except RuntimeError as problem:
            # A thread that outlives the main one: tornado can't register for the interpreter's end any more.
            raise UserMistake("generation.exit_no_order") from problem

        with self._lock:
            self._demo = self._demo or EmbeddedDemo()
            return self._demo

    def stop_demo(self) -> None:
        """Stop the demo server, if one runs."""
        with self._lock:
            demo, self._wired = self._demo, None
        if demo is not None:
            demo.stop()

    def _stop_unused_demo(self) -> None:
        with self._lock:
            under_way: list[Job | Batch] = [*self._jobs, *self._batches]
        for one in under_way:
            one.wait()
        # It may have been switched on again meanwhile.
        if not self.serves_demo():
            self.stop_demo()
            self._demo = None

    # The catalog

    @property
    def catalog(self) -> Catalog:
        """The edition in force with what the server said of it in this session; never touches the network."""
        from qwave_jupyter.catalog import load

        edition = load(self.settings.edition)
        listed, models = self._learned.get(self._identify_server(), (None, {}))
        if listed is None and not models:
            return edition
        from qwave_jupyter.catalog.live import LiveCatalog

        return LiveCatalog(edition, listed, models)

    def learn(self, *, listed: Sequence[JSONObject] | None = None, model: Model | None = None) -> None:
        """Lay what the server in force said over the edition, until this session ends or another server is chosen.

        Args:
            listed: the entries of its live list.
            model: a model as its live schema describes it.
        """
        from qwave_jupyter.catalog.live import read_list

        server = self._identify_server()
        with self._lock:
            known, models = self._learned.get(server, (None, {}))
            if listed is not None:
                known = read_list(listed)
            if model is not None:
                models = {**models, model.id: model}
            self._learned[server] = (known, models)
            # The next context is wired with the catalog as it is then.
            self._wired = None

    def _identify_server(self) -> tuple[object, ...]:
        now = self.settings
        return now.edition, self.serves_demo(now), now.base_url

    # What jobs work with

    def save_folder(self, settings: Settings | None = None, *, save: str | Path | None = None) -> Path:
        """Where finished images go: the folder of one call, the setting, else ``qwave-images`` beside the notebook.

        Raises:
            OptionMistake: ``save`` is no path, or means no folder of this machine.
        """
        if save is not None:
            if not isinstance(save, (str, os.PathLike)):
                raise OptionMistake("generation.folder_no_text", given=save)
            return absolute_folder(save, "save")
        settings = settings or self.settings
        if settings.save_dir is not None:
            return settings.save_dir
        notebook = os.environ.get("JPY_SESSION_NAME", "")
        beside = Path(notebook).parent if notebook and Path(notebook).is_absolute() else START_FOLDER
        return (beside if is_folder(beside) else START_FOLDER) / "qwave-images"

    def context(self) -> JobContext:
        """What jobs need, wired for the settings in force.

        Raises:
            ConfigurationError: no key, and no demo either.
        """
        from qwave_jupyter.client.auth import Secret
        from qwave_jupyter.client.client import Client
        from qwave_jupyter.client.retry import RateLimiter
        from qwave_jupyter.jobs.context import JobContext
        from qwave_jupyter.jobs.journal.store import Journal

        settings = self.settings
        demo = self.serves_demo(settings)
        if demo:
            server = self.demo_server()
            base_url, secret = server.url, Secret(server.key)
        else:
            self._check_key(settings)
            base_url, secret = settings.base_url or self.catalog.host, Secret(self._key() or "")
        home = _find_demo_home(settings) if demo else settings.home
        wired: dict[str, Any] = {
            "home": home,
            "save_dir": self.save_folder(settings),
            "preview_px": settings.preview_px,
            "timeout": settings.timeout,
            "notebook": os.environ.get("JPY_SESSION_NAME") or None,
            "demo": demo,
        }
        wiring = (settings.edition, base_url, secret, *wired.values())
        with self._lock:
            if self._client is None or self._client[0] != (base_url, secret):
                # It knows what its server can do, and has open connections.
                limiter = self._rate_limiters.setdefault(base_url, RateLimiter(self._clock))
                client = Client(base_url, secret, clock=self._clock, rate_limiter=limiter)
                self._client = (base_url, secret), client
            if self._wired is None or self._wired[0] != wiring:
                context = JobContext(
                    catalog=self.catalog,
                    client=self._client[1],
                    journal=Journal(home, clock=self._clock),
                    clock=self._clock,
                    frontend=self._frontend,
                    session=self,
                    **wired,
                )
                self._wired = wiring, context
            return self._wired[1]

    #: The one way in which work is started beside the caller's.
    spawn = staticmethod(threads.spawn)

    # Jobs under way, and their money

    def register(self, job: Job) -> None:
        """Remember a job that was started, in the place of what it was before; one that no budget counts is counted."""
        from qwave_jupyter.jobs.job import Job

        require_methods("job", job, Job, ("done", "count_in"))
        with self._lock:
            self._jobs = _drop_old([*(one for one in self._jobs if one.id != job.id), job], _MAX_ENDED_JOBS)
        job.count_in(self.budget)

    def register_batch(self, batch: Batch) -> None:
        """Remember a batch that was started."""
        from qwave_jupyter.batches.batch import Batch

        require_methods("batch", batch, Batch, ("done",))
        with self._lock:
            self._batches = _drop_old([*self._batches, batch], _MAX_ENDED_BATCHES)

    @property
    def batches(self) -> tuple[Batch, ...]:
        """The batches of this session, newest first."""
        return tuple(reversed(self._batches))

    @property
    def jobs(self) -> tuple[Job, ...]:
        """The jobs that this session has started, newest first."""
        return tuple(reversed(self._jobs))

    def has_active_jobs(self) -> bool:
        """Whether a job or a batch of this session hasn't ended."""
        return not (all(one.done() for one in self._jobs) and all(one.done() for one in self._batches))

    def find_job(self, name: str | None = None) -> Job:
        """A job of this session by its task id, its job id, or the beginning or end of one; the newest without a name.

        Raises:
            UnknownTask: there is none, or there are several.
            OptionMistake: the name is empty, which would be that of every job.
        """
        require_type("task", name, str)
        if name is not None and not name.strip():
            raise OptionMistake("options.empty", option="task")
        if name is None:
            if not self.jobs:
                raise UnknownTask("generation.no_task_yet")
            return self.jobs[0]
        found = [one for one in self.jobs if _is_called(one, name)]
        if len(found) != 1:
            raise UnknownTask("generation.unknown_task" if not found else "generation.ambiguous_task", given=name)
        return found[0]

    def find_known_job(self, name: str | None = None) -> Job | Entry:
        """A job as ``find_job`` finds it, else the journal's record of one; without a name that of the newest images.

        Raises:
            UnknownTask: there is none, or there are several.
        """
        try:
            return self.find_job(name)
        except UnknownTask as unknown:
            if unknown.code == "ambiguous_task":
                raise
            journal = self.context().journal
            # The journal holds no half of a character, so it is found nowhere.
            found = journal.history(1) if name is None else journal.find(name.encode(errors="replace").decode())
            if not found:
                raise
        if len(found) > 1:
            raise UnknownTask("generation.ambiguous_task", given=name)
        return found[0]

    def limits(self, max_cost: float | None = None, *, force: bool = False) -> Limits:
        """The limits of an order of this session.

        Args:
            max_cost: USD that it may cost by itself; None for the setting.
            force: an unknown price is no reason to refuse because of ``max_cost``.

        Raises:
            OptionMistake: ``max_cost`` is no number above 0.
        """
        from qwave_jupyter.jobs.costs import Limits

        max_cost = self.settings.max_cost if max_cost is None else require_positive("max_cost", max_cost)
        return Limits(self.budget, max_cost, force)

    @property
    def spent_usd(self) -> float:
        """What this session's jobs cost: what was charged, else what is held, else what was expected."""
        return self.budget.spent_usd

    # One job

    def build(
        self,
        /,
        prompt: str,
        *,
        model: str | None = None,
        force: bool = False,
        variables: Namespace | None = None,
        **options: object,
    ) -> Request:
        """Check and price a request without sending it.

        Args:
            prompt: what to paint; ``{{name}}`` is filled from ``variables``.
            model: a model id; None for the one in the settings.
            force: send what the documentation says will be refused.
            variables: values for the names in the prompt.
            options: parameters of the model by name, such as ``aspect_ratio="16:9"`` or ``images=[…]``.

        Raises:
            RequestRefused: every mistake at once, each with what is allowed.
            UnknownModel: no such id; the nearest is named.
            OptionMistake: the prompt is no text.

        Example:
            >>> session.build("a cat", model="gpt-image-2", resolution="1k").body["resolution"]
            '1k'
        """
        from qwave_jupyter.jobs import request as requests_of

        if not isinstance(prompt, str):
            raise OptionMistake("generation.prompt_no_text", given=type(prompt).__name__)
        require_type("model", model, str)
        require_type("variables", variables, Mapping)
        for name in variables or ():
            if not isinstance(name, str):
                raise OptionMistake("generation.variable_name", given=i18n.PrintableValue(name))
        require_type("force", force, bool)
        return requests_of.build(
            self.catalog,
            prompt,
            options,
            model=self.settings.model if model is None else model,
            force=force,
            variables=variables or {},
            now=self._clock.now(),
            demo=self.serves_demo(),
        )

    @check(reuse=bool, force=bool)
    def start(
        self,
        request: Request,
        *,
        timeout: float | None = None,
        save: str | Path | None = None,
        max_cost: float | None = None,
        reuse: bool | None = None,
        force: bool = False,
    ) -> Job:
        """Send a checked request and follow it in a thread of its own.

        Args:
            request: what :func:`build` returned.
            timeout: seconds to wait at most; None for the setting.
            save: the folder for the images; None for the setting.
            max_cost: USD that this request may cost; None for the setting.
            reuse: True shows an identical finished request again instead of paying again; None for the setting.
            force: go on although the price isn't known.

        Raises:
            TooExpensive: the price is above ``max_cost`` or the budget, or isn't published; nothing was sent.
            ConfigurationError: no key, and no demo either.
        """
        from qwave_jupyter.jobs.job import Job
        from qwave_jupyter.jobs.request import Request

        require_type("request", request, Request, optional=False)
        limits = self.limits(max_cost, force=force)
        reuse = self.settings.reuse if reuse is None else reuse
        job = Job(request, self.job_context(save, timeout), reuse=reuse, limits=limits).reserve()
        try:
            with frontends.interruptible():
                job.start()
                self.register(job)
        except KeyboardInterrupt:
            if not job.abandon():
                raise
            self.register(job)
            raise job.cancel_and_describe() from None
        except BaseException:
            if job.abandon():
                self.register(job)
            raise
        return job

    def submit(
        self,
        /,
        prompt: str,
        *,
        model: str | None = None,
        timeout: float | None = None,
        save: str | Path | None = None,
        max_cost: float | None = None,
        reuse: bool | None = None,
        force: bool = False,
        variables: Namespace | None = None,
        **options: object,
    ) -> Job:
        """Send a request and return at once; ``job.result()`` or ``await job`` gives the gallery.

        Args:
            prompt: what to paint.
            model: a model id; None for the setting.
            timeout: seconds to wait at most.
            save: the folder for the images.
            max_cost: USD that this request may cost.
            reuse: True shows an identical finished request again.
            force: send what the documentation says will be refused.
            variables: values for ``{{names}}`` in the prompt.
            options: parameters of the model by name.

        Example:
            >>> job = session.submit("a cat", model="z-image-turbo")
            >>> job.result()[0].path.suffix
            '.png'
        """
        request = self.build(prompt, model=model, force=force, variables=variables, **options)
        return self.start(request, timeout=timeout, save=save, max_cost=max_cost, reuse=reuse, force=force)

    def generate(self, /, prompt: str, **options: Any) -> Gallery:
        """Send a request and wait for its images; takes what :func:`submit` takes.

        Raises:
            GenerationError: the task failed, was cancelled, or took longer than the timeout.

        Example:
            >>> gallery = session.generate("a cat", model="gpt-image-2", aspect_ratio="16:9")
            >>> gallery[0].path
            PosixPath('qwave-images/2026-11-21-a-cat-8499-1.png')
        """
        return self.present(self.submit(prompt, **options))

    def present(self, job: Job) -> Gallery:
        """Wait for a job and show it meanwhile, as the frontend does.

        Raises:
            GenerationError: how it ended, if not with images.
        """
        from qwave_jupyter.jobs.job import Job

        require_type("job", job, Job, optional=False)
        with contain_view_errors():
            return self.frontend.present(job)
        return job.result()

    # The journal

    @check(repeat=bool)
    def resume(self, *, save: str | Path | None = None, repeat: bool = False) -> Sequence[Job]:
        """Pick up every open job of the journal that no other kernel holds.

        What they cost counts in the budget. A task that the server still has queued is cancelled where it holds more
        than the limits allow; what is being made is fetched, whatever it costs, for it is charged already. The costs of
        jobs that ended in the last week while theirs was pending are asked for once, meanwhile.

        Args:
            save: the folder for their images; None for the one that each was meant for.
            repeat: order again what got no usable answer and no idempotency key makes safe to repeat: it may be paid
                twice.

        Returns:
            The jobs, followed again in threads of their own: iterate, and ask each for ``result()``.

        Raises:
            OptionMistake: the folder can't be written to.
            UserMistake: in an ``atexit`` handler, where no job can begin any more.
        """
        from qwave_jupyter.jobs.job import resume

        _refuse_after_exit()
        context = self.context() if save is None else self.job_context(save)
        if not self.frontend.is_interactive():
            for line in self.describe_open_elsewhere():
                _LOG.warning("%s", line)
        return resume(context, self.limits(), repeat=repeat, register=self.register)

    def describe_open_elsewhere(self) -> Sequence[str]:
        """A line for each other server that has open jobs in the journal, which :meth:`resume` leaves alone."""
        context = self.context()
        servers = Counter(one.base_url for one in context.journal.abandoned_jobs() if one.base_url != context.server)
        return [
            i18n.text("generation.resume_elsewhere", count=count, server=server or "?", here=context.server)
            for server, count in servers.items()
        ]

    @check(limit=int, starred=bool)
    def history(self, words: str = "", limit: int = 100, *, starred: bool = False) -> Gallery:
        """The finished images that the journal knows, newest first.

        Args:
            words: words to look for in prompts and model ids.
            limit: how many jobs at most.
            starred: only the images that were starred, in the panel or by :meth:`star`.

        Example:
            >>> best = session.history(starred=True)
        """
        from qwave_jupyter.jobs import records

        require_type("words", words, str, optional=False)
        require_type("limit", limit, int, optional=False)
        # The journal holds no half of a character, so it is found nowhere.
        words, limit = words.encode(errors="replace").decode(), max(0, min(limit, _MAX_LISTED))
        return records.history(self.context(), words=words, limit=limit, starred=starred)

    def find_result(self, link: str) -> GeneratedImage | None:
        """The earlier result that a link leads to, where the journal knows it and its file is still there.

        Args:
            link: its ``url``, whether it still works or not.

        Example:
            >>> session.find_result(gallery[0].url).path.suffix
            '.png'
        """
        from qwave_jupyter.jobs import records

        require_type("link", link, str, optional=False)
        return records.find_result(link, self.context())

    @check(on=bool)
    def star(self, image: GeneratedImage, on: bool = True) -> None:
        """Star an image, or take its star back; ``history(starred=True)`` finds it again.

        Args:
            image: a result of this session's journal.
            on: False takes the star back.

        Raises:
            JournalUnavailable: the journal can't be written.

        Example:
            >>> session.star(gallery[0])
        """
        from qwave_jupyter.errors import JournalUnavailable
        from qwave_jupyter.images.gallery import GeneratedImage

        require_type("image", image, GeneratedImage, optional=False)
        journal = self.context().journal
        if not journal.star(image.job_id, image.index, on=on):
            raise JournalUnavailable("generation.star_unwritten", path=journal.path)

    def cost(self) -> CostTable:
        """What was spent: today, for this notebook, by model; expected, held, charged and refunded kept apart.

        Example:
            >>> session.cost().to_records()[0]["charged_usd"]
            0.0128
        """
        from qwave_jupyter.jobs import costs

        return costs.cost_table(self.context())

    def balance(self) -> Balance:
        """What the account has left, where the server tells.

        Raises:
            ApiError: the server doesn't know the question (editions before 2026-09) or refuses the key.
        """
        return self.context().client.balance()

    def job_context(self, save: str | Path | None = None, timeout: float | None = None) -> JobContext:
        """What jobs need, with the folder and the timeout of one call.

        Args:
            save: the folder for the images; None for the setting.
            timeout: seconds to wait; None for the setting.

        Raises:
            OptionMistake: no such timeout, or the folder can't be written to, which is better known before the images
                are paid for than after.
            UserMistake: in an ``atexit`` handler, where no job can begin any more.
        """
        from qwave_jupyter.images.saver import check_folder

        _refuse_after_exit()
        context = self.context()
        if save is not None:
            context = replace(context, save_dir=self.save_folder(save=save), is_folder_named=True)
        if timeout is not None:
            context = replace(context, timeout=require_positive("timeout", timeout))
        check_folder(context.save_dir)
        return context

    # Many jobs

    @check(model=str, force=bool, variables=Mapping, options=Mapping)
    def plan_sweep(
        self,
        prompt: str,
        sweeps: Sequence[str],
        *,
        model: str | None = None,
        force: bool = False,
        variables: Namespace | None = None,
        options: Values | None = None,
    ) -> Sweep:
        """Check and price a sweep without sending anything.

        Args:
            prompt: what to paint; its ``{{names}}`` may be swept.
            sweeps: ``KEY=V1,V2`` or ``KEY=1..8``; KEY is a parameter, ``model``, or a name of the prompt; ``{{KEY}}``
                is a name of the prompt alone. ``{{name}}`` as a value stands for each value of a list. Where KEY takes
                images, a task or a list, a value may be the name of one of the variables.
            model: the model of tiles that sweep none.
            force: send what the documentation says will be refused.
            variables: values for the names that aren't swept, and for those of images.
            options: what all tiles have in common.

        Raises:
            RequestRefused: every tile is refused.
            OptionMistake: a sweep that can't be read, or too large a grid.

        Example:
            >>> session.plan_sweep("a cat", ["seed=1..3"], model="seedream-5.0").estimate_usd
        """
        from qwave_jupyter.batches.axes import parse_axis, refuse_unknown_key
        from qwave_jupyter.batches.sweep import Sweep, build_grid, expand_axes
        from qwave_jupyter.jobs.request import prompt_names

        chosen = self.settings.model if model is None else model
        if not isinstance(prompt, str):
            raise OptionMistake("generation.prompt_no_text", given=type(prompt).__name__)
        for name in options or ():
            require_type("options", name, str, optional=False)
        names = prompt_names(prompt)
        require_type("sweeps", sweeps, (list, tuple), optional=False)
        for one in sweeps:
            require_type("sweeps", one, str, optional=False)
        parse = functools.partial(parse_axis, prompt_names=names, variables=variables)
        # What may be swept depends on the models, which may be swept.
        model_sweeps = [text for text in sweeps if text.partition("=")[0].strip() == "model"]
        swept = [str(one) for text in model_sweeps for one in parse(text).values]
        models = [self._find_model(one) for one in swept or [chosen]]
        axes = tuple(parse(one, models=models) for one in sweeps)
        self._check_axes(axes, chosen, options or {})
        if not force:
            for axis in axes:
                refuse_unknown_key(axis, models, names)

        def build(own: Values, filled: Namespace, swept: str | None) -> Request:
            used = chosen if swept is None else swept
            found = self._find_swept_values(axes, used, own, variables or {})
            return self.build(prompt, model=used, force=force, variables=filled, **{**own, **found})

        grid = build_grid(expand_axes(axes, options, variables), build)
        return Sweep(axes, grid, prompt, dict(options or {}), chosen)

    def _find_swept_values(self, axes: Sequence[Axis], model: str, own: Values, variables: Namespace) -> Values:
        """What the swept values stand for where they are names of variables; raises OptionMistake for no image."""
        from qwave_jupyter.jobs.references import is_empty
        from qwave_jupyter.jobs.request import find_value, takes_images

        known = self._find_model(model)
        found: dict[str, object] = {}
        for axis in axes:
            text = own.get(axis.key)
            if axis.in_prompt or not isinstance(text, str):
                continue
            parameter = known.find_parameter(axis.key)
            found[axis.key] = find_value(parameter, text, variables)
            if parameter is not None and takes_images(parameter) and is_empty(found[axis.key]):
                raise OptionMistake("options.holds_no_image", option=f"--sweep {axis.key}", given=text)
        return found

    def _check_axes(self, axes: Sequence[Axis], model: str, options: Values) -> None:
        """Raise OptionMistake for a parameter that is swept and given as well, or swept by two of its names."""
        try:
            known = self.catalog.model(model)
        except UnknownModel:
            # Refused, or sent as it is written, where it is built.
            return
        given: dict[str, str] = {}
        written = [(name, to_flag(name)) for name, value in options.items() if value is not None]
        swept = [(axis.key, f"--sweep {axis.key}") for axis in axes if not axis.in_prompt]
        for name, spelled in (*written, *swept):
            # Models may be swept.
            if name in RESERVED - {"model"}:
                raise OptionMistake("options.reserved", option=spelled)
            key = known.canonical_name(name)
            if key in given:
                raise OptionMistake("options.given_twice", option=given[key], other=spelled)
            given[key] = spelled

    @check(reuse=bool, force=bool)
    def prepare_sweep(
        self,
        sweep: Sweep,
        *,
        concurrency: int = 8,
        max_cost: float | None = None,
        reuse: bool | None = None,
        save: str | Path | None = None,
        timeout: float | None = None,
        force: bool = False,
    ) -> SweepRun:
        """Reserve what a planned sweep may cost, and return its run; its ``start()`` sends a bounded number at once.

        Args:
            sweep: what :func:`plan_sweep` returned.
            concurrency: how many jobs at once.
            max_cost: USD that all of it may cost; None for the setting.
            reuse: True shows identical finished requests again; None for the setting.
            save: the folder for the images.
            timeout: seconds to wait for each.
            force: go on although a price isn't known; what is known to be dearer is refused all the same.

        Raises:
            TooExpensive: all of it would cost more; nothing was sent.
        """
        from qwave_jupyter.batches.sweep import Sweep
        from qwave_jupyter.jobs.costs import Limits

        require_type("sweep", sweep, Sweep, optional=False)
        own = self.limits(max_cost)
        again = self.settings.reuse if reuse is None else reuse
        context = self.job_context(save, timeout)
        paid = sweep.without_reused(context) if again else sweep
        paid.check_max_cost(own.max_cost, force=force)
        together = own.budget.allot(
            paid.estimate_usd, limit=own.max_cost, refusal="generation.over_sweep_limit", unknown_ok=force
        )
        limits = Limits(together, own.max_cost, force=force)
        try:
            run = sweep.prepare(context, concurrency=concurrency, reuse=again, limits=limits, on_done=together.close)
        except BaseException:
            together.close()
            raise
        try:
            self.register_batch(run.batch)
        except BaseException:
            # Its end gives back what was reserved.
            run.batch.stop(0.0)
            raise
        return run

    @check(model=str, reuse=bool)
    def batch(
        self,
        /,
        rows: Iterable[object],
        *,
        model: str | None = None,
        concurrency: int = 8,
        max_cost: float | None = None,
        reuse: bool | None = None,
        save: str | Path | None = None,
        timeout: float | None = None,
        executor: Executor | None = None,
        write: str | Path | None = None,
        **options: object,
    ) -> Batch:
        """Many requests, a bounded number at once; returns at once, and shows its progress in a notebook.

        A row that is refused or fails is an outcome with its error, and the others go on. A row whose very request an
        earlier run left open is picked up instead of being paid for again.

        Args:
            rows: prompts, dicts with ``prompt`` and parameters, or a pandas DataFrame of such rows or its rows
                (``iterrows``, ``itertuples``) or of ``csv.DictReader``, where empty cells are left out; a generator is
                asked for a row only when there is room for it. ``variables`` of a dict fill the ``{{names}}`` of its
                prompt.
            model: the model of rows that name none.
            concurrency: how many jobs at once.
            max_cost: USD for each of them; a row that is dearer, or has no published price, is refused. Should the
                server take more for one and it is too late to cancel, no further row is ordered. None for the setting.
            reuse: True shows identical finished requests again, so that an interrupted batch that is run anew, here or
                in another kernel, bills every row once; None for the setting.
            save: the folder for the images.
            timeout: seconds to wait for each.
            executor: any ``concurrent.futures.Executor`` that runs the rows instead of threads of this process; its
                workers read the key from their own environment.
            write: a file to which each outcome is appended as a line of JSON when it comes; a new or empty one, or one
                that holds outcomes.
            options: parameters that all rows have in common.

        An interrupt (Ctrl-C, ⏹) stops the batch: rows under way are cancelled, no further ones are ordered. In a
        notebook the name that the batch is given to is bound all the same, and the cell ends with Cancelled.

        Returns:
            The batch: ``results()`` in the order of the rows, ``as_completed()``, ``gallery()``, ``stop()``.

        Example:
            >>> for outcome in session.batch(["a cat", "a dog"], model="z-image-turbo").as_completed():
            ...     print(outcome.index, outcome.error or outcome.gallery.paths)
        """
        from qwave_jupyter.batches.batch import Batch
        from qwave_jupyter.batches.rows import Row, build_row, read_rows
        from qwave_jupyter.jobs.request import Request

        file = None if write is None else _check_file(absolute_file(write, "write", "made.jsonl"))
        context = self.job_context(save, timeout)
        limits = self.limits(max_cost)

        named = self.settings.model if model is None else model

        def build(prompt: str, chosen: str | None, own: Values) -> Row:
            require_type("model", chosen, str)
            asked = named if chosen is None else chosen
            running.note_model(asked)
            together = self._find_model(asked).merge_options({"variables": {}, **options}, own)
            request = self.build(prompt, model=asked, **together)
            return Row(request, force=bool(together.get("force")))

        def builder(row: object) -> Callable[[], Row]:
            if isinstance(row, Request):
                return functools.partial(Row, row, force=bool(options.get("force")))
            return functools.partial(build_row, row, build)

        count, listed = read_rows(rows)
        running = Batch(
            map(builder, listed),
            context,
            concurrency=concurrency,
            limits=limits,
            reuse=self.settings.reuse if reuse is None else reuse,
            prefer_wait=_PREFER_WAIT_SECONDS,
            executor=executor,
            write=file,
            total=count,
            model=named,
        )
        self.register_batch(running)
        try:
            with frontends.interruptible():
                running.start()
                with contain_view_errors():
                    self.frontend.present_batch(running)
        except KeyboardInterrupt:
            stopped = running.interrupt()
            # In a notebook the name is bound, so that what was made can be reached, and the cell ends with the error.
            if not self.frontend.fail_cell(stopped):
                raise stopped from None
        return running

    # What the models can do

    @check(refresh=bool)
    def models(self, /, *words: str, refresh: bool = False, **filters: Any) -> ModelTable:
        """The models of the edition in force that can do what is asked, cheapest first; shows as a table.

        Args:
            words: words to look for in ids, vendors and descriptions.
            refresh: ask the server for its live list first: what the key can't use is marked, and live prices count.
                Without it the network is never touched.
            filters: ``action``, ``aspect_ratio``, ``resolution``, ``references`` (how many), ``mask``, ``max_price``
                (USD), ``prompt_chars``.

        Raises:
            ApiError: with ``refresh``, the server refuses or doesn't answer.

        Example:
            >>> [found.id for found in session.models(action="inpaint", max_price=0.02)]
            ['gpt-image-2']
        """
        from qwave_jupyter.catalog.live import LiveCatalog
        from qwave_jupyter.views.models import ModelTable

        for word in words:
            require_type("words", word, str, optional=False)
        for name, value in filters.items():
            if name not in _FILTER_TYPES:
                raise OptionMistake("options.no_such_filter", given=name, allowed=list(_FILTER_TYPES))
            require_type(name, value, _FILTER_TYPES[name])
        if refresh:
            self.learn(listed=self.context().client.models())
        known = self.catalog
        found = known.find(words=" ".join(words), **filters)
        if not isinstance(known, LiveCatalog):
            return ModelTable(found, known.edition)
        asked = " ".join(words).lower().split()
        unknown = [] if filters else [name for name in known.unknown if all(word in name.lower() for word in asked)]
        return ModelTable(found, known.edition, unusable=known.unusable, unknown=unknown, live=True)

    @check(live=bool)
    def model(self, model_id: str, *, live: bool = False) -> Model:
        """One model with all that is documented about it.

        Args:
            model_id: its id.
            live: ask the server's tools endpoint how it describes the model now (free); its answer is used for
                validation until this session ends.

        Raises:
            UnknownModel: no such id; the nearest is named.
            ApiError: with ``live``, the server has no such endpoint or doesn't know the model.
        """
        from qwave_jupyter.jobs.request import unvalidated_model

        require_type("model_id", model_id, str, optional=False)
        known = self.catalog
        if not live:
            return unvalidated_model(model_id) if known.is_live_only(model_id) else known.model(model_id)
        from qwave_jupyter.catalog.live import apply_schema

        schema = self.context().client.tool("get_model_schema", {"model": model_id})
        self.learn(model=apply_schema(self._find_model(model_id), schema))
        return self.catalog.model(model_id)

    def _find_model(self, model_id: str) -> Model:
        """The model of the edition, or one of which nothing is known."""
        from qwave_jupyter.jobs.request import unvalidated_model

        try:
            return self.catalog.model(model_id)
        except UnknownModel:
            return unvalidated_model(model_id)

    def live_estimate(self, request: Request) -> float | None:
        """What the server says that a request would cost, in USD; None where its answer holds no amount.

        Args:
            request: what :func:`build` returned; nothing is submitted.

        Raises:
            ApiError: the server has no such tool, or refuses the question.
        """
        from qwave_jupyter.client.client import read_estimate
        from qwave_jupyter.jobs.request import Request

        require_type("request", request, Request, optional=False)
        body = {name: value for name, value in request.body.items() if name != "model"}
        answer = self.context().client.tool("estimate_cost", {"model": request.model.id, "input": body})
        return read_estimate(answer)


def default() -> Session:
    """The session that the functions of :mod:`qwave_jupyter` use."""
    return _default


def _refuse_after_exit() -> None:
    if threads.has_exit_passed():
        raise UserMistake("generation.exit_no_order")


def _check_file(file: Path) -> Path:
    """The same file; raises OptionMistake where no outcomes can be appended to it, before anything is paid for."""
    from qwave_jupyter.batches.batch import holds_outcomes

    with refuse_unwritable(file):
        if is_file(file) and not holds_outcomes(file):
            raise OptionMistake("generation.write_other_file", path=i18n.printable(file))
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a", encoding="utf-8"):
            return file


def _find_demo_home(settings: Settings) -> Path:
    # Apart from the real journal: what the demo pretends to charge must never stand among real costs.
    return settings.home / "demo"


def _drop_old(items: list[_T], limit: int) -> list[_T]:
    """All that are under way, and the newest of those that have ended."""
    ended = [one for one in items if one.done()]
    old = {id(one) for one in ended[: max(0, len(ended) - limit)]}
    return [one for one in items if id(one) not in old]


_default = Session()
credentials.set_home(lambda: _default.settings.home)


def _is_called(job: Job, name: str) -> bool:
    # Cards show the end of a task id; file names and reprs the beginning of a job id.
    return job.id.startswith(name) or any(known and known.endswith(name) for known in (job.task_id, job.id))
