"""The one family of errors: each says what, where, what was found, and what to do next."""


class LyceumError(Exception):
    """A failure that a person can act on. Printed as one sentence or two, exit code 1, never a traceback.

    `message` says what is wrong and where, with what was found; `remedy` says what to do next.
    Neither ever quotes a value out of the logs.
    """

    exit_code = 1

    def __init__(self, message: str, /, *, remedy: str = "") -> None:
        super().__init__(f"{message} {remedy}".strip())
        self.message = message
        self.remedy = remedy


class UsageError(LyceumError):
    """The command, the settings or the source file are wrong, before any data was read. Exit code 2."""

    exit_code = 2


class InputError(LyceumError):
    """The delivered data cannot be used: missing, empty, another shape, too many rejects."""


class HomeError(LyceumError):
    """The home is not what the command expects: another platform's, another key's, locked, damaged."""


class BusyError(HomeError):
    """Another process writes to the home; it goes away by itself."""


class CheckError(LyceumError):
    """A blocking check of data quality failed; nothing is published."""
