"""What had been told by a moment: rows that arrived later are left out, rows that were corrected later are back.

Every input of every feature set goes through `known` once, so that no set has to think of it.
"""

from collections.abc import Mapping

import ibis
import ibis.expr.types as ir

from features.attributes import json_text
from lyceum import schema
from lyceum.errors import UsageError

KNOWLEDGE = ("event", "arrival")
SUPERSEDED = "superseded"


def known(tables: Mapping[str, ir.Table], /, *, knowledge: str, at: ir.TimestampValue) -> dict[str, ir.Table]:
    """The canonical `tables` by their names, as the platform's logs told them at the instant `at` (UTC).

    With knowledge "event" they are as they stand today: what happened is known, however late it was told. With
    "arrival" a row is there if it had been ingested before `at`, and in its version of then: `tables` must hold
    `superseded`. A row that an erasure emptied (no JSON is left of it) stays gone. Neither looks at when things
    happened: that is the windows' part.

    Raises:
        UsageError: `knowledge` is another word, or "arrival" is asked for without `superseded`.
    """
    told = {name: rows for name, rows in tables.items() if name != SUPERSEDED}
    if knowledge not in KNOWLEDGE:
        raise UsageError("That is no kind of knowledge.", remedy=f"Use one of: {', '.join(KNOWLEDGE)}.")
    if knowledge == "event":
        return told
    if SUPERSEDED not in tables:
        raise UsageError(
            'knowledge = "arrival" needs the table superseded, which was not given.',
            remedy="Give it beside the others, empty if nothing was ever corrected.",
        )
    return {name: _arrived(rows, tables[SUPERSEDED], name, at) for name, rows in told.items()}


def _arrived(rows: ir.Table, superseded: ir.Table, name: str, at: ir.TimestampValue) -> ir.Table:
    """A correction is ingested at the instant that ends what it corrects: at each `at` one of the two counts."""
    table = schema.table(name)
    current = rows.filter(rows.ingested_at < at).select(*table.names)
    then = superseded.filter(
        (superseded.table_name == name)
        & superseded.row.notnull()
        & (superseded.known_from < at)
        & (superseded.known_until.isnull() | (superseded.known_until >= at))
    )
    return current.union(_restored(then, current))


def _restored(superseded: ir.Table, like: ir.Table) -> ir.Table:
    """The rows that `superseded` keeps as JSON, typed as those of `like`; when they came is told beside them."""
    row = superseded.row
    texts = {
        name: _instant(row, name) if like[name].type().is_timestamp() else json_text(row, name)
        for name in like.columns
    }
    kept = {**texts, "ingested_at": superseded.known_from, "batch_id": superseded.batch_id}
    return superseded.select(**{name: value.cast(like[name].type()) for name, value in kept.items()})


def _instant(row: ir.StringValue, name: str) -> ir.StringValue:
    """The text of an instant; engines differ in what they make of an offset without minutes, such as +00."""
    text = json_text(row, name)
    return ibis.ifelse(text.re_search("[+-][0-9]{2}$"), text + ":00", text)
