"""What the user reads when something went wrong: one sentence, the file named, the way out in it."""

from __future__ import annotations

from facefix.errors import FacefixError


def sentence(error: Exception, clip: object = None) -> str:
    """The sentence for an error; `clip` is what was being worked on."""
    if isinstance(error, FacefixError):
        return str(error)
    about = f"{clip}: " if clip is not None else ""
    if isinstance(error, MemoryError):
        return f"{about}there is not enough memory for it; close other programs or make the clip smaller."
    if isinstance(error, RuntimeError) and "out of memory" in str(error):
        # Of a graphics card, whose library has several classes for it.
        return f"{about}the device has too little free memory for it; end what else uses it, or choose --device cpu."
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        return f"{error.filename}: {error.strerror[0].lower()}{error.strerror[1:]}."
    lines = str(error).strip().splitlines()
    what = f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
    return f"{about}unexpected {what}; run again with --debug for the trace."
