"""What every step is given: the settings, the home, the platform, the moment of the run, and a way to speak."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from lyceum.home import Home, Platform
from lyceum.lake import Lake
from lyceum.settings import Settings


@dataclass(frozen=True)
class Context:
    """The arguments that all steps share. `now` is the only clock that a step may know."""

    settings: Settings
    home: Home
    platform: Platform
    now: datetime
    say: Callable[[str], None]

    @property
    def lake(self) -> Lake:
        """The canonical tables."""
        return Lake(self.home.lake)

    @property
    def features(self) -> Lake:
        """Snapshots and labels."""
        return Lake(self.home.features)

    @property
    def scored(self) -> Lake:
        """The scored tables of every kept week."""
        return Lake(self.home.scored)
