"""The home: one folder that holds everything one platform's runs read and write."""

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from lyceum import locking
from lyceum.errors import HomeError


@dataclass(frozen=True)
class Platform:
    """Whose logs these are and how to read them."""

    name: str
    source: str  # the name of a shipped source, or the path of a TOML file
    data: Path
    timezone: str
    currency: str
    language: str
    key_fingerprint: str = ""


@dataclass(frozen=True)
class Home:
    """The paths below one home. A home holds one platform, fixed by its first ingest."""

    root: Path

    def __post_init__(self) -> None:
        """HomeError if the lake's files cannot lie there: Delta's reader takes such a path apart."""
        if re.search(r"%[0-9A-Fa-f]{2}|[\x00-\x1f]|=", str(self.root.absolute())):
            raise HomeError(
                "The home's path holds a %XX, a control character or an =, and the lake's files cannot lie there.",
                remedy="Choose another folder with --home.",
            )

    @property
    def platform_file(self) -> Path:
        """Which platform lives here."""
        return self.root / "platform.json"

    @property
    def landing(self) -> Path:
        """Raw deliveries, where no other data folder is named."""
        return self.root / "landing"

    @property
    def lake(self) -> Path:
        """The canonical tables."""
        return self.root / "lake"

    @property
    def scored(self) -> Path:
        """The scored tables of every kept week, one partition a week."""
        return self.root / "lake" / "scored"

    @property
    def features(self) -> Path:
        """Snapshots and labels."""
        return self.root / "features"

    @property
    def models(self) -> Path:
        """Fitted models: every version, and which of them scores from which week on."""
        return self.root / "models"

    @property
    def releases(self) -> Path:
        """Published weeks."""
        return self.root / "releases"

    @property
    def current(self) -> Path:
        """The link to the newest release."""
        return self.root / "current"

    @property
    def reports(self) -> Path:
        """The pages of every week ever published."""
        return self.root / "reports"

    @property
    def runs(self) -> Path:
        """What each step of each week did."""
        return self.root / "runs"

    @property
    def staging(self) -> Path:
        """Half-made things; whatever lies here belongs to a run in progress or to one that died."""
        return self.root / "runs" / "staging"

    @property
    def airflow(self) -> Path:
        """Airflow's own files."""
        return self.root / "airflow"

    def platform(self) -> Platform:
        """The platform that lives here.

        Raises:
            HomeError: nothing was ingested yet, or the file is damaged.
        """
        if not self.platform_file.is_file():
            raise HomeError(
                f"{self.root} holds no platform yet.",
                remedy="Run `lyceum demo`, or `lyceum run --source NAME --data DIR --home HOME`.",
            )
        try:
            values = json.loads(self.platform_file.read_text(encoding="utf-8"))
            return Platform(**{**values, "data": Path(values["data"])})
        except (ValueError, TypeError, KeyError):
            raise HomeError(
                f"{self.platform_file} is damaged.", remedy="Restore it from a backup, or start a new --home."
            ) from None

    def claim(self, platform: Platform, /) -> Platform:
        """Give this home to `platform`, or make sure that it already is its home.

        Raises:
            HomeError: another source, time zone or key lives here; the remedy is another --home.
        """
        if not self.platform_file.exists():
            write_atomically(self.platform_file, _as_json(platform))
            return platform
        held = self.platform()
        for what in ("source", "timezone", "currency", "key_fingerprint"):
            if getattr(held, what) != getattr(platform, what):
                raise HomeError(
                    f"{self.root} is the home of platform {held.name} with another {_WORDS[what]}.",
                    remedy="One home holds one platform: name another folder with --home.",
                )
        if held != platform:
            held = replace(held, data=platform.data, language=platform.language)
            write_atomically(self.platform_file, _as_json(held))
        return held

    @contextmanager
    def lock(self, what: str = "", /, *, part: str = "") -> Iterator[None]:
        """Hold the one writer's lock of this home, or that of a `part` of a step (see lyceum.locking).

        The kernel frees it when the process dies. `what` is told to those who find it held.

        Raises:
            BusyError: another process writes here; names it.
        """
        with locking.held(self.runs, what=what, part=part):
            yield


_WORDS = {
    "source": "source",
    "timezone": "time zone",
    "currency": "currency",
    "key_fingerprint": "pseudonym key",
}


def _as_json(platform: Platform) -> str:
    return json.dumps({**asdict(platform), "data": str(platform.data)}, indent=2, ensure_ascii=False) + "\n"


def write_atomically(file: Path, text: str, /, *, mode: int = 0o644) -> None:
    """Write `text` so that a reader sees the old file or the new one, never half of it; OSError if it cannot be."""
    file.parent.mkdir(parents=True, exist_ok=True)
    staged = file.with_name(f".{file.name}.{os.getpid()}")
    descriptor = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as handle:
            handle.write(text)
            handle.flush()
            os.fsync(handle.fileno())
        staged.replace(file)
    except OSError:  # on a full disk half a file would only take room
        staged.unlink(missing_ok=True)
        raise


def clear_half_written(folder: Path, /) -> None:
    """Remove what a process that died in `write_atomically` left at any depth of `folder`; its lock is held."""
    for path in folder.rglob(".*"):
        if path.is_file() and path.suffix[1:].isdigit():
            path.unlink()
