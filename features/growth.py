"""How somebody came, whom they brought, and what they pass on."""

from dataclasses import replace

import ibis
import ibis.expr.types as ir

from features.joining import USER, beside, either
from features.windows import FeatureSet, Past, sums
from lyceum.tables.features_social import GROWN, RARE_WINDOWS

ACTIVE_DAYS = 28
SECONDS_PER_DAY = 86_400


def _growth(past: Past) -> ir.Table:
    """Three parts that may each lack people: what is on record, what was sent, who came of it."""
    seen = past.seen("user_days", within=max(RARE_WINDOWS))
    sent = seen.group_by(*USER).agg(
        **sums(seen, "invites", "invitations", windows=RARE_WINDOWS),
        **sums(seen, "shares", "shares", windows=RARE_WINDOWS),
    )
    return either(either(_recorded(past), sent, key=USER), _brought(past), key=USER)


def _recorded(past: Past) -> ir.Table:
    """Channel, age of the account and inviter, as of the version known."""
    known = past.known("users", key="user_id")
    inviting = known.filter(_invited(known)).select(*USER, active_id="invited_by")
    active = _active(past, inviting).select(*USER, inviter_active_28d=ibis.literal(1, "int64"))
    rows = _dated(beside(known, active, key=USER), past)
    seconds = rows.before.epoch_seconds().cast("int64") - rows.registered_at.epoch_seconds().cast("int64")
    return rows.select(
        *USER,
        channel=rows.channel,
        registered_days=ibis.ifelse(seconds >= 0, seconds // SECONDS_PER_DAY, ibis.null("int64")),
        invited=_invited(rows).cast("int64"),
        inviter_active_28d=ibis.ifelse(
            _invited(rows), ibis.coalesce(rows.inviter_active_28d, ibis.literal(0, "int64")), ibis.null("int64")
        ),
    )


def _dated(rows: ir.Table, past: Past) -> ir.Table:
    return rows.join(past.moments.select("as_of", "before").distinct(), "as_of")


def _invited(users: ir.Table) -> ir.BooleanValue:
    return users.invited_by.notnull() & (users.invited_by != users.user_id)


def _brought(past: Past) -> ir.Table:
    """The registered whom the person invited: seen through the version of each that was known."""
    users = past.inputs["users"]
    turned = users.select("known_at", "batch_id", "registered_at", guest_id=users.user_id, user_id=users.invited_by)
    known = replace(past, inputs={"guests": turned}).known("guests", key="guest_id")
    dated = _dated(known, past)
    came = dated.filter((dated.user_id != dated.guest_id) & (dated.registered_at < dated.before))
    seconds = came.before.epoch_seconds().cast("int64") - came.registered_at.epoch_seconds().cast("int64")
    people = came.select(*USER, "guest_id", days=seconds // SECONDS_PER_DAY)
    active = _active(past, people.select(*USER, active_id="guest_id"))
    same = [people[name] == active[name] for name in USER]
    marked = people.left_join(active, [*same, people.guest_id == active.active_id])
    return marked.group_by(*USER).agg(
        invited_people_84d=marked.count(where=marked.days < max(RARE_WINDOWS)),
        invited_people_total=marked.count(),
        invited_active_28d=marked.count(where=marked.active_id.notnull()),
    )


def _active(past: Past, people: ir.Table) -> ir.Table:
    """The rows of `people` (user_id, as_of, active_id) whose active_id acted in the days before as_of, once each."""
    days = past.inputs["user_days"]
    acting = days.filter(days.acts > 0).select(acting_id=days.user_id, event_date=days.event_date)
    joined = people.join(
        acting,
        [
            people.active_id == acting.acting_id,
            acting.event_date < people.as_of,
            acting.event_date >= people.as_of - ibis.interval(days=ACTIVE_DAYS),
        ],
    )
    return joined.select(*USER, "active_id").distinct()


GROWTH_SET = FeatureSet(
    "growth",
    "user",
    RARE_WINDOWS,
    {
        "user_days": ("user_id", "event_date", "acts", "invites", "shares"),
        "users": ("user_id", "known_at", "batch_id", "registered_at", "channel", "invited_by"),
    },
    GROWN,
    _growth,
)
