"""Sessions and frontends whose parts a test chooses."""

from __future__ import annotations

from qwave_jupyter import frontend, session
from qwave_jupyter.frontend import PlainFrontend
from qwave_jupyter.session import Session


class FakeSession(Session):
    """A session whose jobs work with a given context.

    Args:
        context: what jobs need, or a function that gives it.
    """

    def __init__(self, context, **settings):
        super().__init__(**({} if callable(context) else {"clock": context.clock}), **settings)
        self._given = context

    def context(self):
        return self._given() if callable(self._given) else self._given


class FakeFrontend(PlainFrontend):
    """A frontend that does what it is told.

    Args:
        interactive: whether a person is there.
        present, present_batch, fail_cell: are called instead of the plain ones.
    """

    def __init__(self, *, interactive=False, **methods):
        self.interactive = interactive
        vars(self).update(methods)

    def is_interactive(self):
        return self.interactive


#: A notebook, and a page of Voilà.
NOTEBOOK = FakeFrontend(interactive=True, can_ask=lambda: True)
VOILA = FakeFrontend(interactive=True, can_ask=lambda: False)


def replace_default(monkeypatch, context=None):
    """Let the public functions use a fresh session, with its own context or a given one; what is configured stays."""
    overrides = session.default().overrides
    fresh = Session(**overrides) if context is None else FakeSession(context, **overrides)
    monkeypatch.setattr(session, "_default", fresh)
    return fresh


def replace_frontend(monkeypatch, **methods):
    """Install a frontend for one test."""
    monkeypatch.setattr(frontend, "_installed", [FakeFrontend(**methods)])
