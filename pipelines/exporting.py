"""Giving a list back to the platform under its own ids: hashed in memory, written outside the home, mode 0600."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lyceum import engine, privacy, releases
from lyceum.errors import HomeError, InputError, UsageError
from lyceum.home import write_atomically
from lyceum.schema import table
from lyceum.sources import load
from pipelines.context import Context
from pipelines.querying import as_csv

if TYPE_CHECKING:
    import pyarrow as pa


def export(ctx: Context, name: str, /, *, ids: Path, to: Path) -> int:
    """Write the rows of marts.`name` whose people stand in the file `ids`, with the platform's own ids; their number.

    `ids` has one id a line.
    Raises:
        UsageError: the table has no user_id, or `to` lies inside the home.
        InputError: the file of ids is missing or holds none.
        HomeError: no key, or another than the home's.
    """
    if to.resolve().is_relative_to(ctx.home.root.resolve()):
        raise UsageError(f"{to} lies inside the home, which holds no raw ids.", remedy="Name a file elsewhere.")
    rows = own_rows(ctx, name, _listed(ids))
    write_atomically(to, as_csv(rows) + "\n", mode=0o600)
    return int(rows.num_rows)


def own_rows(ctx: Context, name: str, own_ids: Sequence[str], /) -> "pa.Table":
    """The rows of marts.`name` about the people of `own_ids`, who are the platform's own ids, in user_id.

    Rows with holdout = true are left out: they must not be contacted.
    Raises:
        UsageError: the table has no user_id.
        HomeError: no key, or another than the home's; no release.
    """
    listed = table(f"marts.{name}")
    if "user_id" not in listed.names:
        raise UsageError(f"marts.{name} has no user_id to give back.", remedy="Export a list about people.")
    known = _pseudonyms(ctx, own_ids)
    con = engine.connect(releases.current(ctx.home).database, read_only=True)
    try:
        con.register("own_ids", known)
        condition = "WHERE NOT holdout" if "holdout" in listed.names else ""
        columns = ", ".join(f'"{column}"' for column in listed.names if column != "user_id")
        return con.sql(
            f"SELECT own_id AS user_id, {columns} FROM {listed.name} JOIN own_ids USING (user_id) {condition} "
            f"ORDER BY {', '.join(listed.key)}"
        ).to_arrow_table()
    finally:
        con.close()


def own_key(ctx: Context, /) -> privacy.Key:
    """The key that this home was begun with.

    Raises:
        HomeError: there is none, or another one: its pseudonyms would be nobody's.
    """
    key = privacy.load_key(ctx.platform.name, create=False)
    if privacy.fingerprint(key) != ctx.platform.key_fingerprint:
        raise HomeError(
            f"{ctx.home.root} was begun with another pseudonym key than the one found.",
            remedy=f"Restore {privacy.key_file(ctx.platform.name)} from its backup, or unset {privacy.VARIABLE}.",
        )
    return key


def _listed(ids: Path) -> list[str]:
    if not ids.is_file():
        raise InputError(f"There is no file of ids {ids}.", remedy="Give --ids a file with one id a line.")
    own = sorted({line.strip() for line in ids.read_text(encoding="utf-8").splitlines() if line.strip()})
    if not own:
        raise InputError(f"{ids} holds no ids.", remedy="Write one id a line.")
    return own


def _pseudonyms(ctx: Context, own: Sequence[str]) -> "pa.Table":
    import pyarrow as pa

    if load(ctx.platform.source).pseudonymous:
        return pa.table({"user_id": own, "own_id": own})
    key = own_key(ctx)
    return pa.table({"user_id": [privacy.pseudonym(key, each) for each in own], "own_id": own})
