"""What somebody does in the community, act by act: the mix by which people's ways of taking part differ."""

from datetime import date, timedelta

import ibis
import ibis.expr.types as ir

# What counts as what. A view counts where it happened in a community: looking at courses is no part of it.
KINDS: dict[str, tuple[str, ...]] = {
    "asked": ("post",),
    "answered": ("answer",),
    "commented": ("comment",),
    "liked": ("like", "vote"),
    "accepted": ("accept",),
    "followed": ("follow",),
    "read": ("view",),
}
READING = KINDS["read"]
BY_OTHERS = ("answer", "comment", "like", "vote", "accept", "follow")


def taking_part(events: ir.Table, /, *, as_of: date, window_days: int) -> ir.Table:
    """user_id, one count for each of KINDS, days, received: everybody with an act in the community in the window.

    `days` are distinct days with such an act; `received` counts replies, likes, votes, accepts and follows of others.
    `events` are those of people, the window ends before `as_of`.
    """
    since = ibis.literal(as_of - timedelta(days=window_days))
    near = events.filter((events.event_date < ibis.literal(as_of)) & (events.event_date >= since))
    counted = [kind for kinds in KINDS.values() for kind in kinds if kind not in READING]
    acts = near.filter(near.event_type.isin(counted) | (near.event_type.isin(READING) & near.community_id.notnull()))
    counts = {name: acts.count(where=acts.event_type.isin(kinds)).cast("int64") for name, kinds in KINDS.items()}
    own = acts.group_by("user_id").agg(**counts, days=acts.event_date.nunique().cast("int64"))
    others = near.filter(near.event_type.isin(BY_OTHERS) & (near.target_user_id != near.user_id))
    got = others.group_by(receiver=others.target_user_id).agg(received=others.count().cast("int64"))
    both = own.left_join(got, own.user_id == got.receiver).drop("receiver")
    return both.mutate(received=ibis.coalesce(both.received, 0))
