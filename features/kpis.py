"""The weekly numbers of FIELD.md section 1, week by week, each with numerator and denominator where it is a rate."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

import ibis
import ibis.expr.types as ir

from features.days import monday
from lyceum.events import ACT, INTERACTING, LEARNING, LEARNING_TIME, WRITING


@dataclass(frozen=True)
class Kpi:
    """One number: its unit, and the signals without any of which it is unknown."""

    name: str
    unit: str
    needs: tuple[str, ...]
    rate: bool = False


KPIS = (
    Kpi("wau", "people", ACT),
    Kpi("wau_learning", "people", LEARNING),
    Kpi("wau_interacting", "people", INTERACTING),
    Kpi("new_users", "people", ACT),
    Kpi("stickiness", "ratio", ACT, rate=True),
    Kpi("week1_retention", "ratio", ACT, rate=True),
    Kpi("learning_minutes", "minutes", (LEARNING_TIME,)),
    Kpi("completions", "events", ("complete",)),
    Kpi("payers", "people", ("purchase",)),
    Kpi("orders", "events", ("purchase",)),
    Kpi("gmv", "currency", ("purchase",)),
    Kpi("refunds", "currency", ("refund",)),
    Kpi("net", "currency", ("purchase",)),
    Kpi("texts", "events", WRITING),
    Kpi("questions", "events", ("post",)),
    Kpi("complaints", "events", ("complain",)),
    Kpi("rating_mean", "stars", ("rate",), rate=True),
    Kpi("rating_good_share", "ratio", ("rate",), rate=True),
)


def known(signals: Collection[str], /) -> list[Kpi]:
    """The numbers that the logs can fill."""
    return [kpi for kpi in KPIS if any(signal in signals for signal in kpi.needs)]


def weekly_counts(days: ir.Table, /, *, as_of: date) -> ir.Table:
    """One row per complete week before `as_of`: sums and distinct people from the day table."""
    past = days.filter((days.event_date < ibis.literal(as_of)) & (days.own_events > 0))
    first = past.group_by("user_id").agg(first_week=monday(past.event_date.min(where=past.acts > 0)))
    rows = past.inner_join(first, "user_id").mutate(week=monday(past.event_date))
    acting = rows.acts > 0
    new = rows.first_week == rows.week
    return rows.group_by("week").agg(
        wau=rows.user_id.nunique(where=acting),
        wau_learning=rows.user_id.nunique(where=rows.learning_events > 0),
        wau_interacting=rows.user_id.nunique(where=rows.interactions > 0),
        new_users=rows.user_id.nunique(where=acting & new),
        active_user_days=rows.count(where=acting),
        kept_new=rows.user_id.nunique(where=acting & (rows.first_week == rows.week - ibis.interval(days=7))),
        learning_ms=rows.learning_ms.sum(),
        completions=rows.completions.sum(),
        payers=rows.user_id.nunique(where=rows.purchases > 0),
        orders=rows.purchases.sum(),
        gmv=rows.paid.sum(),
        refunds=rows.refunded.sum(),
        texts=rows.texts_written.sum(),
    )


def weekly_voices(events: ir.Table, /, *, as_of: date) -> ir.Table:
    """One row per week: questions, complaints and ratings, which the day table does not hold."""
    past = events.filter(events.event_date < ibis.literal(as_of))
    rows = past.mutate(week=monday(past.event_date))
    rated = (rows.event_type == "rate") & rows.rating.notnull()
    return rows.group_by("week").agg(
        questions=rows.count(where=rows.event_type == "post"),
        complaints=rows.count(where=rows.event_type == "complain"),
        ratings=rows.count(where=rated),
        stars=(rows.rating * 100).round().cast("int64").sum(where=rated),
        good=rows.count(where=rated & (rows.rating >= 4)),
    )
