"""Templates -> pages that need nothing beside them but the videos they name."""

from __future__ import annotations

import base64
import functools
import json
import math
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from facefix import __version__

_PACKAGE = "facefix.report.html"
_DIGITS = 4


def page(template: str, **values: Any) -> str:
    """A page made from a file of `templates/`, which extends `base.html.j2`; every value is escaped.

    Within a template `static("name.js")` is the text of a file of `static/`, to be put into a script or style element, and
    `value | data` is a value as JSON that is safe in a script element.
    """
    return _environment().get_template(template).render(facefix=__version__, **values)


def picture(content: bytes, kind: str = "jpeg") -> str:
    """A picture as an address that holds it. kind: jpeg or png."""
    return f"data:image/{kind};base64,{base64.b64encode(content).decode('ascii')}"


def data(value: Any) -> Markup:
    """JSON that may stand in a script element, for no tag ends it. Numbers have four decimals; not finite is null."""
    text = json.dumps(_plain(value), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for letter in "<>&\u2028\u2029":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    # A name that is no valid UTF-8 reaches us with surrogates in it.
    return Markup(text.encode("utf-8", errors="backslashreplace").decode("utf-8"))


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, float):
        return round(value, _DIGITS) if math.isfinite(value) else None
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(one) for one in value]
    return value


@functools.cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader(_PACKAGE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    made.globals["static"] = _static
    made.filters["data"] = data
    return made


def _static(name: str) -> Markup:
    text = resources.files(_PACKAGE).joinpath("static", *name.split("/")).read_text(encoding="utf-8")
    return Markup(text)
