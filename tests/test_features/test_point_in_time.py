"""No set sees what came later: its rows are the same from the log as it was then, as it is, and as it might be."""

import random
from datetime import timedelta
from functools import cache

import pytest

from .built import BUILT, WHOLE
from .conftest import AS_OF
from .random_logs import rows, world

WEEK_BEFORE, LATER = AS_OF - timedelta(days=7), AS_OF + timedelta(days=56)
MONTHS_AGO = tuple(AS_OF - timedelta(days=days) for days in (28, 56))  # a label looks ahead from there
SEEDS = (1, 2, 3, 4)


@cache
def logs(seed):
    """The log cut at AS_OF, the whole one, and one with the same past whose every later row is another."""
    rng = random.Random(seed)
    past, future, other = rows(rng, future=False), rows(rng, future=True), rows(rng, future=True)
    return world(past), world(past, future), world(past, other)


@cache
def query(name, moments):
    """The SQL of an expression, which is the same over every log."""
    made, inputs = logs(SEEDS[0])[0]
    return made.backend.compile({**BUILT, **WHOLE}[name](made, inputs, moments))


def bits(name, log, *moments):
    """Every row as text that tells two numbers apart if a single bit of them differs."""
    text = query(name, moments)
    made, _ = log
    made.mondays(*moments)
    found = made.con.sql(text).to_arrow_table()
    return sorted(repr(sorted(row.items())) for row in found.to_pylist())


@pytest.mark.parametrize("name", [*BUILT, *(pytest.param(name, marks=pytest.mark.slow) for name in WHOLE)])
@pytest.mark.parametrize("seed", [SEEDS[0], *(pytest.param(seed, marks=pytest.mark.slow) for seed in SEEDS[1:])])
def test_what_came_later_changes_nothing(name, seed):
    cut, whole, rewritten = logs(seed)
    moments = MONTHS_AGO if name == "labels" else (AS_OF, WEEK_BEFORE)
    then = bits(name, cut, *moments)
    assert bits(name, whole, *moments) == then
    assert bits(name, rewritten, *moments) == then


@pytest.mark.parametrize("name", BUILT)
def test_what_came_since_is_seen_later(name):
    """Otherwise the test above would hold of a set that sees nothing at all."""
    cut, whole, rewritten = logs(SEEDS[0])
    later = [bits(name, log, LATER) for log in (cut, whole, rewritten)]
    assert len({str(each) for each in later}) > 1
