"""The one exception tree.

::

    QwaveError
    ├── UserMistake                 nothing was sent; the text says what to write instead
    │   ├── RequestRefused          the request breaks what the model's page documents (all mistakes at once)
    │   ├── OptionMistake           an option line or argument that can't be read
    │   ├── UnknownModel            no such model id in this edition
    │   ├── UnknownTask             no such job in the journal
    │   ├── ReferenceMistake        a reference image or mask that can't be used
    │   └── TooExpensive            above --max-cost or the budget
    ├── ConfigurationError          no key, an unusable setting, a malformed edition file
    ├── ApiError                    the server answered, and it was not what was asked for
    │   ├── RequestRejected         400 and other 4xx: fix the request
    │   ├── AuthenticationFailed    401
    │   ├── PaymentRequired         402
    │   ├── PermissionDenied        403
    │   ├── NotFound                404
    │   ├── RateLimited             429
    │   ├── ServerFault             5xx
    │   ├── UnexpectedRedirect      a redirect that would carry a POST or the key elsewhere
    │   └── UnreadableAnswer        not the documented JSON
    ├── ConnectionFailed            no answer at all; `outcome_unknown` says whether the server may have acted
    ├── GenerationError             the task was accepted and did not end in images
    │   ├── TaskFailed              the task ended as failed
    │   ├── WaitTimeout             we stopped waiting; the task goes on
    │   ├── Cancelled               also a KeyboardInterrupt, so that queued cells stop
    │   └── CancelledWhileAwaited   the same to whoever awaits it, or reads it in a thread or a task
    ├── DownloadFailed              the images exist and could not be fetched or kept
    └── JournalUnavailable          the record of jobs can't be read or written

Every error carries a ``code`` and structured ``fields``; its text is made from them by :mod:`qwave_jupyter.i18n` at
the moment it is read, so another language is data. A text is one line: what was wrong, what is allowed, what next.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwave_jupyter import i18n
from qwave_jupyter.types import JSONObject

if TYPE_CHECKING:
    from qwave_jupyter.batches.batch import Batch

__all__ = [
    "ApiError",
    "AuthenticationFailed",
    "Cancelled",
    "CancelledWhileAwaited",
    "ConfigurationError",
    "ConnectionFailed",
    "DownloadFailed",
    "GenerationError",
    "JournalUnavailable",
    "NotFound",
    "OptionMistake",
    "PaymentRequired",
    "PermissionDenied",
    "QwaveError",
    "RateLimited",
    "ReferenceMistake",
    "RequestRefused",
    "RequestRejected",
    "ServerFault",
    "TaskFailed",
    "TooExpensive",
    "UnexpectedRedirect",
    "UnknownModel",
    "UnknownTask",
    "UnreadableAnswer",
    "UserMistake",
    "WaitTimeout",
]


class QwaveError(Exception):
    """Anything that this package reports.

    Args:
        key: the template in the words files, ``"section.name"``, e.g. ``"api.rate_limited"``; any other text, such as
            of an error of your own, is the error's text.
        fields: what the template names, and whatever a program may want to read. ``charge``, where it is known, is
            what the order has cost; its sentence follows the text. ``of_row``, where a row of a batch is wrong, is its
            number, from 1.

    Example:
        >>> error = OptionMistake("options.unknown", option="--sead", nearest="--seed", model="gpt-image-2")
        >>> error.fields["nearest"]
        '--seed'
    """

    def __init__(self, key: str, /, **fields: Any) -> None:
        super().__init__(key)
        self.key = key
        self.fields = fields

    @property
    def code(self) -> str:
        """The machine-readable name of what went wrong, without its section."""
        return self.key.rpartition(".")[2]

    #: Set by a view that has already shown the whole text, so that it isn't repeated below it.
    shown_above = False

    def __str__(self) -> str:
        text = i18n.text(self.key, **self.fields) if i18n.has_text(self.key) else self.key
        row = self.fields.get("of_row")
        if row is not None:
            text = i18n.text("generation.of_row", row=row, text=text)
        # What is known of the money is a sentence of its own, whatever else went wrong.
        charge = self.fields.get("charge")
        return text if charge is None else i18n.text("words.sentences", first=text, second=str(charge))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.key, self.fields))

    def _render_traceback_(self) -> list[str]:
        # IPython's protocol: a user's mistake or a refusing server needs words and the user's own lines, not ours.
        # Raised again elsewhere, such as by another ``job.result()``, it is whole again.
        from qwave_jupyter import tracebacks

        shown, self.shown_above = self.shown_above, False
        # What whoever has caught it and raised it again has to say.
        added = [*getattr(self, "__notes__", ()), *_describe_cause(self)]
        if not shown:
            return tracebacks.render(self, "\n".join([f"{type(self).__name__}: {self}", *added]))
        line, *places = tracebacks.render(self, f"✕ {type(self).__name__}")
        # The card has said why; only where is left to say.
        return [*added, *places] or [line]


def _describe_cause(error: BaseException) -> list[str]:
    """The error that this one was raised from, in a line, if its own text doesn't say it."""
    cause = error.__cause__
    if cause is None or isinstance(cause, QwaveError) or str(cause) in str(error):
        return []
    return [i18n.text("words.caused_by", reason=f"{type(cause).__name__}: {cause}")]


def _rebuild(cls: type[QwaveError], key: str, fields: JSONObject) -> QwaveError:
    return cls(key, **fields)


class UserMistake(QwaveError):
    """Something in what the user wrote; nothing was sent."""


class RequestRefused(UserMistake):
    """The request breaks documented rules; ``fields["violations"]`` lists every one of them."""


class OptionMistake(UserMistake):
    """An option line or an argument that can't be read."""


class UnknownModel(UserMistake):
    """The edition has no model of that id."""


class UnknownTask(UserMistake):
    """The journal has no job of that id."""


class ReferenceMistake(UserMistake):
    """A reference image or mask that can't be used."""


class TooExpensive(UserMistake):
    """The price is above what the user allowed, or isn't published."""


class ConfigurationError(QwaveError):
    """A setting, a key or an edition file that can't be used."""


class ApiError(QwaveError):
    """The server's refusal or failure, with everything it said.

    ``fields`` always holds ``status`` (HTTP status or None), ``api_code`` (the server's own word or ""), ``message``
    (the server's text, without secrets), ``param`` and ``request_id`` (or None).
    """

    @property
    def status(self) -> int | None:
        """The HTTP status."""
        status: int | None = self.fields.get("status")
        return status

    @property
    def api_code(self) -> str:
        """The server's own code, such as ``capability_violation``."""
        return str(self.fields.get("api_code") or "")

    @property
    def retry_after(self) -> float | None:
        """Seconds until the server wants to be asked again, when it said so."""
        seconds: float | None = self.fields.get("retry_after")
        return seconds


class RequestRejected(ApiError):
    """The server refuses this request as it stands."""


class AuthenticationFailed(ApiError):
    """The key is missing, wrong, disabled, expired or exhausted."""


class PaymentRequired(ApiError):
    """The balance is too low."""


class PermissionDenied(ApiError):
    """The key or account may not do this."""


class NotFound(ApiError):
    """No such task or model."""


class RateLimited(ApiError):
    """Too many requests, or the spend window is used up."""


class ServerFault(ApiError):
    """The server, or the gateway before it, failed."""


class UnexpectedRedirect(ApiError):
    """A redirect that is not followed, because it would lose the POST or carry the key to another host."""


class UnreadableAnswer(ApiError):
    """The answer is not the documented JSON."""


class ConnectionFailed(QwaveError):
    """No answer arrived."""

    @property
    def outcome_unknown(self) -> bool:
        """Whether the server may have acted on the request all the same."""
        return bool(self.fields.get("outcome_unknown"))


class GenerationError(QwaveError):
    """A task that was accepted and did not end in images; ``fields`` holds ``task_id`` and ``job_id``."""


class TaskFailed(GenerationError):
    """The task ended as failed."""


class WaitTimeout(GenerationError, TimeoutError):
    """We stopped waiting; the task goes on and can be picked up."""


class Cancelled(GenerationError, KeyboardInterrupt):
    """The user stopped the job; the text says what became of it on the server."""

    #: The interrupted batch with the outcomes of its rows; None for a single job, and in another process.
    batch: Batch | None = None


class CancelledWhileAwaited(GenerationError):
    """A cancelled job, as whoever awaits it sees it, and whoever reads it in a thread or a task of asyncio.

    It reads like :class:`Cancelled` but is no KeyboardInterrupt, which would tear down the event loop that all share.
    """


class DownloadFailed(QwaveError):
    """The images were made and could not be fetched or kept; ``fields["links"]`` still lead to them."""


class JournalUnavailable(QwaveError):
    """The record of jobs can't be read or written."""
