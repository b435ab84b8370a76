"""The documented dialects: one task in the field names and shapes of each time.

The same host changed its envelope, field names, units and words several times, twice within a week; a client has to
read them all. Each entry of :data:`DIALECTS` names its page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from qwave_jupyter import i18n
from qwave_jupyter.demo.http_types import ApiError, Response, json_response
from qwave_jupyter.demo.tasks import Task
from qwave_jupyter.errors import ConfigurationError
from qwave_jupyter.types import JSONObject

__all__ = ["DIALECTS", "Dialect", "TaskView", "get_dialect", "select_dialect"]

_ENDED = frozenset({"completed", "failed", "cancelled"})


@dataclass(frozen=True)
class TaskView:
    """The state of a task at one moment.

    Args:
        task: the task.
        now: Unix seconds.
        links: the addresses of its images, in order.
        expires: Unix seconds at which they expire.
        origin: the server's address for the client, e.g. ``http://127.0.0.1:8000``.
    """

    task: Task
    now: float
    links: Sequence[str] = ()
    expires: float = 0.0
    origin: str = ""

    @property
    def status(self) -> str:
        """The documented name of its state."""
        return self.task.status(self.now)

    @property
    def is_over(self) -> bool:
        """Whether the state is final."""
        return self.status in _ENDED


@dataclass(frozen=True)
class Dialect:
    """The shape of responses.

    Args:
        name: its name.
        source: the page and time that show it.
        submit_shape: of the response to a submit: ``flat`` object, ``code-data`` (the id in an envelope), ``job`` (the
            oldest object), or ``images`` (only the result, when it is there).
        has_envelope: whether a status comes as ``{"code", "data"}``.
        status_shape: of a status: ``task``, ``result`` (the oldest task object, with few fields) or ``job``.
        status_words: its own names of states.
        progress: ``number``, ``percent``, ``blank`` or "" for no such field.
        submit_time: the unit of ``created_at`` in the response to a submit: ``s`` or ``ms``.
        time: the unit of a status's times: ``s``, ``ms`` or ``iso``.
        url_shape: whether ``url`` is a ``list``, a ``string`` or a list of ``mirrors`` of one file.
        has_expiry: whether images have ``expires_at``.
        has_start_time: whether there is a ``start_time``.
        has_billing_status: whether there is a ``billing_status``.
        has_failure: whether a failed task has an ``error``.
        error_shape: of a refusal: ``error`` object, ``typed`` error object, or ``code-message``.
        supports_prefer_wait: whether ``Prefer: wait`` is honoured.
    """

    name: str
    source: str
    submit_shape: str = "flat"
    has_envelope: bool = False
    status_shape: str = "task"
    status_words: Mapping[str, str] = field(default_factory=dict)
    progress: str = "number"
    submit_time: str = "ms"
    time: str = "s"
    url_shape: str = "list"
    has_expiry: bool = True
    has_start_time: bool = False
    has_billing_status: bool = False
    has_failure: bool = True
    error_shape: str = "error"
    supports_prefer_wait: bool = True

    def submit_body(self, view: TaskView) -> JSONObject:
        """Return the response to a submit that isn't held."""
        task = view.task
        if self.submit_shape == "code-data":
            return {"code": "success", "data": task.task_id}
        if self.submit_shape == "images":
            return self._images_body(view)
        if self.submit_shape == "job":
            return self._job_body(view)
        return {
            "task_id": task.task_id,
            "model": task.model,
            "action": task.action,
            "status": self._status_word("queued"),
            "created_at": _format_time(task.created, self.submit_time),
            "progress": 0,
            "pre_consumed_cost": task.held,
        }

    def status_body(self, view: TaskView) -> JSONObject:
        """Return the response to a status request, and to a held submit."""
        if self.submit_shape == "images" and view.status == "completed":
            return self._images_body(view)
        if self.status_shape == "job":
            return self._job_body(view)
        content = self._result_body(view) if self.status_shape == "result" else self._task_body(view)
        return {"code": "success", "data": content} if self.has_envelope else content

    def cancel_body(self, cancelled: JSONObject) -> JSONObject:
        """Return the response to a cancel."""
        return {"code": "success", "data": cancelled} if self.has_envelope else cancelled

    def error_response(self, refusal: ApiError, kind: str) -> Response:
        """Return a refusal; kinds ``account`` and ``images`` have the same shape in every dialect."""
        error: dict[str, object] = {"message": refusal.message, "code": refusal.code, **refusal.more}
        if refusal.param:
            error["param"] = refusal.param
        if kind == "account":
            content: JSONObject = {"error": {"message": refusal.message, "type": refusal.code}}
        elif kind == "images" or self.error_shape == "typed":
            content = {"error": {**error, "type": refusal.code}}
        elif self.error_shape == "code-message":
            content = {"code": refusal.code, "message": refusal.message, "data": None, **refusal.more}
        else:
            content = {"error": error}
        return json_response(refusal.status, content, refusal.headers)

    def _status_word(self, status: str) -> str:
        return self.status_words.get(status, status)

    def _task_body(self, view: TaskView) -> JSONObject:
        task, status = view.task, view.status
        content: dict[str, object] = {
            "task_id": task.task_id,
            "model": task.model,
            "action": task.action,
            "status": self._status_word(status),
        }
        if self.progress:
            content["progress"] = self._format_progress(view)
        content |= {"created_at": _format_time(task.created, self.time), "pre_consumed_cost": task.held}
        if self.has_start_time and status in {"processing", "completed", "failed"}:
            content["start_time"] = _format_time(task.starts, self.time)
        url = f"{view.origin}/v1/tasks/{task.task_id}"
        content["urls"] = {"get": url, "cancel": f"{url}/cancel"}
        if view.is_over:
            content |= {"completed_at": _format_time(task.ends, self.time), "cost": task.cost(view.now)}
            if self.has_billing_status:
                content["billing_status"] = "settled" if status == "completed" else "refunded"
        if status == "failed" and self.has_failure:
            content["error"] = _failure_body(task)
        if status == "completed":
            content["result"] = {"images": self._image_entries(view)}
        return content

    def _result_body(self, view: TaskView) -> JSONObject:
        done = view.status == "completed"
        return {
            "task_id": view.task.task_id,
            "status": self._status_word(view.status),
            "url": view.links[0] if done and view.links else "",
            "result": {"images": self._image_entries(view)} if done else None,
        }

    def _job_body(self, view: TaskView) -> JSONObject:
        task, status = view.task, view.status
        return {
            "id": task.task_id,
            "type": "image",
            "status": self._status_word(status),
            "progress": task.progress(view.now),
            "queue_position": 1 if status == "queued" else 0,
            "estimated_time": 0 if view.is_over else max(0, round(task.ends - view.now)),
            "current_step": status,
            "created_at": _format_time(task.created, self.time),
            "started_at": None if status == "queued" else _format_time(task.starts, self.time),
            "completed_at": _format_time(task.ends, self.time) if view.is_over else None,
            "result": {"images": self._image_entries(view)} if status == "completed" else None,
            "error": _failure_body(task) if status == "failed" else None,
        }

    def _images_body(self, view: TaskView) -> JSONObject:
        prompt = str(view.task.values.get("prompt") or "")
        return {
            "created": round(view.task.created),
            "data": [{"url": link, "revised_prompt": prompt} for link in view.links],
        }

    def _image_entries(self, view: TaskView) -> list[JSONObject]:
        expiry = {"expires_at": round(view.expires)} if self.has_expiry else {}
        return [{"url": self._format_url(link), **expiry} for link in view.links]

    def _format_url(self, link: str) -> str | list[str]:
        if self.url_shape == "string":
            return link
        return [link, f"{link}?mirror=1"] if self.url_shape == "mirrors" else [link]

    def _format_progress(self, view: TaskView) -> int | str:
        number = view.task.progress(view.now)
        if self.progress == "number":
            return number
        if self.progress == "blank" or view.status == "queued":
            return ""
        # A failed task stands at "100%" there (Status page, edition 2026-09); a cancelled one has no progress.
        return "100%" if view.status == "failed" else f"{number}%" if number else ""


def _failure_body(task: Task) -> dict[str, str]:
    # The text begins with the code in brackets (Status page, editions 2026-06 and 2026-09).
    return {"message": f"[{task.failure}] {i18n.text('demo.failed_on_request')}", "code": task.failure}


def _format_time(seconds: float, unit: str) -> int | str:
    if unit == "iso":
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return round(seconds * 1000) if unit == "ms" else round(seconds)


DIALECTS: Mapping[str, Dialect] = {
    dialect.name: dialect
    for dialect in (
        Dialect("flat", "Submit and Status pages, edition 2026-04"),
        Dialect("milliseconds", "Status page's field table, edition 2026-04", time="ms"),
        Dialect("id-in-data", "oldest model page of edition 2026-04, with its Status page", submit_shape="code-data"),
        Dialect(
            "code-data",
            "Submit and Status pages, March 2026",
            submit_shape="code-data",
            has_envelope=True,
            status_shape="result",
            status_words={"completed": "succeeded"},
            url_shape="mirrors",
            has_failure=False,
            error_shape="code-message",
            supports_prefer_wait=False,
        ),
        Dialect(
            "string-url",
            "Submit and Status pages, 8 April 2026",
            url_shape="string",
            has_start_time=True,
            error_shape="typed",
            supports_prefer_wait=False,
        ),
        Dialect("percent", "Submit and Status pages, edition 2026-09", progress="percent", has_billing_status=True),
        Dialect(
            "undated",
            "answers in examples of edition 2026-09, and words that no page has",
            status_words={"queued": "submitted", "processing": "rendering"},
            progress="blank",
            has_expiry=False,
        ),
        Dialect(
            "job",
            "image page, November 2025",
            submit_shape="job",
            status_shape="job",
            time="iso",
            url_shape="string",
            has_expiry=False,
            error_shape="typed",
            supports_prefer_wait=False,
        ),
        Dialect(
            "images",
            "image page of one model, November 2025, and the OpenAI-compatible endpoints since",
            submit_shape="images",
            error_shape="typed",
        ),
    )
}
#: What the newest pages show, by edition; all others show the flat one.
_BY_EDITION: Mapping[str, str] = {"2026-09": "percent"}
#: What a model's own page shows, where it isn't its edition's.
_BY_PAGE: Mapping[str, str] = {"code-data": "id-in-data"}


def get_dialect(name: str) -> Dialect:
    """Return the dialect with a name.

    Raises:
        ConfigurationError: an unknown dialect.

    Example:
        >>> get_dialect("percent").progress
        'percent'
    """
    if not isinstance(name, str) or name not in DIALECTS:
        raise ConfigurationError(
            "demo.not_a_choice", switch="dialect", given=i18n.printable(name)[:80], allowed=list(DIALECTS)
        )
    return DIALECTS[name]


def select_dialect(chosen: str | None, edition: str, page: str = "") -> Dialect:
    """Return the chosen dialect, or the documented one of the edition or of the model's page."""
    if chosen is not None:
        return get_dialect(chosen)
    return DIALECTS[_BY_PAGE.get(page) or _BY_EDITION.get(edition, "flat")]
