"""What followed a snapshot. An outcome that is not over yet is unknown, and nothing trains on it."""

from datetime import date

import ibis
import ibis.expr.types as ir

from features.windows import Past, versions
from lyceum.tables.features_items import OUTCOME_DAYS, PURCHASE_DAYS, RETENTION_DAYS, SPEND_DAYS

ELIGIBLE_DAYS = 28
SECONDS_PER_DAY = 86_400


def labels(past: Past, /, *, known_until: date, closed_at: ir.TimestampValue) -> ir.Table:
    """The rows of the labels table for people active in the 28 days before each as_of (those gone are not in it).

    Reads user_days, user_items and items of `past`. `known_until` is the first local day of which nothing is known
    yet, `closed_at` the instant at which it begins: what happened or was told later changes no label. A label is null
    unless its days are over by then (known_Nd tells), and a retention label also where the last of a person's items
    ends in its days: after that, absence is the end of the course and no churn.
    """
    outcome = _outcome(past, known_until)
    rows = outcome.left_join(_endings(past, closed_at), ["user_id", "as_of"])
    known = {n: ibis.literal(known_until).delta(rows.as_of, unit="day") >= n for n in OUTCOME_DAYS}
    kept = {n: rows[f"active_{n}d"].cast("int64") for n in RETENTION_DAYS}
    bought = {n: (rows[f"net_{n}d"] > 0).cast("int64") for n in PURCHASE_DAYS}
    return rows.select(
        user_id=rows.user_id,
        as_of=rows.as_of,
        **{f"retained_{n}d": _only_if(known[n] & ~_ends_within(rows, n), kept[n]) for n in RETENTION_DAYS},
        **{f"purchased_{n}d": _only_if(known[n], bought[n]) for n in PURCHASE_DAYS},
        spend_90d=_only_if(known[SPEND_DAYS], rows[f"net_{SPEND_DAYS}d"]),
        **{f"known_{n}d": known[n] for n in OUTCOME_DAYS},
    )


def _outcome(past: Past, known_until: date) -> ir.Table:
    """What the eligible did after each moment, as far as it is known."""
    days = past.inputs["user_days"]
    moments = past.moments.drop("before")
    near = days.filter(days.event_date < ibis.literal(known_until)).join(
        moments,
        [
            days.event_date >= moments.as_of - ibis.interval(days=ELIGIBLE_DAYS),
            days.event_date < moments.as_of + ibis.interval(days=max(OUTCOME_DAYS)),
        ],
    )
    seen = near.mutate(ahead=near.event_date.delta(near.as_of, unit="day").cast("int64"))
    acting = seen.acts > 0
    outcome = seen.group_by("user_id", "as_of").agg(
        eligible=seen.count(where=acting & (seen.ahead < 0)) > 0,
        **{f"active_{n}d": seen.count(where=acting & _within(seen, n)) > 0 for n in RETENTION_DAYS},
        **{f"net_{n}d": _net(seen, n) for n in (*PURCHASE_DAYS, SPEND_DAYS)},
    )
    return outcome.filter(outcome.eligible)


def _endings(past: Past, closed_at: ir.TimestampValue) -> ir.Table:
    """user_id, as_of, ends_after (whole days) of people all of whose items end, as it was told by the close."""
    told = versions(past.inputs["items"], key="item_id")
    newest = told.known_until.isnull() | (told.known_until >= closed_at)
    items = told.filter((told.known_since < closed_at) & newest).select("item_id", "withdrawn_at")
    rows = past.inputs["user_items"]
    owned = rows.filter(rows.owned > 0).group_by("user_id", "item_id").agg(had_on=lambda had: had.event_date.min())
    each = owned.left_join(items, "item_id").drop("item_id_right")
    seen = each.join(past.moments, each.had_on < past.moments.as_of)
    last = seen.group_by("user_id", "as_of").agg(
        ends_after=_whole_days(seen.withdrawn_at.max(), seen.before.max()),
        endless=seen.count(where=seen.withdrawn_at.isnull()),
    )
    return last.filter(last.endless == 0).select("user_id", "as_of", "ends_after")


def _whole_days(end: ir.TimestampValue, start: ir.TimestampValue) -> ir.Value:
    """Whole days from the moment to the end; below zero where that was before."""
    return (end.epoch_seconds().cast("int64") - start.epoch_seconds().cast("int64")) // SECONDS_PER_DAY


def _within(seen: ir.Table, n: int) -> ir.BooleanValue:
    return (seen.ahead >= 0) & (seen.ahead < n)


def _net(seen: ir.Table, n: int) -> ir.Value:
    zero = ibis.literal(0).cast("decimal(18,2)")
    paid, refunded = (ibis.coalesce(seen[name].sum(where=_within(seen, n)), zero) for name in ("paid", "refunded"))
    return (paid - refunded).cast("decimal(18,2)")


def _only_if(condition: ir.BooleanValue, value: ir.Value) -> ir.Value:
    return ibis.ifelse(condition, value, ibis.null(value.type()))


def _ends_within(rows: ir.Table, n: int) -> ir.BooleanValue:
    return ibis.coalesce(rows.ends_after < n, ibis.literal(False))
