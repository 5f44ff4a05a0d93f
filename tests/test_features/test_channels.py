"""Channels, worked out by hand: AS_OF is Monday 6 May, the last week begins on 29 April."""

from datetime import UTC, datetime
from decimal import Decimal

from features.channels import channel_quality
from features.origins import origins

from .conftest import AS_OF

BEGIN = datetime(2024, 1, 1, tzinfo=UTC)


def quality(world, **asked):
    came = origins(world.backend.table("users"), before=world.at(0, 0))
    rows = channel_quality(world.days, came, as_of=AS_OF, begin=BEGIN, **{"sells": True, **asked})
    return world.frame(rows, ("channel",))


def person(world, user, channel="ads", **told):
    world.insert("users", {"user_id": user, "channel": channel, "known_at": datetime(2024, 1, 2, tzinfo=UTC), **told})


def test_what_became_of_the_people_of_a_channel(world):
    for number in range(30):
        person(world, f"u{number}", invited_by="u1" if number < 12 else None)  # u1 names themselves: nobody did
        world.add(f"u{number}", 40, "view")  # Wednesday 27 March
    for number in range(15):
        world.add(f"u{number}", 33 if number else 30, "view")  # in the week after; u0 on Saturday of it
    world.add("u20", 42, "login")  # no act: came two days later all the same
    world.add("u3", 12, "purchase", amount=Decimal("60.00"))  # after 28 days
    world.add("u4", 10, "purchase", amount=Decimal("9.00"))  # after 30
    world.add("u4", 9, "refund", amount=Decimal("9.00"))
    row = quality(world)["ads"]
    assert [row[name] for name in ("users", "active_28d", "payers", "spend_total")] == [30, 2, 1, Decimal("60.00")]
    assert (row["spend_per_person"], row["invited"], row["invited_share"]) == (2, 11, 11 / 30)
    assert (row["week1_people"], row["week1_kept"], row["week1_retention"]) == (30, 15, 0.5)
    assert (row["paying_people"], row["paying_30d"], row["payer_conversion_30d"]) == (30, 1, 1 / 30)


def test_only_people_who_have_had_their_time_are_counted_below(world):
    for user, first in (("mature", 30), ("young", 29), ("last week", 7), ("week before", 8), ("long ago", 183)):
        person(world, user)
        world.add(user, first, "view")
    row = quality(world)["ads"]
    assert (row["users"], row["paying_people"], row["week1_people"]) == (5, 1, 3)  # 30, 29 and 8 days ago
    assert (row["week1_retention"], row["spend_per_person"]) == (None, None)  # of fewer than 30


def test_whoever_had_registered_before_the_logs_began_did_not_come_by_then(world):
    person(world, "before", registered_at=datetime(2023, 12, 31, tzinfo=UTC))
    person(world, "after", registered_at=datetime(2024, 1, 1, tzinfo=UTC))
    for user in ("before", "after"):
        world.add(user, 60, "view")
    row = quality(world)["ads"]
    assert (row["users"], row["paying_people"], row["week1_people"]) == (2, 1, 1)


def test_the_first_channel_told_counts_and_none_that_was_told_later(world):
    person(world, "a", "ads")
    person(world, "a", "search", known_at=datetime(2024, 3, 1, tzinfo=UTC))
    person(world, "b", None)
    person(world, "b", "search", known_at=datetime(2024, 3, 1, tzinfo=UTC))
    person(world, "c", "search", known_at=datetime(2024, 5, 7, tzinfo=UTC))
    person(world, "d", "search", known_at=None)  # always known
    for user in "abcd":
        world.add(user, 3, "view")
    assert {name: row["users"] for name, row in quality(world).items()} == {"ads": 1, "search": 2}


def test_where_nothing_is_sold_money_is_unknown(world):
    person(world, "a")
    world.add("a", 3, "view")
    row = quality(world, sells=False)["ads"]
    assert {row[name] for name in ("payers", "spend_total", "paying_30d", "payer_conversion_30d")} == {None}


def test_what_comes_later_changes_nothing(world):
    for number in range(30):
        person(world, f"u{number}")
        world.add(f"u{number}", 40, "view")
    before = quality(world)
    for number in range(30):
        buyer = f"u{number}"
        world.add(buyer, 0, "purchase", amount=Decimal("9.00"))
        world.insert("users", {"user_id": buyer, "channel": "late", "invited_by": "u1", "known_at": world.at(-1, 0)})
    world.add("new", 0, "view")
    assert quality(world) == before
