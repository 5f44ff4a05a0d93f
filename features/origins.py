"""Where people came from: the channel and the inviter that were told of each first."""

import ibis
import ibis.expr.types as ir

from features.windows import LONG_AGO


def origins(users: ir.Table, /, *, before: ir.TimestampValue) -> ir.Table:
    """user_id, channel, invited_by, registered_at of everybody described before the instant `before`.

    `users` are versions. Channel and inviter are the first that were told, so that a later touch takes nobody from
    the one who brought them (FIELD 1.5: first touch only); who names themselves was invited by nobody. registered_at
    is the earliest told. Each is null where it never was.
    """
    since = ibis.coalesce(users.known_at, ibis.literal(LONG_AGO).cast(users.known_at.type()))
    dated = users.mutate(since=since, invited_by=users.invited_by.nullif(users.user_id))
    told = dated.filter(dated.since < before)
    first = {name: told[name].argmin(told.since, where=told[name].notnull()) for name in ("channel", "invited_by")}
    return told.group_by("user_id").agg(**first, registered_at=told.registered_at.min())
