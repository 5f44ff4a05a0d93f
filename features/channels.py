"""Channels: whom each brought, and what became of those it brought lately."""

from datetime import date, timedelta

import ibis
import ibis.expr.types as ir

from features.days import MONEY_TYPE, monday
from features.items import rate
from features.windows import total
from lyceum import weeks
from lyceum.tables.scorecards import CHANNEL_QUALITY, CHANNEL_WEEKS, PAYING_DAYS, WINDOW_DAYS


def channel_quality(
    days: ir.Table, origins: ir.Table, /, *, as_of: date, begin: ir.TimestampValue, sells: bool
) -> ir.Table:
    """The rows of marts.channel_quality at the Monday `as_of`.

    `days` is the day table, `origins` those of features.origins. `begin` is the instant at which the logs begin:
    whoever had registered before it did not come within them. Without `sells` the columns of money are null.
    """
    past = days.filter(days.event_date < ibis.literal(as_of))
    people = _people(past, origins, as_of=as_of, begin=begin)
    counts = people.group_by("channel").agg(
        users=people.count(),
        active_28d=people.count(where=people.last_day >= ibis.literal(as_of - timedelta(days=WINDOW_DAYS))),
        payers=people.count(where=people.spent > 0),
        spend_total=total(people.spent),
        invited=people.count(where=people.invited),
        week1_people=people.count(where=people.week1_over),
        week1_kept=people.count(where=people.week1_over & people.kept),
        paying_people=people.count(where=people.month_over),
        paying_30d=people.count(where=people.month_over & people.paid_soon),
    )
    rows = counts.mutate(
        spend_per_person=rate(counts.spend_total, counts.users),
        invited_share=rate(counts.invited, counts.users),
        week1_retention=rate(counts.week1_kept, counts.week1_people),
        payer_conversion_30d=rate(counts.paying_30d, counts.paying_people),
    )
    of_money = () if sells else ("payers", "spend_total", "spend_per_person", "paying_30d", "payer_conversion_30d")
    unknown = {name: ibis.null(rows[name].type()) for name in of_money}
    return rows.mutate(**unknown).select(*CHANNEL_QUALITY.names)


def _people(past: ir.Table, origins: ir.Table, *, as_of: date, begin: ir.TimestampValue) -> ir.Table:
    """One row per person with a channel: what the counts ask for."""
    acting = past.acts > 0
    own = past.group_by("user_id").agg(
        first_day=past.event_date.min(where=acting),
        last_day=past.event_date.max(where=acting),
        paid_on=past.event_date.min(where=past.purchases > 0),
        spent=(past.paid.sum() - past.refunded.sum()).cast(MONEY_TYPE),
    )
    brought = origins.filter(origins.channel.notnull())
    rows = own.join(brought, "user_id").left_join(_seconds(past, own), "user_id", rname="{name}_next")
    lately = rows.first_day >= ibis.literal(as_of - CHANNEL_WEEKS * weeks.WEEK)
    came = lately & ibis.coalesce(rows.registered_at >= begin, ibis.literal(True))
    return rows.select(
        *("user_id", "channel", "last_day", "spent"),
        invited=rows.invited_by.notnull(),
        week1_over=came & (monday(rows.first_day) <= ibis.literal(as_of - 2 * weeks.WEEK)),
        kept=rows.user_id_next.notnull(),
        month_over=came & (rows.first_day <= ibis.literal(as_of - timedelta(days=PAYING_DAYS))),
        paid_soon=ibis.coalesce(rows.paid_on < rows.first_day + ibis.interval(days=PAYING_DAYS), ibis.literal(False)),
    )


def _seconds(past: ir.Table, own: ir.Table) -> ir.Table:
    """user_id of everybody who acted in the ISO week after that of their first act, once each."""
    rows = past.filter(past.acts > 0).join(own.select("user_id", "first_day"), "user_id")
    second = rows.filter(monday(rows.event_date) == monday(rows.first_day) + ibis.interval(days=7))
    return second.select("user_id").distinct()
