"""Scored tables of rates: every rate of the newest weeks, and what each means."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pandas as pd

from features.rates.cohorts import RARE
from features.rates.rate import Given, Rate, finished
from features.rates.registry import RATES, definitions
from lyceum import weeks
from lyceum.tables import canonical
from lyceum.tables import rates as tables
from pipelines.compiled import fingerprint, text
from pipelines.keeping import Keeper
from pipelines.steps import Part
from pipelines.workspace import Workspace, for_models

WEEKS = 26  # told of: the oldest cohorts have reached every age there is


def rate_tables(keeper: Keeper, /) -> Iterator[Part]:
    """rates and rate_definitions."""
    signals, first = keeper.space.signals(keeper.as_of), weeks.monday_of(keeper.space.first_day())
    known = given(keeper.space, keeper.as_of, first=max(first, keeper.as_of - WEEKS * weeks.WEEK))
    reads = fingerprint(known.tables)
    asked = [rate_query(keeper.space, rate, known, reads=reads) for rate in RATES if not rate.missing(signals)]
    told = [_rows(keeper.space, query) for query in asked]
    rows = pd.concat(told, ignore_index=True) if told else pd.DataFrame(columns=tables.RATES.names)
    yield keeper.keep(tables.RATES, rows, if_empty="no_events_of_kind")
    yield keeper.keep(tables.RATE_DEFINITIONS, pd.DataFrame(definitions(signals)))


def _rows(space: Workspace, query: str) -> pd.DataFrame:
    return for_models(space.arrow(f"SELECT * FROM ({query}) ORDER BY {', '.join(tables.RATES.key)}"))


def rate_query(space: Workspace, rate: Rate, known: Given, /, *, reads: str) -> str:
    """The DuckDB query of a rate; `reads` is the fingerprint of the tables of `known`."""
    length = known.as_of - known.first  # on which the ages hang that the oldest week has reached

    def made(as_of: date) -> str:
        return space.sql(finished(rate, replace(known, as_of=as_of, first=as_of - length)))

    return text(f"rate {rate.name} of {length.days} days", reads, made, days=[known.as_of])


def given(space: Workspace, as_of: date, /, *, first: date) -> Given:
    """What the rates of a week are computed from, those of the weeks since `first`."""
    others = {table.short: space.backend.table(table.short) for table in canonical.FROM_SOURCES}
    events = space.events
    read = {name: others[name] for name in ("events", "roles")}
    query = space.text("rare events", read, lambda: events.filter(events.event_type.isin(RARE)))
    rare = space.kept("rare_events", query)
    return Given({**others, **space.inputs, "events": events, "rare_events": rare}, as_of, first)
