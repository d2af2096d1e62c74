from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

from facefix.report import html
from facefix.report.html import rendering

STATIC = Path(html.__file__).parent / "static"


def test_a_page_says_who_made_it_and_loads_nothing() -> None:
    text = rendering.page("base.html.j2")
    assert '<meta name="generator" content="facefix ' in text
    assert "default-src 'none'" in text
    assert not re.search(r"""(src|href)\s*=\s*["'](https?:)?//""", text)


def test_data_cannot_leave_its_script() -> None:
    value = {"name": "</script><script>alert(1)//", "lone": "a\udce9", "not": float("nan"), "pi": 3.14159265, "whole": 3}
    text = str(rendering.data(value))
    assert "<" not in text and ">" not in text
    read = json.loads(text)
    assert read["name"] == value["name"]
    assert (read["not"], read["pi"], read["whole"]) == (None, 3.1416, 3)


def test_what_was_vendored_is_what_was_published() -> None:
    table = (STATIC / "uplot" / "README.md").read_text()
    rows = re.findall(r"\| (\S+) \| ([0-9a-f]{64}) \|", table)
    assert [name for name, _ in rows] == ["uPlot.iife.min.js", "uPlot.min.css"]
    for name, digest in rows:
        assert hashlib.sha256((STATIC / "uplot" / name).read_bytes()).hexdigest() == digest
    assert "Permission is hereby granted" in (STATIC / "uplot" / "LICENSE").read_text()
