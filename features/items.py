"""The item snapshot: what stands on the shelf, who wants it, what it earns, and how many finish it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import partial

import ibis
import ibis.expr.types as ir

from features.joining import ITEM, either
from features.snapshot import described, since
from features.windows import FeatureSet, Past, compute, ratio, sums, total
from lyceum.tables.features_items import (
    COHORT,
    COHORT_DAYS,
    DEMAND,
    ITEM_WINDOWS,
    LEAST_OF_A_RATE,
    SALES,
    SHELF,
)

MS_PER_MINUTE = 60_000
SECONDS_PER_DAY = 86_400
LONGEST = max(ITEM_WINDOWS)


def _shelf(past: Past) -> ir.Table:
    """Every item described or touched before each moment: the other sets have rows of no further ones."""
    touched = past.inputs["user_items"].group_by("item_id").agg(first_day=lambda rows: rows.event_date.min())
    used = replace(past, inputs={"touched": touched}).seen("touched", day="first_day")
    described = past.known("items", key="item_id")
    both = either(described, used.select(*ITEM, used_for=used.ago), key=ITEM)
    rows = both.join(past.moments.select("as_of", "before").distinct(), "as_of")
    known = rows.mutate(
        on_sale=ibis.coalesce(rows.published_at < rows.before, ibis.literal(True))
        & ibis.coalesce(rows.withdrawn_at > rows.before, ibis.literal(True)),
        repeatable=ibis.coalesce(rows.repeatable, ibis.literal(0)) == 1,
        age_days=ibis.coalesce(_whole_days(rows.published_at, rows.before), rows.used_for),
    )
    return _priced(known)


def _whole_days(start: ir.TimestampValue, end: ir.TimestampValue) -> ir.Value:
    """Whole days between two instants, null where there is no start or it is still to come."""
    seconds = end.epoch_seconds().cast("int64") - start.epoch_seconds().cast("int64")
    return ibis.ifelse(seconds >= 0, seconds // SECONDS_PER_DAY, ibis.null("int64"))


def _priced(rows: ir.Table) -> ir.Table:
    """`rows` with their price against the median of what is on sale in their category."""
    sold = rows.filter(rows.on_sale & rows.price.notnull() & rows.category.notnull())
    usual = sold.group_by("as_of", "category").agg(usual_price=sold.price.cast("float64").median())
    priced = rows.left_join(usual, ["as_of", "category"])
    return priced.mutate(price_to_category=ratio(priced.price, priced.usual_price))


def _demand(past: Past) -> ir.Table:
    """Each person counts once per window: by the newest day on which the person did it."""
    seen = past.seen("user_items", within=LONGEST)
    newest = {
        name: seen.ago.min(where=seen[measure] > 0)
        for name, measure in (("used", "acts"), ("learnt", "learning_events"), ("bought", "purchases"))
    }
    days = {f"days_{n}d": seen.count(where=(seen.acts > 0) & (seen.ago <= n)) for n in (28, LONGEST)}
    people = seen.group_by(*ITEM, "user_id").agg(**newest, **days)
    month, quarter = people.days_28d.sum(), people.days_84d.sum()
    return people.group_by(*ITEM).agg(
        **{f"users_{n}d": people.used.count(where=people.used <= n) for n in ITEM_WINDOWS},
        **{f"learners_{n}d": people.learnt.count(where=people.learnt <= n) for n in ITEM_WINDOWS},
        buyers_84d=people.bought.count(where=people.bought <= LONGEST),
        demand_trend=ratio(month * 3, quarter) - 1,
    )


SUMMED = (
    *("acts", "enrolments", "completions", "learning_ms", "purchases", "paid", "refunds", "refunded"),
    *("ratings", "stars"),
)


def _sales(past: Past) -> ir.Table:
    rows = past.inputs["user_items"]
    days = rows.group_by("item_id", "event_date").agg(**{name: total(rows[name]) for name in SUMMED})
    by_day = replace(past, inputs={"days": days, "rated": days.filter(days.ratings > 0)})
    recent, rated = _recent(by_day.seen("days", within=LONGEST)), by_day.seen("rated")
    ratings = rated.group_by(*ITEM).agg(
        rating_count=total(rated.ratings), rating_mean=ratio(total(rated.stars), total(rated.ratings)) / 100
    )
    return either(recent, ratings, key=ITEM)


def _recent(seen: ir.Table) -> ir.Table:
    paid, refunded, spent = (
        sums(seen, measure, "item", windows=ITEM_WINDOWS) for measure in ("paid", "refunded", "learning_ms")
    )
    purchases = sums(seen, "purchases", "item_purchases", windows=ITEM_WINDOWS)
    refunds = sums(seen, "refunds", "item_refunds", windows=ITEM_WINDOWS)
    return seen.group_by(*ITEM).agg(
        **sums(seen, "enrolments", "item_enrolments", windows=ITEM_WINDOWS),
        **sums(seen, "completions", "item_completions", windows=ITEM_WINDOWS),
        **{f"item_minutes_{n}d": spent[f"item_{n}d"].cast("float64") / MS_PER_MINUTE for n in ITEM_WINDOWS},
        **purchases,
        **refunds,
        **{
            f"item_revenue_{n}d": (paid[f"item_{n}d"] - refunded[f"item_{n}d"]).cast("decimal(18,2)")
            for n in ITEM_WINDOWS
        },
        refund_share_84d=rate(refunds["item_refunds_84d"], purchases["item_purchases_84d"]),
        last_used_days=seen.ago.min(where=seen.acts > 0),
    )


def _cohort(past: Past) -> ir.Table:
    """Learners read at a fixed age (FIELD: 完课率), so that the newest do not pull the rate down."""
    rows = past.inputs["user_items"]
    got = rows.filter(rows.had > 0).group_by("user_id", "item_id").agg(got_on=lambda had: had.event_date.min())
    kept = at_age(rows, got, days=COHORT_DAYS)
    days = kept.group_by("item_id", "got_on").agg(
        people=kept.count(), started=total(kept.started), finished=total(kept.finished)
    )
    seen = replace(past, inputs={"days": days}).seen("days", day="got_on")
    ripe = seen.filter(seen.ago >= COHORT_DAYS)
    all_of_them, started, finished = (total(ripe[name]) for name in ("people", "started", "finished"))
    return ripe.group_by(*ITEM).agg(
        cohort_people=all_of_them,
        cohort_started=started,
        cohort_finished=finished,
        completion_rate=rate(finished, all_of_them),
        completion_rate_started=rate(finished, started),
    )


def at_age(rows: ir.Table, got: ir.Table, /, *, days: int) -> ir.Table:
    """user_id, item_id, got_on, started, finished (0 or 1) of everybody of `got` after `days` days of having it.

    `rows` are those of user_items, `got` has user_id, item_id and got_on. Who had got back by then all they had paid
    is left out.
    """
    joined = rows.join(got, ["user_id", "item_id"])
    age = joined.event_date.delta(joined.got_on, unit="day").cast("int64")
    young = joined.filter((age >= 0) & (age < days))
    people = young.group_by("user_id", "item_id", "got_on").agg(
        paid=total(young.paid),
        refunded=total(young.refunded),
        started=(young.learning_events > 0).any().cast("int64"),
        finished=(young.finished > 0).any().cast("int64"),
    )
    return people.filter((people.refunded == 0) | (people.refunded < people.paid))


def rate(part: ir.Value, whole: ir.Value, /, *, of: ir.Value | None = None) -> ir.Value:
    """`part` / `whole`, null where there are too few: of `whole`, or of what stands behind an amount."""
    enough = whole if of is None else of
    return ibis.ifelse(enough >= LEAST_OF_A_RATE, ratio(part, whole), ibis.null("float64"))


_DATED = ("item_id", "event_date")
SHELF_SET = FeatureSet(
    "shelf",
    "item",
    (),
    {
        "items": (
            *("item_id", "known_at", "batch_id", "kind", "title", "category", "price"),
            *("published_at", "withdrawn_at", "repeatable"),
        ),
        "user_items": _DATED,
    },
    SHELF,
    _shelf,
)
DEMAND_SET = FeatureSet(
    "demand",
    "item",
    ITEM_WINDOWS,
    {"user_items": ("user_id", *_DATED, "acts", "learning_events", "purchases")},
    DEMAND,
    _demand,
)
SALES_SET = FeatureSet("sales", "item", ITEM_WINDOWS, {"user_items": (*_DATED, *SUMMED)}, SALES, _sales)
COHORT_SET = FeatureSet(
    "cohort",
    "item",
    (COHORT_DAYS,),
    {"user_items": ("user_id", *_DATED, "had", "paid", "refunded", "learning_events", "finished")},
    COHORT,
    _cohort,
)
ITEM_SETS = (SHELF_SET, DEMAND_SET, SALES_SET, COHORT_SET)


def item_snapshot(
    past: Past, /, *, first_seen: Mapping[str, date], sets: Sequence[FeatureSet] = ITEM_SETS
) -> ir.Table:
    """The rows of features.item_snapshot at every moment of `past`: every item described or touched before it.

    `first_seen` gives the day on which each signal first stood in the logs, as for features.snapshot.user_snapshot.
    """
    return described(touched(past), past, begins=partial(since, first_seen=first_seen), sets=sets)


def touched(past: Past, /) -> ir.Table:
    """item_id and as_of of every item described or touched before the moment."""
    return compute(SHELF_SET, past).select(*ITEM)
