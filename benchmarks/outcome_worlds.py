"""Simulated platforms whose team works through weekly lists, with what contacting really changed known."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.logs import cents, numbers
from lyceum.contact_rules import NONE
from lyceum.events import NOT_AN_ACT
from lyceum.settings import Settings
from lyceum.simulator import Platform
from lyceum.simulator.journal import Day
from lyceum.simulator.people import FIRST_UID
from lyceum.simulator.prospects import outlook
from models.early_warning import warn

Array = NDArray[Any]
WARM_UP, LISTS, FOLLOWED = 8, 12, 4  # weeks before the first list, lists, weeks after the last one
WEEKS = WARM_UP + LISTS + FOLLOWED
AHEAD, LOOKED_BACK, SPENT = 28, 28, 84  # days
RESPOND = 0.2  # of the people, where a response is planted
PAY = 0.3  # of the responses, by a price paid by somebody in the same world
REACHED_SOON, REACHED_LATE, LATE = 0.9, 0.5, 14  # whom the team reaches, by days of silence
NOBODY = pd.DataFrame({"user_id": [], "purpose": [], "granted": []})
SETTINGS = Settings()
PLAIN = (*("purchase_recency_days", "learning_events_28d", "stalled_items_84d", "discount_share_84d"),)


@dataclass
class Life:
    """What everybody did: whether they acted, and what they paid, on each day (people, days)."""

    acted: Array
    paid: Array

    @classmethod
    def awaited(cls, users: int, /) -> "Life":
        """Nothing has happened yet."""
        shape = (users, WEEKS * 7)
        return cls(np.zeros(shape, dtype=bool), np.zeros(shape))

    def hear(self, day: Day, /) -> None:
        """Note what known people did on a day."""
        for record in day.records:
            if "uid" not in record.fields or record.kind in (*NOT_AN_ACT, "remove"):
                continue
            who = numbers(record.fields["uid"], len(record.seconds)) - FIRST_UID
            self.acted[who, day.number] = True
            if record.kind in ("purchase", "refund"):
                money = cents(record.fields["amount"], len(who)) / 100
                np.add.at(self.paid[:, day.number], who, money if record.kind == "purchase" else -money)

    def silence(self, day: int, /) -> Array:
        """Days since everybody's last act, seen from the morning of `day`; LOOKED_BACK for longer than that."""
        before = self.acted[:, day - LOOKED_BACK : day][:, ::-1]
        return np.where(before.any(axis=1), before.argmax(axis=1), LOOKED_BACK)

    def back(self, who: Array, day: int, days: int, /) -> Array:
        """Whether each of `who` acted in the `days` from `day` on."""
        return np.asarray(self.acted[who, day : day + days].any(axis=1))

    def risks(self, day: int, /) -> Array:
        """By days of silence the share that stayed away for 28 days, of all weeks known by `day`."""
        lost, all_of_them = np.zeros(LOOKED_BACK + 1), np.zeros(LOOKED_BACK + 1)
        for then in range(LOOKED_BACK, day - AHEAD + 1, 7):
            silent = self.silence(then)
            gone = ~self.back(np.arange(len(silent)), then, AHEAD)
            lost += np.bincount(silent, weights=gone, minlength=LOOKED_BACK + 1)
            all_of_them += np.bincount(silent, minlength=LOOKED_BACK + 1)
        found = lost / np.maximum(all_of_them, 1)
        found[LOOKED_BACK] = np.nan  # gone already: they are not scored
        return found


@dataclass
class Team:
    """Works through the list of each week, as the project makes it; who is on it depends on whom it contacted."""

    life: Life
    salt: str
    rng: np.random.Generator
    responders: Array  # whom a contact brings back
    plain: Life  # the same without any contact
    contacted: Array = field(init=False)
    held: Array = field(init=False)
    lists: list[pd.DataFrame] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.contacted = np.full(len(self.responders), -np.inf)
        self.held = np.full(len(self.responders), -np.inf)

    def work(self, week: int, /) -> pd.DataFrame:
        """Make the list of a week and contact whom the team reaches of it; one row per person of the list."""
        day = week * 7
        people = self._people(day)
        listed = warn(people, NOBODY, settings=SETTINGS, salt=self.salt, as_of=monday(week))
        who = listed["user_id"].str.slice(1).astype("int64").to_numpy() - FIRST_UID
        holdout = listed["holdout"].to_numpy(dtype=bool)
        silent = self.life.silence(day)[who]
        reached = self.rng.random(len(who)) < np.where(silent < LATE, REACHED_SOON, REACHED_LATE)
        reached &= ~holdout & (listed["suggested_action"] != NONE).to_numpy()
        self.contacted[who[reached]], self.held[who[holdout]] = day + 0.5, day
        self._respond(who[reached], day)
        found = listed[["user_id", "suggested_action"]].assign(as_of=week, person=who)
        found["holdout"], found["reached"] = holdout.astype(int), reached.astype(int)
        self.lists.append(found)
        return found

    def _respond(self, who: Array, day: int) -> None:
        back = who[self.responders[who]]
        self.life.acted[back, day + self.rng.integers(1, 14, len(back))] = True
        prices = self.plain.paid[self.plain.paid > 0]
        for person in back[self.rng.random(len(back)) < PAY]:
            self.life.paid[person, day + self.rng.integers(1, 14)] += self.rng.choice(prices)

    def _people(self, day: int) -> pd.DataFrame:
        silent, paused = self.life.silence(day), day - self.contacted
        risk = self.plain.risks(day)[silent]
        never = np.full(len(silent), np.nan)
        frame = pd.DataFrame(
            {
                "user_id": [f"u{FIRST_UID + number}" for number in range(len(silent))],
                **{"churn_28d": risk, "recency_days": silent.astype(float), **dict.fromkeys(PLAIN, never)},
                "spend_84d": self.life.paid[:, max(0, day - SPENT) : day].sum(axis=1),
                **{"contact_days": paused, "complaint_days": never, "held_out_days": day - self.held},
                **{"contacts_7d": (paused < 7).astype(int), "last_contacted_on": None, "weeks_before": never},
            }
        )
        return frame[(risk >= SETTINGS.warning_risk)].reset_index(drop=True)

    def told(self) -> pd.DataFrame:
        """All rows of all lists with what became of their people."""
        rows = pd.concat(self.lists, ignore_index=True)
        for week, group in rows.groupby("as_of"):
            who, day = group["person"].to_numpy(), int(str(week)) * 7
            for name, life in (("back_28d", self.life), ("unhelped", self.plain)):
                rows.loc[group.index, name] = life.back(who, day, AHEAD).astype(float)
            for name, life in (("net_spend_28d", self.life), ("unasked", self.plain)):
                rows.loc[group.index, name] = life.paid[who, day : day + AHEAD].sum(axis=1)
        return rows


def monday(week: int, /) -> Any:  # noqa: ANN401 - a date
    """The Monday that begins a week."""
    from lyceum.simulator.world import load_world

    return load_world("demo").start + timedelta(weeks=week)


def lived(
    world: str, /, *, users: int, seed: int, office: "Callable[[Platform, int], dict[str, str]] | None" = None
) -> Life:
    """Everything that happens in a world; `office` may contact people (id to action) on the Monday of each week."""
    life = Life.awaited(users)
    platform = Platform(users=users, weeks=WEEKS, seed=seed, world=world, listen=life.hear)
    for week in range(WEEKS):
        platform.step(week, office(platform, week) if office else {})
    return life


def redrawn(life: Life, /, *, salt: str, seed: int, respond: float) -> pd.DataFrame:
    """The rows of all lists, had the draw and the responders been these; `unhelped` is without any contact.

    Only for a life that contacts do not change.
    """
    rng = np.random.default_rng(seed)
    own = Life(life.acted.copy(), life.paid.copy())
    team = Team(own, salt, rng, rng.random(len(life.acted)) < respond, life)
    for week in range(WARM_UP, WARM_UP + LISTS):
        team.work(week)
    return team.told()


def acted_on(world: str, /, *, users: int, seed: int) -> pd.DataFrame:
    """The rows of all lists of a world in which contacts change lives, with `gain`: by how much each contact raised
    the person's true chance to be back within 28 days (0 for who was not contacted).
    """
    life = Life.awaited(users)
    nobody = np.zeros(users, dtype=bool)
    team = Team(life, f"{world} {seed}", np.random.default_rng(seed), nobody, life)
    platform = Platform(users=users, weeks=WEEKS, seed=seed, world=world, listen=life.hear)
    for week in range(WEEKS):
        contacts: dict[str, str] = {}
        if WARM_UP <= week < WARM_UP + LISTS:
            rows = team.work(week)
            chosen = rows[rows["reached"] == 1]
            contacts = dict(zip(chosen["user_id"], chosen["suggested_action"], strict=True))
            team.lists[-1] = rows.assign(gain=0.0)
            team.lists[-1].loc[chosen.index, "gain"] = gains(platform, chosen, week=week)
        platform.step(week, contacts)
    return team.told()


def gains(platform: Platform, contacts: pd.DataFrame, /, *, week: int) -> Array:
    """By how much the contacts raise each person's true chance to come within 28 days, on the same drawn futures."""
    who, lives = contacts["person"].to_numpy(), platform.state.lives
    before = outlook(platform.state, who, week=week, rng=np.random.default_rng(week))[0]
    held = [lives.moved.copy(), lives.recall.copy(), lives.need.copy()]
    effects = [platform.world.actions[action] for action in contacts["suggested_action"]]
    lives.moved[who] += np.log([each["hazard"] for each in effects])
    lives.recall[who] += np.log([each["comeback"] for each in effects])
    lives.need[who] += [each["need"] for each in effects]
    after = outlook(platform.state, who, week=week, rng=np.random.default_rng(week))[0]
    lives.moved[:], lives.recall[:], lives.need[:] = held
    return after - before
