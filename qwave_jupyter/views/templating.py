"""The Jinja2 templates of this package, compiled on first use."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from qwave_jupyter import i18n
from qwave_jupyter.views.style import STYLE

if TYPE_CHECKING:
    from jinja2 import Environment, Template

__all__ = ["render_template"]


def render_template(name: str, **values: Any) -> str:
    """Render a file of ``templates/``; values are escaped.

    Args:
        name: the file's name.
        values: the template's variables.

    Raises:
        jinja2.UndefinedError: the template uses a variable that isn't given.
    """
    return _template(name).render(values)


# A job card is rendered several times a second: no file is looked at after its first use.
@cache
def _template(name: str) -> Template:
    return _environment().get_template(name)


@cache
def _environment() -> Environment:
    # Imported here because loading the extension must not import Jinja2.
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=PackageLoader("qwave_jupyter", "views/templates"),
        autoescape=True,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.globals.update(say=i18n.say, style=Markup(STYLE))  # noqa: S704  # our own constant
    return environment
