"""What the weekly numbers are made of: sums and people of each week, from what each person did on each day."""

from datetime import date

import ibis
import ibis.expr.types as ir

from features.days import MONEY_TYPE, monday

SUMMED = (
    *("learning_ms", "completions", "check_ins", "purchases", "paid", "refunded", "texts_written", "posts"),
    *("complaints", "shares", "invites"),
)
PRESENT = {"learnt": "learning_events", "interacted": "interactions"}  # only whether there was any


def weekly_counts(days: ir.Table, origins: ir.Table, /, *, as_of: date) -> ir.Table:
    """One row per complete week before `as_of` in which somebody acted: sums and distinct people.

    `days` is the day table, `origins` those of features.origins. Money is exact. A person is new in the week of their
    first act, a payer new in that of their first payment; a new payer is referred if the inviter had paid on an
    earlier day.
    """
    past = days.filter(days.event_date < ibis.literal(as_of))
    rows = _person_weeks(past).join(_firsts(past, origins), "user_id")
    new, first_paid = rows.first_week == rows.week, rows.first_paid_week == rows.week
    before = rows.week - ibis.interval(days=7)
    return rows.group_by("week").agg(
        wau=rows.count(),
        wau_learning=rows.count(where=rows.learnt),
        wau_interacting=rows.count(where=rows.interacted),
        new_users=rows.count(where=new),
        invited_users=rows.count(where=new & rows.invited),
        kept_new=rows.count(where=rows.first_week == before),
        kept=rows.count(where=rows.week_before == before),
        active_user_days=rows.active_days.sum(),
        payers=rows.count(where=rows.purchases > 0),
        new_payers=rows.count(where=first_paid),
        referred_payers=rows.count(where=first_paid & rows.referred),
        speakers=rows.count(where=rows.texts_written > 0),
        sharers=rows.count(where=rows.shares > 0),
        inviters=rows.count(where=rows.invites > 0),
        orders=rows.purchases.sum(),
        gmv=rows.paid.sum(),
        refunds=rows.refunded.sum(),
        net=(rows.paid.sum() - rows.refunded.sum()).cast(MONEY_TYPE),
        texts=rows.texts_written.sum(),
        questions=rows.posts.sum(),
        **{name: rows[name].sum() for name in ("learning_ms", "completions", "check_ins", "complaints")},
    )


def _person_weeks(past: ir.Table) -> ir.Table:
    """One row per person and week with an act, and the active week of the person before it."""
    acting = past.filter(past.acts > 0)
    weeks = acting.group_by("user_id", week=monday(acting.event_date)).agg(
        active_days=acting.count(),
        **{name: acting[column].sum() > 0 for name, column in PRESENT.items()},
        **{name: acting[name].sum() for name in SUMMED},
    )
    return weeks.mutate(week_before=weeks.week.lag().over(group_by=weeks.user_id, order_by=weeks.week))


def _firsts(past: ir.Table, origins: ir.Table) -> ir.Table:
    """user_id, first_week, first_paid_week, invited, referred of everybody."""
    own = past.group_by("user_id").agg(
        first_day=past.event_date.min(where=past.acts > 0), paid_on=past.event_date.min(where=past.purchases > 0)
    )
    inviters = own.select(invited_by=own.user_id, inviter_paid_on=own.paid_on)
    came = origins.select("user_id", "invited_by").left_join(inviters, "invited_by").drop("invited_by_right")
    rows = own.left_join(came, "user_id")
    return rows.select(
        "user_id",
        first_week=monday(rows.first_day),
        first_paid_week=monday(rows.paid_on),
        invited=rows.invited_by.notnull(),
        referred=ibis.coalesce(rows.inviter_paid_on < rows.paid_on, ibis.literal(False)),
    )


def weekly_ratings(events: ir.Table, /, *, as_of: date) -> ir.Table:
    """One row per week with a rating: ratings, their stars in hundredths, and the good ones (4 and 5)."""
    rated = events.filter(
        (events.event_type == "rate") & events.rating.notnull() & (events.event_date < ibis.literal(as_of))
    )
    rows = rated.mutate(week=monday(rated.event_date))
    return rows.group_by("week").agg(
        ratings=rows.count(),
        hundredths=(rows.rating * 100).round().cast("int64").sum(),
        good=rows.count(where=rows.rating >= 4),
    )
