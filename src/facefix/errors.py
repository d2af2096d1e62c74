"""Errors a user can act on. The message is one plain sentence that names the file and the way out.

The library raises; only `facefix.cli` turns them into exit codes.
"""


class FacefixError(Exception):
    """Base of every error facefix raises on purpose."""


class InputError(FacefixError):
    """The clip cannot be read: missing, not a video, empty, no video stream."""


class OutputError(FacefixError):
    """The result cannot be written: exists, read-only folder, disk full, same file as the input."""


class PlanError(FacefixError):
    """A plan is malformed, or belongs to another clip."""


class ModelError(FacefixError):
    """A model's weights are missing, corrupt or of the wrong shape."""


class SettingsError(FacefixError):
    """An option has a value that makes no sense."""
