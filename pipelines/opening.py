"""Opening a home: who lives there, with which settings and which key. Everything a step needs in one context."""

import os
from datetime import datetime
from pathlib import Path

from lyceum.errors import InputError, UsageError
from lyceum.home import Home, Platform
from lyceum.progress import Say
from lyceum.settings import Settings
from lyceum.source_records import Source
from lyceum.sources import load
from pipelines.context import Context

DEFAULT_HOME = Path("data/home")


def home_at(folder: Path | None = None, /) -> Home:
    """The home at `folder`, else at $LYCEUM_HOME, else at data/home."""
    chosen = folder or Path(os.environ.get("LYCEUM_HOME", "") or DEFAULT_HOME)
    return Home(chosen.expanduser().absolute())


def open_home(home: Home, /, *, settings: Settings, now: datetime, say: Say) -> Context:
    """The context of a home in which a platform lives.

    Raises:
        HomeError: nothing was ingested there yet.
    """
    return Context(settings, home, home.platform(), now, say)


def open_source(
    source: str,
    data: Path | None,
    home: Home,
    /,
    *,
    settings: Settings,
    now: datetime,
    say: Say,
    name: str = "",
) -> Context:
    """The context of a platform that may not live in `home` yet; the first ingest claims it.

    `source` is the name of a shipped source or the path of a TOML file, `data` the folder of raw deliveries (the
    home's landing folder by default). `name` is the platform's name in the settings, else the source's.
    Raises:
        UsageError: no such source, or a mistake in it.
        InputError: the folder of deliveries is missing.
    """
    declared = load(source)
    folder = (data or home.landing).expanduser().absolute()
    if not folder.is_dir():
        raise InputError(f"There is no folder {folder} with the deliveries of {source}.", remedy="Check --data.")
    platform = _platform(declared, source, folder, settings=settings, name=name or declared.name)
    return Context(settings, home, platform, now, say)


def _platform(declared: Source, source: str, data: Path, *, settings: Settings, name: str) -> Platform:
    chosen = settings.platforms.get(name)
    given = Path(source)
    return Platform(
        name=name,
        source=str(given.absolute()) if given.suffix == ".toml" else source,
        data=data,
        timezone=(chosen and chosen.timezone) or declared.timezone,
        currency=(chosen and chosen.currency) or declared.currency,
        language=(chosen and chosen.language) or declared.language,
    )


def open_platform(name: str, /, *, settings: Settings, now: datetime, say: Say) -> Context:
    """The context of a platform that the settings configure.

    Raises:
        UsageError: the settings know no such platform.
    """
    chosen = settings.platforms.get(name)
    if chosen is None:
        known = ", ".join(sorted(settings.platforms)) or "none"
        raise UsageError(f"The settings configure no platform {name}.", remedy=f"They configure: {known}.")
    home = Home(chosen.home.expanduser().absolute())
    return open_source(chosen.source, chosen.data, home, settings=settings, now=now, say=say, name=name)
