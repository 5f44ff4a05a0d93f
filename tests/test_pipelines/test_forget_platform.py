"""A platform that has run its weeks: people go from every byte of its home, and of everybody else all stays."""

from collections import Counter

import pytest

from lyceum import engine, releases, warehouse
from lyceum.privacy import load_key, pseudonym
from lyceum.schema import table
from lyceum.tables.canonical import EVENTS, PERSONAL, USERS
from pipelines import week
from pipelines.forget import forget
from pipelines.forget_requests import DONE, ask
from tests.test_pipelines.forgetting import traces

pytestmark = pytest.mark.slow
OWN = [f"u{1_000_000 + number}" for number in range(1, 401)]


@pytest.fixture
def people(finished):
    """Ids of the platform by pseudonym."""
    key = load_key(finished.ctx.platform.name, create=False)
    return {pseudonym(key, own): own for own in OWN}


def chosen(ctx, people) -> list[str]:
    """Who did most, who was told of most, who invited somebody, who is warned of, and who is recommended to."""
    with engine.connect() as con, warehouse.connect(ctx.home.root) as published:
        asked = [
            (con, f"SELECT user_id FROM ({ctx.lake.source(EVENTS)}) GROUP BY 1 ORDER BY count(*) DESC, 1"),
            (con, f"SELECT target_user_id FROM ({ctx.lake.source(EVENTS)}) GROUP BY 1 ORDER BY count(*) DESC, 1"),
            (con, f"SELECT DISTINCT invited_by FROM ({ctx.lake.source(USERS)}) ORDER BY 1"),
            (published, "SELECT DISTINCT user_id FROM marts.early_warnings ORDER BY 1"),
            (published, "SELECT DISTINCT user_id FROM marts.recommendations ORDER BY 1"),
        ]
        found = [next((row[0] for row in on.execute(sql).fetchall() if row[0] in people), None) for on, sql in asked]
    return sorted({each for each in found if each})


def rows(home, gone) -> dict[str, Counter]:
    """Every row of every published table that is nobody's of `gone`, but for the record of runs."""
    with warehouse.connect(home.root) as con:
        names = [each.name for each in releases.contents() if each.name != "quality.runs"]
        return {
            name: Counter(row for row in map(repr, con.execute(f"FROM {name}").fetchall()) if not gone & ids_in(row))
            for name in names
        }


def ids_in(row: str) -> set[str]:
    return set(row.replace("(", "'").split("'"))


def test_people_go_from_every_byte_and_everybody_else_stays(copied, people):
    ctx = copied()
    gone = chosen(ctx, people)
    assert len(gone) >= 3
    own = [people[each] for each in gone]
    before = rows(ctx.home, {*gone})
    assert traces(ctx.home, gone)

    done = forget(ctx, ask(ctx, own).request)

    assert done.state == DONE and done.rows > 100 and done.references and done.rebuilt
    assert traces(ctx.home, [*gone, *own]) == set()
    assert rows(ctx.home, set()) == before
    assert all(releases.is_whole(release) for release in releases.listing(ctx.home))
    assert {column for each in releases.contents() for column in each.names if "user" in column} & {*PERSONAL} == {
        "user_id"
    }


def test_the_week_is_published_again_as_it_stands_and_runs_again_without_them(copied, people, finished):
    ctx = copied()
    gone = chosen(ctx, people)
    forget(ctx, ask(ctx, [people[each] for each in gone]).request)

    again = week.perform(ctx, "publish", as_of=finished.weeks[-1])
    assert [part.code for part in again.parts if part.part == "release"] == ["unchanged"]
    week.run_week(ctx, as_of=finished.weeks[-1])  # what is stored of single days is made anew
    with warehouse.connect(ctx.home.root) as con:
        scored = {
            user for (user,) in con.execute(f"SELECT user_id FROM {table('marts.user_scores').name}").fetchall()
        }
    assert scored and not scored & {*gone}
    assert traces(ctx.home, gone) == set()
