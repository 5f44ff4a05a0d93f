"""A delivery in the shape of a real export, through the real ingest into a home of its own."""

from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from lyceum import schema
from lyceum.home import Home, Platform
from lyceum.lake import Lake
from lyceum.privacy import load_key, pseudonym
from lyceum.settings import Settings
from lyceum.sources import load
from pipelines.context import Context
from pipelines.ingest import ingest

FIXTURES = Path(__file__).parent / "fixtures"
PARTS = ("mapped", "skipped", "anonymous", "duplicate", "rejected", "blank")


class Taken:
    """What the ingest of a delivery left."""

    def __init__(self, source: str, data: Path, root: Path, limit: float):
        spec = load(source)
        name = Path(source).stem
        self.key = load_key(name, create=True)
        platform = Platform(name, source, data, spec.timezone, spec.currency, spec.language)
        self.said: list[str] = []
        now = datetime(2026, 8, 1, tzinfo=UTC)
        self.home = Home(root)
        self.result = ingest(Context(Settings(reject_limit=limit), self.home, platform, now, self.said.append))

    def rows(self, table: str, columns: str, order: str = "ALL") -> list[tuple]:
        with duckdb.connect() as con:
            con.execute("SET TimeZone = 'UTC'")
            source = Lake(self.home.lake).source(schema.table(table))
            return con.execute(f"SELECT {columns} FROM ({source}) ORDER BY {order}").fetchall()

    def person(self, raw: str) -> str:
        return pseudonym(self.key, raw)

    @property
    def accounts(self) -> dict[str, tuple[int, ...]]:
        """Rows and PARTS by mapping, of all files together; each file's own adds up."""
        sums: dict[str, tuple[int, ...]] = {}
        for entry in self.result.accounts:
            figures = tuple(int(entry[part]) for part in ("rows", *PARTS))
            assert figures[0] == sum(figures[1:]), entry
            mapping = entry["mapping"].partition("#")[0]
            sums[mapping] = tuple(map(sum, zip(sums.get(mapping, (0,) * 7), figures, strict=True)))
        return sums

    def everything(self) -> str:
        """Every value of the lake but the rejects, which hold the line as delivered for the owner alone."""
        names = [path.name for path in self.home.lake.iterdir() if path.name != "rejects"]
        return "".join(str(self.rows(name, "*", "1")) for name in names)


@pytest.fixture
def take(tmp_path, monkeypatch):
    """take("xapi") ingests fixtures/xapi by the source of that name; any number of rejects is let through."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("LYCEUM_SECRET", raising=False)

    def taken(source: str, data: Path | None = None, limit: float = 1.0) -> Taken:
        return Taken(source, data or FIXTURES / source, tmp_path / "home", limit)

    return taken
