"""One thing that the doctor looked at."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """What was looked at, whether it is as it should be, what was found, and what to do if it is not."""

    what: str
    good: bool
    found: str
    remedy: str = ""
