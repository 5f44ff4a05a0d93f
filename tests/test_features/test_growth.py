from datetime import UTC, datetime, timedelta

from features.growth import GROWTH_SET
from features.windows import compute

from .conftest import AS_OF


def rows(world, *mondays):
    return world.frame(compute(GROWTH_SET, world.past(*mondays)), ("user_id",))


def register(world, user, days_before, **columns):
    moment = datetime(AS_OF.year, AS_OF.month, AS_OF.day, 12, tzinfo=UTC) - timedelta(days=days_before)
    world.insert("users", {"user_id": user, "registered_at": moment, "known_at": moment, "batch_id": "b1", **columns})


def test_how_somebody_came(world):
    register(world, "host", 200, channel="ads")
    register(world, "guest", 3, channel="invite", invited_by="host")
    world.add("guest", 3, "view")
    found = rows(world)
    assert (found["host"]["channel"], found["host"]["invited"], found["host"]["inviter_active_28d"]) == (
        "ads",
        0,
        None,
    )
    guest = found["guest"]
    assert (guest["channel"], guest["invited"], guest["inviter_active_28d"]) == ("invite", 1, 0)
    assert guest["registered_days"] == 2  # since noon three days before: two whole days
    world.add("host", 28, "view")
    assert rows(world)["guest"]["inviter_active_28d"] == 1


def test_whom_somebody_brought_counts_from_their_registration_on(world):
    register(world, "host", 300)
    for guest, days_before in (("early", 100), ("late", 10), ("to come", -3)):
        register(world, guest, days_before, invited_by="host")
    register(world, "undated", -3, invited_by="host", known_at=None)  # told at some time, and not there yet
    register(world, "self", 5, invited_by="self")
    world.add("early", 40, "view")
    world.add("late", 5, "login")
    world.add("late", 6, "learn")
    world.add("late", 6, "view")
    found = rows(world)
    host = found["host"]
    assert (host["invited_people_84d"], host["invited_people_total"], host["invited_active_28d"]) == (1, 2, 1)
    assert found["self"]["invited"] == 0
    assert found["self"]["invited_people_total"] is None  # nobody brought: the snapshot says 0
    before = rows(world, AS_OF - timedelta(days=14))["host"]
    assert (before["invited_people_total"], before["invited_active_28d"]) == (1, 1)


def test_invitations_and_shares_are_counted(world):
    for kind, days_before in (("invite", 1), ("invite", 50), ("share", 28)):
        world.add("a", days_before, kind)
    row = rows(world)["a"]
    assert [row[f"{name}_{n}d"] for name in ("invitations", "shares") for n in (28, 84)] == [1, 2, 1, 1]


def test_the_version_known_then_counts(world):
    register(world, "a", 50, channel="unknown")
    register(world, "a", 3, channel="ads")
    assert rows(world)["a"]["channel"] == "ads"
    assert rows(world, AS_OF - timedelta(days=7))["a"]["channel"] == "unknown"
