"""Reading a staged release back in another process, which knows nothing of how it was made.

Every value of every table is read (DuckDB checks the checksum of each block that it reads), rows are counted against
the manifest, and every view is bound. `python -m lyceum.verifying FOLDER` says in one line what is wrong.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lyceum import engine
from lyceum.errors import HomeError

if TYPE_CHECKING:
    import duckdb

DATABASE = "lyceum.duckdb"
MANIFEST = "manifest.json"
SECONDS = 600  # that it may take


def verify_elsewhere(folder: Path, /) -> None:
    """Read the staged release in `folder` back in a new process.

    Raises:
        HomeError: it cannot be read whole, or disagrees with its manifest.
    """
    command = [sys.executable, "-m", "lyceum.verifying", str(folder)]
    try:
        found = subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS)
        reason = (found.stderr.strip().splitlines() or ["it could not be read"])[-1] if found.returncode else ""
    except subprocess.TimeoutExpired:
        reason = f"it could not be read within {SECONDS} s"
    if reason:
        raise HomeError(
            f"The staged release {folder.name} is not whole: {reason.rstrip('.')}.",
            remedy="The last good release stays. Check the disk, then run `lyceum publish` again.",
        )


def wrong(folder: Path, /) -> str:
    """What is wrong with the staged release in `folder`; empty if it is whole."""
    import duckdb

    manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    if list(folder.glob("*.wal")):
        return "a write-ahead log is left"
    try:
        with engine.connect(folder / DATABASE, read_only=True) as con:
            for (view,) in con.execute(
                "SELECT schema_name || '.' || view_name FROM duckdb_views() WHERE NOT internal"
            ).fetchall():
                con.execute(f"DESCRIBE {view}")
            said = (_differing(con, name, facts["rows"]) for name, facts in manifest["tables"].items())
            return next(filter(None, said), "")
    except duckdb.Error as error:
        return str(error).splitlines()[0]


def _differing(con: "duckdb.DuckDBPyConnection", name: str, expected: int) -> str:
    # A count alone reads nothing where statistics know that there is no null; a hash needs every value.
    columns = ", ".join(f'"{row[0]}"' for row in con.execute(f"DESCRIBE {name}").fetchall())
    rows, _ = con.execute(f"SELECT count(*), bit_xor(hash({columns})) FROM {name}").fetchall()[0]
    return "" if rows == expected else f"{name} has {rows} rows where {expected} were written"


if __name__ == "__main__":
    sys.exit(wrong(Path(sys.argv[1])) or None)
