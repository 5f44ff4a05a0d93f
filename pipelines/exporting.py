"""Giving a list back to the platform under its own ids: hashed in memory, written outside the home, mode 0600."""

import codecs
import csv
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lyceum import privacy, warehouse
from lyceum.contact_rules import NONE
from lyceum.engine import quoted
from lyceum.errors import HomeError, InputError, UsageError
from lyceum.home import write_atomically
from lyceum.schema import table
from lyceum.sources import load
from pipelines.context import Context
from pipelines.querying import as_csv

if TYPE_CHECKING:
    import pyarrow as pa

# What the tool that sends asks for stands first, and only then how the list came about.
FIRST = ("user_id", "suggested_action", "channel", "contact_from", "contact_until", "expires_on", "contacts_left")
SPARED = {"holdout": "NOT holdout", "suggested_action": f"suggested_action <> {quoted(NONE)}"}  # a column's condition
EXCEL = "\ufeff"  # without this mark Excel takes UTF-8 for something else, and Chinese for noise


def export(ctx: Context, name: str, /, *, ids: Path, to: Path) -> int:
    """Write the rows of marts.`name` whose people stand in the file `ids`, with the platform's own ids; their number.

    `ids` has one id a line, in quotes or not; an id of nobody known, such as a header, does no harm. The file written
    is CSV in UTF-8 as spreadsheets read it, and no text in it is taken for a formula.
    Raises:
        UsageError: the table has no user_id, or `to` lies inside the home.
        InputError: the file of ids is missing, no text, or holds none.
        HomeError: no key, or another than the home's.
    """
    if to.resolve().is_relative_to(ctx.home.root.resolve()):
        raise UsageError(f"{to} lies inside the home, which holds no raw ids.", remedy="Name a file elsewhere.")
    rows = own_rows(ctx, name, _listed(ids))
    write_atomically(to, EXCEL + as_csv(rows) + "\n", mode=0o600)
    return int(rows.num_rows)


def own_rows(ctx: Context, name: str, own_ids: Sequence[str], /) -> "pa.Table":
    """The rows of marts.`name` about the people of `own_ids`, who are the platform's own ids, in user_id.

    Whom nobody must contact is left out: people held out, and those with no suggested action.
    Raises:
        UsageError: the table has no user_id.
        HomeError: no key, or another than the home's; no release.
    """
    listed = table(f"marts.{name}")
    if "user_id" not in listed.names:
        raise UsageError(f"marts.{name} has no user_id to give back.", remedy="Export a list about people.")
    known = _pseudonyms(ctx, own_ids)
    con = warehouse.connect(ctx.home.root)
    try:
        con.register("own_ids", known)
        conditions = [condition for column, condition in SPARED.items() if column in listed.names]
        names = sorted(listed.names, key=lambda name: FIRST.index(name) if name in FIRST else len(FIRST))
        columns = ", ".join("own_id AS user_id" if name == "user_id" else f'"{name}"' for name in names)
        order = listed.key if "rank" in listed.key or "rank" not in listed.names else ("rank",)
        return con.sql(
            f"SELECT {columns} FROM {listed.name} JOIN own_ids USING (user_id) "
            f"WHERE {' AND '.join(conditions) or 'true'} ORDER BY {', '.join(order)}"
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
    lines = (line.strip() for line in _text(ids).splitlines())
    own = sorted({_unquoted(line) for line in lines if line})
    if not own:
        raise InputError(f"{ids} holds no ids.", remedy="Write one id a line.")
    return own


def _text(file: Path) -> str:
    """The text of a file as an editor or a spreadsheet saves it."""
    raw = file.read_bytes()
    wide = raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return raw.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{file} is no text in UTF-8.", remedy="Save it as UTF-8, one id a line.") from None


def _unquoted(line: str) -> str:
    cells = next(csv.reader([line])) if line.startswith('"') else []
    return cells[0].strip() if len(cells) == 1 else line


def _pseudonyms(ctx: Context, own: Sequence[str]) -> "pa.Table":
    import pyarrow as pa

    if load(ctx.platform.source).pseudonymous:
        return pa.table({"user_id": own, "own_id": own})
    key = own_key(ctx)
    return pa.table({"user_id": [privacy.pseudonym(key, each) for each in own], "own_id": own})
