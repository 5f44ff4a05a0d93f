"""What a week was made upon, and which weeks have to be made again once something else stands before them."""

import json
import shutil
from dataclasses import replace
from datetime import date, timedelta
from itertools import permutations
from typing import Any

import pandas as pd
import pytest

from lyceum import releases
from lyceum.home import Home
from lyceum.settings import Settings
from models.rules import BaseRate
from pipelines import catching_up, champions, succession
from pipelines.context import Context
from pipelines.opening import open_home, open_source
from pipelines.week import run_week, take_in

WEEKS = [date(2026, 6, 1) + timedelta(days=7 * number) for number in range(4)]


@pytest.fixture
def ctx(small: Context, tmp_path) -> Context:
    """A home without releases."""
    shutil.rmtree(small.home.root, ignore_errors=True)
    return replace(small, home=Home(tmp_path / "empty"), settings=Settings())


def run(ctx: Context, week: date, *, content: str = "") -> str:
    """Make and publish a week that says which chain of weeks it builds upon; the name of its release."""
    succession.begin(ctx, week)
    before = releases.newest(ctx.home, week - timedelta(days=7))
    chain = before.manifest()["tables"]["marts.x"]["digest"] if before else ""
    return publish(ctx, week, f"{chain}{week:%d}{content} ")


def publish(ctx: Context, week: date, says: str) -> str:
    """A release whose only table has the digest `says`, unless there is one like it, as pipelines.publish does."""
    manifest: dict[str, Any] = {"tables": {"marts.x": {"rows": 1, "digest": says}}}
    manifest |= {
        "provisional": succession.provisional(ctx, week),
        "identity": succession.identity(manifest["tables"]),
    }
    last = releases.newest(ctx.home, week)
    told = ("identity", "provisional")
    if last is None or any(last.manifest()[name] != manifest[name] for name in told):
        number = int(last.name[-3:]) + 1 if last else 1
        folder = ctx.home.releases / f"{week}-r{number:03}"
        folder.mkdir(parents=True)
        (folder / "manifest.json").write_text(json.dumps(manifest))
        last = releases.Release(folder)
    succession.published(ctx, last)
    return last.name


def chains(ctx: Context) -> dict[date, tuple[str, bool]]:
    found = {release.as_of: release.manifest() for release in releases.listing(ctx.home)}
    return {week: (said["tables"]["marts.x"]["digest"], said["provisional"]) for week, said in found.items()}


def caught_up(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> list[date]:
    monkeypatch.setattr(catching_up, "run_week", lambda ctx, *, as_of: run(ctx, as_of))
    return catching_up.catch_up(ctx)


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_any_order_ends_where_the_order_of_time_ends(ctx, monkeypatch, order):
    for place in order:
        run(ctx, WEEKS[place])
    again = caught_up(ctx, monkeypatch)
    assert chains(ctx) == {week: ("01 08 15 22 "[: 3 * place], False) for place, week in enumerate(WEEKS, start=1)}
    assert again == sorted(again)
    assert caught_up(ctx, monkeypatch) == []
    if list(order) == sorted(order):
        assert again == []


def test_a_gap_makes_provisional_and_waits_until_it_is_closed(ctx, monkeypatch):
    run(ctx, WEEKS[0])
    run(ctx, WEEKS[2])
    run(ctx, WEEKS[3])
    assert [said for _, said in chains(ctx).values()] == [False, True, True]
    assert succession.outdated(ctx) == []
    run(ctx, WEEKS[1])
    assert succession.outdated(ctx) == [WEEKS[2]]
    assert caught_up(ctx, monkeypatch) == [WEEKS[2], WEEKS[3]]


def test_a_week_that_says_the_same_again_moves_nothing_after_it(ctx, monkeypatch):
    for week in WEEKS:
        run(ctx, week)
    assert run(ctx, WEEKS[0]).endswith("r001")
    assert succession.outdated(ctx) == []
    run(ctx, WEEKS[0], content="!")
    assert succession.outdated(ctx) == [WEEKS[1]]
    assert caught_up(ctx, monkeypatch) == WEEKS[1:]


def test_a_week_whose_predecessor_came_between_its_training_and_its_release_is_made_again(ctx):
    succession.begin(ctx, WEEKS[1])
    run(ctx, WEEKS[0])
    publish(ctx, WEEKS[1], "alone")
    assert chains(ctx)[WEEKS[1]] == ("alone", True)
    assert succession.outdated(ctx) == [WEEKS[1]]


def test_one_that_dies_on_the_way_goes_on_with_what_is_left(ctx, monkeypatch):
    for week in reversed(WEEKS):
        run(ctx, week)

    def die(ctx: Context, *, as_of: date) -> None:
        if as_of == WEEKS[2]:
            raise KeyboardInterrupt
        run(ctx, as_of)

    monkeypatch.setattr(catching_up, "run_week", die)
    with pytest.raises(KeyboardInterrupt):
        catching_up.catch_up(ctx)
    succession.begin(ctx, WEEKS[2])  # trained before it died, and published never
    assert caught_up(ctx, monkeypatch) == WEEKS[2:]
    assert chains(ctx)[WEEKS[3]] == ("01 08 15 22 ", False)


def test_a_week_that_does_not_settle_is_not_run_for_ever(ctx, monkeypatch):
    run(ctx, WEEKS[1])
    run(ctx, WEEKS[0])
    monkeypatch.setattr(catching_up, "run_week", lambda ctx, *, as_of: None)
    assert catching_up.catch_up(ctx) == [WEEKS[1]]


def test_an_expired_predecessor_and_a_damaged_record_ask_for_nothing(ctx):
    for week in WEEKS:
        run(ctx, week)
    shutil.rmtree(ctx.home.releases / f"{WEEKS[0]}-r001")
    assert succession.outdated(ctx) == []
    assert not train_twice(ctx, WEEKS[1])
    (ctx.home.runs / "succession.json").write_text("[")
    assert succession.outdated(ctx) == []


def test_weeks_that_have_expired_are_built_upon_all_the_same(ctx, monkeypatch):
    """A backfill of more weeks than are kept, newest first: an old week is gone as soon as a newer one is there."""
    for week in reversed(WEEKS):
        run(ctx, week)
        expire(ctx, keep=2)
    monkeypatch.setattr(catching_up, "run_week", lambda ctx, *, as_of: (run(ctx, as_of), expire(ctx, keep=2)))
    assert catching_up.catch_up(ctx) == WEEKS[1:]
    assert succession.outdated(ctx) == []


def expire(ctx: Context, *, keep: int) -> None:
    for release in releases.listing(ctx.home)[:-keep]:
        shutil.rmtree(release.path)


def keep(ctx: Context, week: date) -> None:
    frame = pd.DataFrame({"user_id": range(9), "as_of": "2026-05-04", "label": [0, 1, 1] * 3})
    champions.keep_at_once(ctx.home, "segments", BaseRate().fit(frame, seed=1), as_of=week, card={}, why="Found.")


def train_twice(ctx: Context, week: date) -> bool:
    """Whether what a week trained is gone when it begins to train again."""
    keep(ctx, week)
    succession.begin(ctx, week)
    return champions.versions(ctx.home, "segments") == []


def test_what_a_week_trained_alone_scores_no_more_once_it_has_a_predecessor(ctx):
    succession.begin(ctx, WEEKS[1])
    assert not train_twice(ctx, WEEKS[1])
    run(ctx, WEEKS[0])
    assert train_twice(ctx, WEEKS[1])
    assert champions.champion(ctx.home, "segments", as_of=WEEKS[3]) is None
    assert not train_twice(ctx, WEEKS[1])  # upon the same predecessor what there is stays


def test_what_a_person_asked_for_or_chose_stays(ctx):
    keep(ctx, WEEKS[1])
    succession.begin(ctx, WEEKS[1], asked=True)
    run(ctx, WEEKS[0])
    succession.begin(ctx, WEEKS[1])
    assert champions.versions(ctx.home, "segments") == [WEEKS[1]]
    succession.begin(ctx, WEEKS[3])
    keep(ctx, WEEKS[3])
    champions.roll_back(ctx.home, "segments", to=str(WEEKS[1]), since=WEEKS[2])
    champions.roll_back(ctx.home, "segments", to=str(WEEKS[3]), since=WEEKS[3] + timedelta(days=7))
    run(ctx, WEEKS[2])
    succession.begin(ctx, WEEKS[3])
    assert champions.versions(ctx.home, "segments") == [WEEKS[1], WEEKS[3]]


def test_the_last_of_several_runs_catches_up_for_all():
    states = {"a": {"publish": "success"}, "b": {"publish": "running"}, "c": {"publish": None}, "d": {}}
    assert catching_up.waiting(states, "publish", but="a") == ["b", "c"]
    states |= {"b": {"publish": "success"}, "c": {"publish": "upstream_failed"}}
    assert catching_up.waiting(states, "publish", but="a") == []
    assert catching_up.waiting({"b": {"publish": "up_for_retry"}}, "publish", but="b") == []


@pytest.mark.slow
def test_two_weeks_run_in_the_wrong_order_say_what_they_say_in_the_order_of_time(finished, landing, tmp_path):
    told = {"settings": finished.ctx.settings, "now": finished.ctx.now, "say": finished.ctx.say}
    home = Home(tmp_path / "home")
    take_in(open_source("demo", landing[0], home, **told), init_key=True)
    ctx = open_home(home, **told)
    for week in reversed(finished.weeks):
        run_week(ctx, as_of=week)
    assert catching_up.catch_up(ctx) == finished.weeks[1:]
    assert catching_up.catch_up(ctx) == []
    for week in finished.weeks:
        one, other = (releases.newest(each, week).manifest() for each in (finished.home, home))
        assert {name for name in one["tables"] if one["tables"][name] != other["tables"][name]} <= {"quality.runs"}
        assert other["provisional"] is False
    assert releases.current(home).as_of == finished.weeks[-1]
