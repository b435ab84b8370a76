"""The Python API: methods of the default session as functions."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

from qwave_jupyter.session import Session, default

__all__ = [
    "balance",
    "batch",
    "build",
    "configure",
    "cost",
    "generate",
    "history",
    "model",
    "models",
    "resume",
    "submit",
    "use_demo",
]

_P = ParamSpec("_P")
_R = TypeVar("_R")


def _with_default(method: Callable[Concatenate[Session, _P], _R]) -> Callable[_P, _R]:
    """A function that calls the method on the default session."""

    @functools.wraps(method)
    def call(*args: _P.args, **options: _P.kwargs) -> _R:
        return method(default(), *args, **options)

    signature = inspect.signature(method)
    _, *others = signature.parameters.values()
    call.__signature__ = signature.replace(parameters=others)  # type: ignore[attr-defined]
    call.__module__ = __name__
    call.__qualname__ = call.__name__
    call.__doc__ = re.sub(r"(>>> .*)\bsession\.", r"\1qwave.", method.__doc__ or "")
    return call


balance = _with_default(Session.balance)
batch = _with_default(Session.batch)
build = _with_default(Session.build)
configure = _with_default(Session.configure)
cost = _with_default(Session.cost)
generate = _with_default(Session.generate)
history = _with_default(Session.history)
model = _with_default(Session.model)
models = _with_default(Session.models)
resume = _with_default(Session.resume)
submit = _with_default(Session.submit)
use_demo = _with_default(Session.use_demo)
