"""Crowds whose groups are known, measured twice a week apart; and crowds that have no groups at all.

A person has a group and, around its centre, a position of their own that lasts; each day adds noise to it, and a week
is the mean of its days. Around a centre people are multivariate t (heavy tails: some people are odd, and odd people's
days vary more) with a covariance that all groups share. What a log would hold is a monotone function of each
coordinate: counts, minutes, money, shares and trends, of which most are skewed and some are cut off at nought.

In a crowd without groups the same covariance of all people together belongs to one elliptical blob: as heavy in the
tails, as skewed and as elongated as a crowd with groups.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from lyceum.simulator.draw import Array
from lyceum.simulator.world import read_toml

SEGMENTS = "segments"  # the table of worlds.toml
KINDS = ("count", "minutes", "money", "share", "trend")
CHUNK = 100_000  # people drawn at a time
ATTEMPTS = 10_000


@dataclass(frozen=True)
class Plan:
    """How a crowd is made: (groups, columns) centres, (columns, columns) covariance around each, what logs show."""

    shares: Array  # of the groups
    centres: Array
    covariance: Array
    gap: float  # Mahalanobis distance of each group to its nearest, nan without groups
    kinds: Array  # of each column, of KINDS
    level: Array
    spread: Array
    dull: int  # further columns that never vary, and as many that are empty

    def shown(self, hidden: Array, /) -> pd.DataFrame:
        """What logs hold of people at `hidden` (people, columns): one column per coordinate, then the dull ones."""
        middle = self.shares @ self.centres
        between = self.shares @ (self.centres - middle) ** 2
        scaled = (hidden - middle) / np.sqrt(between + np.diag(self.covariance))
        made = {f"{kind}_{at:02d}": self._column(at, scaled[:, at]) for at, kind in enumerate(self.kinds)}
        made |= {f"constant_{at}": np.full(len(hidden), 7.0) for at in range(self.dull)}
        made |= {f"empty_{at}": np.full(len(hidden), np.nan) for at in range(self.dull)}
        return pd.DataFrame(made)

    def _column(self, at: int, scaled: Array, /) -> Array:
        inner = self.level[at] + self.spread[at] * scaled
        kind = self.kinds[at]
        if kind == "trend":
            return scaled
        if kind == "share":
            return np.asarray(1.0 / (1.0 + np.exp(-scaled)))
        if kind == "money":  # less steep than an exponential, with two decimals
            return np.asarray(np.round(np.maximum(inner, 0.0) ** 3 * 4.0, 2))
        grown = np.expm1(np.clip(inner, 0.0, 30.0))
        return np.asarray(np.round(grown)) if kind == "count" else np.asarray(grown)


@dataclass(frozen=True)
class Week:
    """One week of a crowd: the group of each person, what logs hold, and the days that the week is the mean of."""

    group: Array
    frame: pd.DataFrame  # user_id and the columns
    days: Array  # people x days x columns, hidden


@dataclass(frozen=True)
class Crowd:
    """People in two consecutive weeks."""

    plan: Plan
    before: Week
    now: Week

    def again(self, week: Week, /, *, seed: int) -> pd.DataFrame:
        """The week measured again from a bootstrap: each person's days drawn with replacement."""
        people, days, _ = week.days.shape
        drawn = np.random.default_rng(seed).integers(0, days, (people, days))
        return framed(self.plan, np.take_along_axis(week.days, drawn[:, :, None], axis=1).mean(axis=1))


def crowd(*, users: int, seed: int, groups: bool = True) -> Crowd:
    """Two weeks of a crowd with planted groups, or without any; equal arguments give equal crowds."""
    rates = read_toml("worlds.toml")[SEGMENTS]
    rng = np.random.default_rng([seed, int(groups)])
    plan = drawn_plan(rates, rng=rng)
    plan = plan if groups else without_groups(plan)
    group = rng.choice(len(plan.shares), users, p=plan.shares)
    root = np.linalg.cholesky(plan.covariance * (1.0 - 2.0 / rates["tails"]))
    odd = np.sqrt(rates["tails"] / rng.chisquare(rates["tails"], users))  # makes normals multivariate t
    own = _normals(root, (users,), rng)
    before = _week(plan, group, own, odd, root, rates, rng)
    moves = (rng.random(users) < rates["movers"]) & (len(plan.shares) > 1)
    group, own = group.copy(), np.where(moves[:, None], _normals(root, (users,), rng), own)
    group[moves] = _elsewhere(group[moves], plan.shares, rng)
    return Crowd(plan, before, _week(plan, group, own, odd, root, rates, rng))


def large_crowd(*, users: int, columns: int, seed: int) -> tuple[pd.DataFrame, Array]:
    """One week of a crowd with that many columns, and the group of each person, drawn in parts to save memory."""
    rates = {**read_toml("worlds.toml")[SEGMENTS]}
    used = columns - 2 * rates["dull_columns"]
    rates["noise_columns"] = used * rates["noise_columns"] // (rates["noise_columns"] + rates["told_columns"])
    rates["told_columns"] = used - rates["noise_columns"]
    rng = np.random.default_rng([seed, 2])
    plan = drawn_plan(rates, rng=rng)
    root = np.linalg.cholesky(plan.covariance * (1.0 - 2.0 / rates["tails"]))
    group = rng.choice(len(plan.shares), users, p=plan.shares)
    table = np.empty((users, columns), dtype=np.float32)
    for first in range(0, users, CHUNK):
        part = group[first : first + CHUNK]
        odd = np.sqrt(rates["tails"] / rng.chisquare(rates["tails"], len(part)))
        shown = plan.shown(plan.centres[part] + odd[:, None] * _normals(root, (len(part),), rng))
        table[first : first + CHUNK] = shown.to_numpy(dtype=np.float32)
    frame = pd.DataFrame(table, columns=shown.columns, copy=False)
    frame.insert(0, "user_id", _names(users))
    return frame, group


def drawn_plan(rates: dict[str, Any], /, *, rng: np.random.Generator) -> Plan:
    """A plan with 3 to 8 groups (as `rates` say), each `gap` from its nearest."""
    k = int(rng.integers(rates["groups"][0], rates["groups"][1] + 1))
    told, columns = rates["told_columns"], rates["told_columns"] + rates["noise_columns"]
    covariance = _covariance(columns, rates["factors"], rates["common"], rng)
    gap = float(rng.uniform(*rates["gap"]))
    return Plan(
        shares=_shares(k, rates["smallest_share"], rng),
        centres=_centres(k, told, gap, covariance, rates["directions"], rng),
        covariance=covariance,
        gap=gap,
        kinds=rng.permutation(np.resize(np.array(KINDS), columns)),
        level=rng.uniform(rates["level"][0], rates["level"][1], columns),
        spread=rng.uniform(rates["spread"][0], rates["spread"][1], columns),
        dull=rates["dull_columns"],
    )


def without_groups(plan: Plan, /) -> Plan:
    """The plan of one blob that has the covariance of all people of `plan` together."""
    middle = plan.shares @ plan.centres
    apart = plan.centres - middle
    covariance = plan.covariance + (apart * plan.shares[:, None]).T @ apart
    return Plan(np.ones(1), middle[None], covariance, float("nan"), plan.kinds, plan.level, plan.spread, plan.dull)


def _shares(k: int, smallest: float, rng: np.random.Generator) -> Array:
    """Shares of which none is below `smallest`: what is left over is cut at random places."""
    return np.asarray(smallest + (1.0 - k * smallest) * rng.dirichlet(np.full(k, 1.5)))


def _covariance(columns: int, factors: int, common: float, rng: np.random.Generator) -> Array:
    """Of columns that have some factors in common, each with variance 1."""
    loads = common * rng.normal(size=(columns, factors))
    found = loads @ loads.T + np.diag(rng.uniform(0.5, 1.5, columns))
    scale = np.sqrt(np.diag(found))
    return np.asarray(found / scale / scale[:, None])


def _centres(k: int, told: int, gap: float, covariance: Array, directions: int, rng: np.random.Generator) -> Array:
    """Centres that lie in few directions of the first `told` columns, each exactly `gap` from its nearest."""
    root = np.linalg.cholesky(covariance[:told, :told])
    basis = np.zeros((directions, len(covariance)))
    basis[:, :told] = np.linalg.qr(rng.normal(size=(told, directions)))[0].T @ root.T
    inverse = np.linalg.inv(covariance)
    centres = np.zeros((1, len(covariance)))
    for _ in range(ATTEMPTS):
        if len(centres) == k:
            return centres
        step = rng.normal(size=directions) @ basis
        new = centres[rng.integers(len(centres))] + step * gap / np.sqrt(step @ inverse @ step)
        far = np.einsum("ij,jk,ik->i", centres - new, inverse, centres - new)
        if np.sqrt(far.min()) >= gap * (1 - 1e-9):
            centres = np.vstack([centres, new])
    raise AssertionError("no room for the centres")


def _week(
    plan: Plan, group: Array, own: Array, odd: Array, root: Array, rates: dict[str, Any], rng: np.random.Generator
) -> Week:
    noise, days = rates["weekly_noise"], rates["days"]
    lasting = plan.centres[group] + np.sqrt(1.0 - noise) * odd[:, None] * own
    daily = np.sqrt(noise * days) * odd[:, None, None] * _normals(root, (len(group), days), rng)
    hidden = lasting[:, None, :] + daily
    return Week(group, framed(plan, hidden.mean(axis=1)), hidden)


def framed(plan: Plan, hidden: Array, /) -> pd.DataFrame:
    """What logs show of people at `hidden`, with their names."""
    frame = plan.shown(hidden)
    frame.insert(0, "user_id", _names(len(hidden)))
    return frame


def _elsewhere(group: Array, shares: Array, rng: np.random.Generator) -> Array:
    """Another group for each, likelier where there are more people."""
    odds = np.tile(shares, (len(group), 1))
    odds[np.arange(len(group)), group] = 0.0
    reached = np.cumsum(odds, axis=1) / odds.sum(axis=1, keepdims=True)
    return np.asarray((rng.random((len(group), 1)) > reached).sum(axis=1))


def _normals(root: Array, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    return np.asarray(rng.normal(size=(*shape, len(root))) @ root.T)


def _names(users: int) -> pd.Index:
    return pd.Index([f"u{at:07d}" for at in range(users)], dtype="str")
