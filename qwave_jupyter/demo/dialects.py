"""The documented dialects: one task in the field names and shapes of each era.

The same host changed its envelope, field names, units and words several times, twice within a week; a client has to
read them all. Which page shows what is said at each entry of :data:`DIALECTS`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from qwave_jupyter import i18n
from qwave_jupyter.demo.http_types import Refused, Response, json_response
from qwave_jupyter.demo.tasks import Task
from qwave_jupyter.errors import ConfigurationError

__all__ = ["DIALECTS", "Dialect", "TaskView", "get_dialect", "select_dialect"]

_ENDED = frozenset({"completed", "failed", "cancelled"})


@dataclass(frozen=True)
class TaskView:
    """A task as it looks at one moment.

    Args:
        task: the task.
        now: Unix seconds.
        links: the addresses of its images, in order.
        expires: Unix seconds at which they die.
    """

    task: Task
    now: float
    links: Sequence[str] = ()
    expires: float = 0.0

    @property
    def status(self) -> str:
        """The documented word for its state."""
        return self.task.status(self.now)

    @property
    def ended(self) -> bool:
        """Whether nothing changes any more."""
        return self.status in _ENDED


@dataclass(frozen=True)
class Dialect:
    """How a task is written as JSON.

    Args:
        name: its name.
        source: the page and time that show it.
        submitted: the submit's answer: ``flat`` object, ``code-data`` (the id in an envelope), ``job`` (the oldest
            object), or ``pictures`` (nothing but the result, when it is there).
        enveloped: whether a status comes as ``{"code", "data"}``.
        shape: of a status: ``task``, ``result`` (the oldest task object, next to nothing) or ``job``.
        words: its own words for states.
        progress: ``number``, ``percent``, ``blank`` or "" for no such field.
        submit_time: the unit of ``created_at`` in a submit's answer: ``s`` or ``ms``.
        time: the unit of a status's times: ``s``, ``ms`` or ``iso``.
        address: whether ``url`` is a ``list``, a ``string`` or a list of ``mirrors`` of one file.
        dated: whether images bear ``expires_at``.
        started: whether there is a ``start_time``.
        has_billing_status: whether there is a ``billing_status``.
        reasons: whether a failure is explained.
        errors: the shape of a refusal: ``error`` object, ``typed`` error object, or ``code-message``.
        holds: whether ``Prefer: wait`` is heeded.
    """

    name: str
    source: str
    submitted: str = "flat"
    enveloped: bool = False
    shape: str = "task"
    words: Mapping[str, str] = field(default_factory=dict)
    progress: str = "number"
    submit_time: str = "ms"
    time: str = "s"
    address: str = "list"
    dated: bool = True
    started: bool = False
    has_billing_status: bool = False
    reasons: bool = True
    errors: str = "error"
    holds: bool = True

    def created(self, view: TaskView) -> Any:
        """The answer to a submit that isn't held: the task as it is at its birth."""
        task = view.task
        if self.submitted == "code-data":
            return {"code": "success", "data": task.task_id}
        if self.submitted == "pictures":
            return self._images_only(view)
        if self.submitted == "job":
            return self._job(view)
        return {
            "task_id": task.task_id,
            "model": task.model,
            "action": task.action,
            "status": self._word("queued"),
            "created_at": _time(task.created, self.submit_time),
            "progress": 0,
            "pre_consumed_cost": task.held,
        }

    def to_json(self, view: TaskView) -> Any:
        """The answer to a status question, and to a submit whose answer was held."""
        if self.submitted == "pictures" and view.status == "completed":
            return self._images_only(view)
        if self.shape == "job":
            return self._job(view)
        content = self._result(view) if self.shape == "result" else self._task(view)
        return {"code": "success", "data": content} if self.enveloped else content

    def cancel_body(self, cancelled: Mapping[str, Any]) -> Any:
        """The answer to a cancel."""
        return {"code": "success", "data": cancelled} if self.enveloped else cancelled

    def error_response(self, refusal: Refused, place: str) -> Response:
        """A refusal in this dialect's shape.

        Args:
            refusal: what was refused.
            place: ``account`` and ``images`` have shapes of their own in every era.
        """
        error: dict[str, Any] = {"message": refusal.message, "code": refusal.code, **refusal.more}
        if refusal.param:
            error["param"] = refusal.param
        if place == "account":
            content: dict[str, Any] = {"error": {"message": refusal.message, "type": refusal.code}}
        elif place == "images" or self.errors == "typed":
            content = {"error": {**error, "type": refusal.code}}
        elif self.errors == "code-message":
            content = {"code": refusal.code, "message": refusal.message, "data": None, **refusal.more}
        else:
            content = {"error": error}
        return json_response(refusal.status, content, refusal.headers)

    def _word(self, status: str) -> str:
        return self.words.get(status, status)

    def _task(self, view: TaskView) -> dict[str, Any]:
        task, status = view.task, view.status
        content: dict[str, Any] = {
            "task_id": task.task_id,
            "model": task.model,
            "action": task.action,
            "status": self._word(status),
        }
        if self.progress:
            content["progress"] = self._progress(view)
        content |= {"created_at": _time(task.created, self.time), "pre_consumed_cost": task.held}
        if self.started and status in {"processing", "completed", "failed"}:
            content["start_time"] = _time(task.starts, self.time)
        content["urls"] = {"get": f"/v1/tasks/{task.task_id}", "cancel": f"/v1/tasks/{task.task_id}/cancel"}
        if view.ended:
            content |= {"completed_at": _time(task.ends, self.time), "cost": task.cost(view.now)}
            if self.has_billing_status:
                content["billing_status"] = "settled" if status == "completed" else "refunded"
        if status == "failed" and self.reasons:
            content["error"] = _failure(task)
        if status == "completed":
            content["result"] = {"images": self._images(view)}
        return content

    def _result(self, view: TaskView) -> dict[str, Any]:
        done = view.status == "completed"
        return {
            "task_id": view.task.task_id,
            "status": self._word(view.status),
            "url": view.links[0] if done and view.links else "",
            "result": {"images": self._images(view)} if done else None,
        }

    def _job(self, view: TaskView) -> dict[str, Any]:
        task, status = view.task, view.status
        return {
            "id": task.task_id,
            "type": "image",
            "status": self._word(status),
            "progress": task.progress(view.now),
            "queue_position": 1 if status == "queued" else 0,
            "estimated_time": 0 if view.ended else max(0, round(task.ends - view.now)),
            "current_step": status,
            "created_at": _time(task.created, self.time),
            "started_at": None if status == "queued" else _time(task.starts, self.time),
            "completed_at": _time(task.ends, self.time) if view.ended else None,
            "result": {"images": self._images(view)} if status == "completed" else None,
            "error": _failure(task) if status == "failed" else None,
        }

    def _images_only(self, view: TaskView) -> dict[str, Any]:
        prompt = str(view.task.values.get("prompt") or "")
        return {
            "created": round(view.task.created),
            "data": [{"url": link, "revised_prompt": prompt} for link in view.links],
        }

    def _images(self, view: TaskView) -> list[dict[str, Any]]:
        expiry = {"expires_at": round(view.expires)} if self.dated else {}
        return [{"url": self._address(link), **expiry} for link in view.links]

    def _address(self, link: str) -> Any:
        if self.address == "string":
            return link
        return [link, f"{link}?mirror=1"] if self.address == "mirrors" else [link]

    def _progress(self, view: TaskView) -> Any:
        number = view.task.progress(view.now)
        if self.progress == "number":
            return number
        if self.progress == "blank" or view.status == "queued":
            return ""
        # A failed task stands at "100%" there (Status page, edition 2026-09); a cancelled one got nowhere.
        return "100%" if view.status == "failed" else f"{number}%" if number else ""


def _failure(task: Task) -> dict[str, str]:
    # The text begins with the code in brackets (Status page, editions 2026-06 and 2026-09).
    return {"message": f"[{task.failure}] {i18n.say('demo.told_to_fail')}", "code": task.failure}


def _time(seconds: float, unit: str) -> Any:
    if unit == "iso":
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return round(seconds * 1000) if unit == "ms" else round(seconds)


DIALECTS: Mapping[str, Dialect] = {
    dialect.name: dialect
    for dialect in (
        Dialect("flat", "Submit and Status pages, edition 2026-04"),
        Dialect("milliseconds", "Status page's field table, edition 2026-04", time="ms"),
        Dialect("id-in-data", "oldest model page of edition 2026-04, with its Status page", submitted="code-data"),
        Dialect(
            "code-data",
            "Submit and Status pages, March 2026",
            submitted="code-data",
            enveloped=True,
            shape="result",
            words={"completed": "succeeded"},
            address="mirrors",
            reasons=False,
            errors="code-message",
            holds=False,
        ),
        Dialect(
            "string-url",
            "Submit and Status pages, 8 April 2026",
            address="string",
            started=True,
            errors="typed",
            holds=False,
        ),
        Dialect("percent", "Submit and Status pages, edition 2026-09", progress="percent", has_billing_status=True),
        Dialect(
            "undated",
            "answers in examples of edition 2026-09, and words that no page has",
            words={"queued": "submitted", "processing": "rendering"},
            progress="blank",
            dated=False,
        ),
        Dialect(
            "job",
            "image page, November 2025",
            submitted="job",
            shape="job",
            time="iso",
            address="string",
            dated=False,
            errors="typed",
            holds=False,
        ),
        Dialect(
            "pictures",
            "image page of one model, November 2025, and the OpenAI-compatible endpoints since",
            submitted="pictures",
            errors="typed",
        ),
    )
}
#: What the newest pages show, by edition; all others show the flat one.
_BY_EDITION: Mapping[str, str] = {"2026-09": "percent"}
#: What a model's own page shows, where it isn't its edition's.
_BY_ANSWER: Mapping[str, str] = {"code-data": "id-in-data"}


def get_dialect(name: str) -> Dialect:
    """The dialect of a name.

    Raises:
        ConfigurationError: no such dialect.

    Example:
        >>> get_dialect("percent").progress
        'percent'
    """
    if name not in DIALECTS:
        raise ConfigurationError("demo.not_a_choice", switch="dialect", given=str(name)[:80], allowed=list(DIALECTS))
    return DIALECTS[name]


def select_dialect(chosen: str | None, edition: str, response: str = "") -> Dialect:
    """The dialect of an answer.

    Args:
        chosen: the one that was switched on, or None.
        edition: the edition.
        response: what the model's page shows, see :class:`~qwave_jupyter.catalog.model.Model`.
    """
    if chosen is not None:
        return get_dialect(chosen)
    return DIALECTS[_BY_ANSWER.get(response) or _BY_EDITION.get(edition, "flat")]
