"""Scored tables of rates: every rate of the newest weeks, and what each means."""

from collections.abc import Iterator

import pandas as pd

from features.rates.cohorts import RARE
from features.rates.rate import Given, Rate, finished
from features.rates.registry import RATES, definitions
from lyceum import weeks
from lyceum.tables import canonical
from lyceum.tables import rates as tables
from pipelines.keeping import Keeper
from pipelines.steps import Part

WEEKS = 26  # told of: the oldest cohorts have reached every age there is


def rate_tables(keeper: Keeper, /) -> Iterator[Part]:
    """rates and rate_definitions."""
    signals = keeper.space.signals(keeper.as_of)
    known = given(keeper)
    told = [_rows(keeper, rate, known) for rate in RATES if not rate.missing(signals)]
    rows = pd.concat(told, ignore_index=True) if told else pd.DataFrame(columns=tables.RATES.names)
    yield keeper.keep(tables.RATES, rows, if_empty="no_events_of_kind")
    yield keeper.keep(tables.RATE_DEFINITIONS, pd.DataFrame(definitions(signals)))


def _rows(keeper: Keeper, rate: Rate, known: Given) -> pd.DataFrame:
    return keeper.space.frame(finished(rate, known), order=tables.RATES.key)


def given(keeper: Keeper, /) -> Given:
    """What rates of the keeper's week are computed from."""
    space, as_of = keeper.space, keeper.as_of
    others = {table.short: space.backend.table(table.short) for table in canonical.FROM_SOURCES}
    first = max(weeks.monday_of(space.first_day()), as_of - WEEKS * weeks.WEEK)
    events = space.events
    rare = space.kept("rare_events", space.sql(events.filter(events.event_type.isin(RARE))))
    return Given({**others, **space.inputs, "events": events, "rare_events": rare}, as_of, first)
