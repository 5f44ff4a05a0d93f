"""Weekly active people forecast by the Markov chain of the lifecycle states.

Expected people in the states one week on: x(t+1) = x(t) P + arrivals, with P the pooled transitions and the arrivals
held at their mean. The interval comes from simulating the same recursion, with three sources of chance:

- moves: Dirichlet-multinomial, its spread widened to what the chain's one-step errors of the last weeks show
  (people move together: holidays, campaigns), never narrower than multinomial;
- arrivals: gamma-Poisson with the observed dispersion, never narrower than Poisson;
- the mean of the arrivals itself, known from a few weeks only.

What it leaves out: trend and season of the arrivals, and shocks that last more than a week. Where those matter the
interval is too narrow. Measured on 30 simulated worlds of people with their own odds and weekly shocks of 3 %: the
80 % interval held 71 % of the eight weeks ahead, so read it as somewhat too narrow.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd

from lyceum.schema import table
from models.lifecycle import ACTIVE_STATES, STATES

ARRIVAL_WEEKS = 8  # weeks whose mean the arrivals are held at
SILENT_MOVES = {"at_risk": "dormant", "dormant": "dormant", "churned": "churned"}  # of who does nothing

_LEFT_CENSORED = 4  # first weeks of a log, in which old users look new
_DRAWS = 1000
_COLUMNS = table("marts.growth_forecast").names
_ACTIVE = slice(0, len(ACTIVE_STATES))
_NEW = STATES.index("new")

_Floats = npt.NDArray[np.float64]


def forecast(history: pd.DataFrame, transitions: pd.DataFrame, /, *, horizon: int = 8, seed: int) -> pd.DataFrame:
    """The weeks of `history`, then `horizon` weeks by the chain.

    `history` is what `lifecycle.state_history` returns (week, state, users; consecutive weeks), `transitions` what
    `lifecycle.transitions` returns. Returns the columns of marts.growth_forecast ordered by week, in people; the
    80 % interval of active_users is null for counted weeks. An empty history gives an empty table.
    """
    counted = _wide(history)
    if counted.empty:
        return _rows([], np.empty((0, len(STATES))), kind="actual")
    weeks = [pd.Timestamp(week) for week in counted.index]
    people = counted.to_numpy(dtype=np.float64)
    ahead = [weeks[-1] + pd.Timedelta(weeks=step) for step in range(1, horizon + 1)]
    chain, arrivals = _matrix(transitions), _arrivals(people)
    future = _rows(ahead, _expected(people[-1], chain, mean=float(arrivals.mean()), horizon=horizon), kind="forecast")
    excess = _excess(people, chain)
    active = _simulated(people[-1], chain, arrivals=arrivals, excess=excess, horizon=horizon, seed=seed)
    future["low_80"], future["high_80"] = np.quantile(active, [0.1, 0.9], axis=0)
    return pd.concat([_rows(weeks, people, kind="actual"), future], ignore_index=True)


def _wide(history: pd.DataFrame, /) -> pd.DataFrame:
    """One row per week, one column per state in the order of STATES."""
    wide = history.pivot_table(index="week", columns="state", values="users", aggfunc="sum", fill_value=0)
    return wide.reindex(columns=list(STATES), fill_value=0).sort_index()


def _matrix(transitions: pd.DataFrame, /) -> _Floats:
    """The chain as a square matrix over STATES; a state never left before moves as who does nothing."""
    chain = np.zeros((len(STATES), len(STATES)))
    number = {state: place for place, state in enumerate(STATES)}
    start, end = transitions["from_state"].map(number), transitions["to_state"].map(number)
    chain[start.to_numpy(dtype=np.int64), end.to_numpy(dtype=np.int64)] = transitions["probability"]
    for state, place in number.items():
        if not chain[place].any():
            chain[place, number[SILENT_MOVES.get(state, "at_risk")]] = 1.0
    return chain


def _arrivals(people: _Floats, /) -> _Floats:
    """First acts ever in the last weeks, without the left-censored start of a log where more is known."""
    starts_the_log = people[0, _NEW] == people[0].sum()
    mature = people[_LEFT_CENSORED:] if starts_the_log and len(people) > _LEFT_CENSORED else people
    return mature[-ARRIVAL_WEEKS:, _NEW]


def _expected(start: _Floats, chain: _Floats, /, *, mean: float, horizon: int) -> _Floats:
    """Expected people per state (columns) in each week ahead (rows)."""
    ahead = np.empty((horizon, len(STATES)))
    now = start
    for step in range(horizon):
        now = now @ chain
        now[_NEW] += mean
        ahead[step] = now
    return ahead


def _excess(people: _Floats, chain: _Floats, /) -> float:
    """How much wider than multinomial the chain's one-step errors are: mean squared Pearson residual, at least 1.

    Residuals of the people active again (arrivals apart) over the last ARRIVAL_WEEKS moves.
    """
    before, after = people[:-1][-ARRIVAL_WEEKS:], people[1:][-ARRIVAL_WEEKS:]
    stays = chain[:, _ACTIVE].sum(axis=1)
    variance = before @ (stays * (1 - stays))
    error = after[:, _ACTIVE].sum(axis=1) - after[:, _NEW] - before @ stays
    known = variance > 0
    return max(1.0, float((error[known] ** 2 / variance[known]).mean())) if known.any() else 1.0


def _simulated(
    start: _Floats, chain: _Floats, /, *, arrivals: _Floats, excess: float, horizon: int, seed: int
) -> _Floats:
    """Active people in `_DRAWS` simulated futures (rows) of `horizon` weeks (columns)."""
    rng = np.random.default_rng(seed)
    now = np.tile(start.astype(np.int64), (_DRAWS, 1))
    spread = float(arrivals.var(ddof=1)) if len(arrivals) > 1 else 0.0
    mean = arrivals.mean() + rng.normal(size=_DRAWS) * np.sqrt(max(spread, arrivals.mean()) / len(arrivals))
    active = np.empty((_DRAWS, horizon))
    for step in range(horizon):
        now = _moved(now, chain, excess=excess, rng=rng)
        now[:, _NEW] += _arriving(np.maximum(mean, 0.0), spread=spread, rng=rng)
        active[:, step] = now[:, _ACTIVE].sum(axis=1)
    return active


def _moved(
    now: npt.NDArray[np.int64], chain: _Floats, /, *, excess: float, rng: np.random.Generator
) -> npt.NDArray[np.int64]:
    """One simulated move of everybody: rows are draws, columns states."""
    after = np.zeros_like(now)
    for state, row in enumerate(chain):
        after += rng.multinomial(now[:, state], _shaken(row, people=now[:, state], excess=excess, rng=rng))
    return after


def _shaken(row: _Floats, /, *, people: npt.NDArray[np.int64], excess: float, rng: np.random.Generator) -> _Floats:
    """Probabilities that make multinomial moves of `people` vary `excess` times as much (Dirichlet), a row a draw.

    n draws of a Dirichlet-multinomial with concentration c vary (n + c) / (1 + c) times as much as multinomial ones.
    """
    if excess == 1.0:
        return np.broadcast_to(row, (len(people), len(row)))
    concentration = np.maximum(people - excess, 1.0) / (excess - 1.0)
    weight = rng.standard_gamma(np.maximum(concentration[:, None] * row, 1e-9))
    total = weight.sum(axis=1, keepdims=True)
    return np.where(total > 0, weight / np.where(total > 0, total, 1.0), row)


def _arriving(mean: _Floats, /, *, spread: float, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """People arriving in one week: variance `spread` about `mean` by a gamma-Poisson draw, at least Poisson."""
    beyond = spread - mean
    shape = np.divide(mean**2, beyond, out=np.zeros_like(mean), where=beyond > 0)
    wide = rng.standard_gamma(shape) * np.divide(beyond, mean, out=np.zeros_like(mean), where=mean > 0)
    return rng.poisson(np.where(shape > 0, wide, mean))


def _rows(weeks: list[pd.Timestamp], people: _Floats, /, *, kind: str) -> pd.DataFrame:
    """Rows of marts.growth_forecast without an interval."""
    rows = pd.DataFrame(people, columns=list(STATES))
    rows["week"] = pd.DatetimeIndex(weeks).astype("datetime64[us]")
    rows["kind"] = pd.array([kind] * len(rows), dtype="str")
    rows["active_users"] = people[:, _ACTIVE].sum(axis=1)
    rows["low_80"] = rows["high_80"] = np.nan
    return rows[_COLUMNS]
