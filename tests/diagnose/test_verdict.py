from facefix.diagnose.verdict import verdict
from facefix.types import Finding, Span


def _finding(start: int, end: int, severity: float) -> Finding:
    return Finding("warp", 0, Span(start, end), severity, "")


def test_verdicts() -> None:
    span = Span(0, 100)
    assert verdict([], span) == "clean"
    assert verdict([_finding(0, 90, 0.6)], span) == "repair"
    assert verdict([_finding(0, 40, 0.95)], span) == "repair"
    assert verdict([_finding(0, 30, 0.95), _finding(20, 55, 0.92)], span) == "regenerate"
