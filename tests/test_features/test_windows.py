import random
from datetime import UTC, datetime, timedelta
from functools import cache

import pyarrow as pa
import pytest

from features.items import ITEM_SETS
from features.snapshot import SETS
from features.windows import Past, compute, versions

from . import random_logs
from .conftest import AS_OF

WEEKS = tuple(AS_OF + timedelta(days=days) for days in (-56, -7, 0, 28))
MIDWEEK = AS_OF - timedelta(days=10)
EVERY = {each.name: each for each in (*SETS, *ITEM_SETS)}


@cache
def log():
    rng = random.Random(5)
    return random_logs.world(random_logs.rows(rng, future=False), random_logs.rows(rng, future=True))


@cache
def query(name, spine):
    made, inputs = log()
    moments = made.moments([(AS_OF, "a")] if spine else [(AS_OF,)])
    return made.backend.compile(compute(EVERY[name], Past(inputs, moments)))


def found(name, moments):
    """The rows of a set at moments (as_of,) or (as_of, user_id), as text that tells numbers apart by a single bit."""
    (made, _), text = log(), query(name, len(moments[0]) > 1)
    made.moments(moments)
    lines = made.con.sql(text).to_arrow_table().to_pylist()
    return sorted(repr(line) for line in lines)


@pytest.mark.parametrize("name", EVERY)
def test_several_weeks_at_once_equal_each_week_alone(name):
    together = found(name, [(week,) for week in WEEKS])
    alone = [line for week in WEEKS for line in found(name, [(week,)])]
    assert together == sorted(alone)
    assert len(set(together)) == len(together) > len(WEEKS)


@pytest.mark.parametrize("name", [each.name for each in SETS])
def test_a_spine_of_people_at_days_of_their_own_gets_their_rows(name):
    asked = [(AS_OF, "a"), (AS_OF, "c"), (MIDWEEK, "a"), (WEEKS[-1], "b"), (AS_OF, "nobody")]
    whole = {day: found(name, [(day,)]) for day in {day for day, _ in asked}}
    wanted = [line for day, user in asked for line in whole[day] if f"'user_id': '{user}'" in line]
    assert found(name, asked) == sorted(wanted)
    assert wanted


def table(world, name, **columns):
    world.con.register(name, pa.table(columns))
    return world.backend.table(name)


@pytest.mark.parametrize("name", EVERY)
def test_bounds_that_save_reading_change_no_row(name):
    made, inputs = log()
    weeks = WEEKS[1:3]
    expected = found(name, [(week,) for week in weeks])
    bounded = compute(EVERY[name], Past(inputs, made.mondays(*weeks), span=(weeks[0], weeks[-1])))
    lines = made.con.sql(made.backend.compile(bounded)).to_arrow_table().to_pylist()
    assert sorted(repr(line) for line in lines) == expected


def past_of(world, **tables):
    made = {name: table(world, name, **columns) for name, columns in tables.items()}
    return Past(made, world.mondays(AS_OF))


def listed(world, expression, *names):
    lines = world.con.sql(world.backend.compile(expression)).to_arrow_table().to_pylist()
    return sorted(tuple(line[name] for name in names) for line in lines)


def test_seen_counts_days_from_the_day_before_and_stops_where_asked(world):
    days = [AS_OF - timedelta(days=ago) for ago in (0, 1, 7, 8)]
    past = past_of(world, seen_days={"user_id": ["a"] * 4, "event_date": days})
    assert listed(world, past.seen("seen_days"), "ago") == [(1,), (7,), (8,)]
    assert listed(world, past.seen("seen_days", within=7), "ago") == [(1,), (7,)]


def test_the_version_known_is_the_newest_before_the_moment_and_one_undated_was_always_known(world):
    begin = datetime(AS_OF.year, AS_OF.month, AS_OF.day, tzinfo=UTC)
    known = [None, begin - timedelta(days=2), begin - timedelta(days=1), begin, None]
    past = past_of(
        world,
        prices={
            "item_id": ["i", "i", "i", "i", "j"],
            "known_at": known,
            "batch_id": list("aabab"),
            "n": [0, 1, 2, 3, 4],
        },
    )
    assert listed(world, past.known("prices", key="item_id"), "item_id", "n") == [("i", 2), ("j", 4)]


def test_of_versions_known_at_the_same_instant_the_last_batch_wins(world):
    at = datetime(2024, 1, 1, tzinfo=UTC)
    items = table(world, "twice", item_id=["i", "i"], known_at=[at, at], batch_id=["b2", "b1"], n=[2, 1])
    spans = versions(items, key="item_id")
    assert listed(world, spans.filter(spans.known_until.isnull()), "n") == [(2,)]
