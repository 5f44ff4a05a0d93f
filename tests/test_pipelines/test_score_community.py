"""Points of a stored log: the same whether everybody's ledger is made at once or that of a few people at a time."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from lyceum.home import Home, Platform
from lyceum.schema import with_history
from lyceum.settings import Settings
from lyceum.tables import canonical, marts
from pipelines import score_community
from pipelines.context import Context
from pipelines.keeping import Keeper
from pipelines.workspace import workspace

AS_OF = date(2026, 6, 1)
KINDS = ("check_in", "learn", "purchase", "refund", "post", "remove", "view", "login")
PEOPLE = [f"p{at:02d}" for at in range(13)]


def log(seed=1):
    """Events of the eight weeks before the Monday, a few of the Monday itself, and those of one person by hand."""
    rng = np.random.default_rng(seed)
    days = [AS_OF - timedelta(days=int(ago)) for ago in rng.integers(0, 56, 600)]
    drawn = list(zip(rng.choice(PEOPLE, 600), rng.choice(KINDS, 600), days, strict=True))
    bought, returned = AS_OF - timedelta(days=40), AS_OF - timedelta(days=3)
    by_hand = [("hand", kind, bought) for kind in ("check_in", "check_in", "purchase", "view")]
    return [*drawn, *by_hand, ("hand", "refund", returned), ("hand", "post", returned)]


@pytest.fixture(scope="module")
def ctx(tmp_path_factory):
    """A home that holds the log and nothing else."""
    folder = tmp_path_factory.mktemp("points")
    platform = Platform("small", "demo", folder, "Asia/Shanghai", "CNY", "zh")
    ctx = Context(Settings(), Home(folder / "home"), platform, datetime(2026, 6, 1, tzinfo=UTC), print)
    told = {"source": "s", "batch_id": "b", "ingested_at": datetime(2026, 6, 1, tzinfo=UTC)}
    rows = [
        {
            **{"event_id": f"e{at}", "user_id": str(user), "event_type": str(kind), "event_date": day, **told},
            "occurred_at": datetime(day.year, day.month, day.day, 4, tzinfo=UTC),
        }
        for at, (user, kind, day) in enumerate(log())
    ]
    table = canonical.EVENTS
    ctx.lake.append(table, pa.Table.from_pylist(rows, schema=table.arrow()).to_reader())
    return ctx


def pointed(ctx, *, at_once):
    """The kept ledger of the week, the kept leaderboard, and everybody's balance and level."""
    found = {}
    with workspace(ctx) as space, pytest.MonkeyPatch.context() as patch:
        patch.setattr(score_community, "PEOPLE_AT_ONCE", at_once)
        people = pd.Series(sorted(["hand", *PEOPLE]))
        assert [part.status for part in score_community.points_tables(Keeper(space, AS_OF), people, found)] == [
            "done",
            "done",
        ]
        tables = [
            space.stored(ctx.scored, with_history(table), where="true", order=table.key)
            for table in (marts.POINTS_LEDGER, marts.LEADERBOARD)
        ]
    return (*tables, found["points"])


@pytest.mark.parametrize("at_once", [1, 5])
def test_a_few_people_at_a_time_have_the_points_that_they_have_at_once(ctx, at_once):
    whole = pointed(ctx, at_once=100)
    assert all(len(frame) > 10 for frame in whole)
    for one, other in zip(whole, pointed(ctx, at_once=at_once), strict=True):
        pd.testing.assert_frame_equal(one, other)


def test_points_by_hand(ctx):
    """21 points for a check-in (the second of the day counts nothing) and a purchase; the refund takes 20 back."""
    week, leagues, balances = pointed(ctx, at_once=4)
    own = week[week["user_id"] == "hand"].set_index("rule")["points"].to_dict()
    assert own == {"refund": -20, "post": 3}
    assert balances.set_index("user_id").loc["hand"].to_dict() == {"points": 4, "level": 1}
    assert "hand" not in set(leagues["user_id"])  # what was earned of late is less than what was taken
    assert not {"view", "login"} & set(week["rule"])
