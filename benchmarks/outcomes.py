"""Whether the read-out tells if advice worked: `python -m benchmarks.outcomes --worlds 40 [--seed 1]`.

Each world is a simulated platform of 5,000 people. From its ninth week on a list is made every Monday for twelve
weeks by the project's own rules (a tenth of the people held out, whoever was contacted or held out left in peace for
two weeks, the same people on several lists), and a team contacts whom it reaches: nine of ten who were there lately,
one of two of the others. Four weeks later it is asked whether contacting brought people back within 28 days.

Three kinds of worlds. `null`: contacts do nothing (world no_effect); as nothing that happens depends on them, the
draw and the team are drawn ten times in each. `planted`: the same, but one person in five responds to being contacted
and comes back within two weeks, so that what each contact changed is known; a third of the responses pay. `lived`:
contacts change the chances of leaving and coming back as worlds.toml says (world demo), and the truth is by how much
they raised the true chance to be back within 28 days.

Beside the project's way (everybody once, on their first list, as drawn; Newcombe's interval): everybody's first of
the newest four lists, all rows with an error by person, all rows as if of different people, those reached beside
those held out, and those reached beside those not reached. Of money: the project's interval (Student's), Welch's,
that of the permuted draw, and two bootstraps.

The last line is one JSON object: false_positive_rate (null: the share of intervals without 0), power (planted: the
share of intervals above 0), coverage (planted: the share of intervals that hold the truth), the same of the lived
worlds and by way, with the bias (mean of estimate less truth), and the people behind them.
"""

import argparse
import json
import time
from datetime import UTC, datetime
from math import isnan
from typing import Any

import pandas as pd

from benchmarks.outcome_ways import WAYS, Told, of_spend
from benchmarks.outcome_worlds import RESPOND, acted_on, lived, redrawn
from benchmarks.record import add_option, record, typed
from benchmarks.waiting import peak_gb
from models.outcomes import first_listed

USERS, DRAWS = 5_000, 10
NULL, PLANTED, LIVED = "null", "planted", "lived"
Found = list[dict[str, Any]]


def main(argv: list[str] | None = None, /) -> int:
    """Print the tables and the JSON line."""
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="python -m benchmarks.outcomes", description=__doc__, formatter_class=form)
    parser.add_argument("--worlds", type=int, default=40, help="how many of each kind (default 40)")
    parser.add_argument("--seed", type=int, default=1, help="of the first world (default 1)")
    parser.add_argument("--users", type=int, default=USERS, help=f"people in each (default {USERS:,})")
    parser.add_argument("--draws", type=int, default=DRAWS, help=f"of each life without effect (default {DRAWS})")
    add_option(parser)
    given = parser.parse_args(argv)
    if min(given.worlds, given.draws) < 1:
        parser.error("give at least one world and one draw")
    begin = time.monotonic()
    found: Found = []
    for number in range(given.worlds):
        found += measured(users=given.users, seed=given.seed + number, draws=given.draws)
        print(f"World {number + 1} of {given.worlds} after {time.monotonic() - begin:.0f} s.", flush=True)
    figures = {**summary(pd.DataFrame(found)), "worlds": given.worlds, "users": given.users, "draws": given.draws}
    figures |= {"seconds": round(time.monotonic() - begin, 1), "peak_gb": peak_gb()}
    if given.record:
        name = f"outcomes: {given.worlds} worlds of {given.users:,} people"
        record(name, figures, command=typed("benchmarks.outcomes", argv), today=datetime.now(UTC).date())
    print(json.dumps(figures))
    return 0


def measured(*, users: int, seed: int, draws: int = DRAWS) -> Found:
    """What each way said in one world of each kind."""
    life, found = lived("no_effect", users=users, seed=seed), []
    for draw in range(draws):
        for kind, respond in ((NULL, 0.0), (PLANTED, RESPOND)):
            rows = redrawn(life, salt=f"{seed} {draw}", seed=1_000 * seed + draw, respond=respond)
            found += said(rows, kind=kind, changed=rows["back_28d"] - rows["unhelped"])
            found += of_money(rows, kind=kind, seed=seed)
    rows = acted_on("demo", users=users, seed=seed)
    return [*found, *said(rows, kind=LIVED, changed=rows["gain"])]


def said(rows: pd.DataFrame, /, *, kind: str, changed: "pd.Series[float]") -> Found:
    """What each way says of the rows of all lists; `changed` is by how much each row's contact changed being back."""
    first = first_listed(rows.assign(changed=changed))
    truth = float(first.loc[first["holdout"] == 0, "changed"].mean())
    return lines(first, {name: Told(way(rows), truth) for name, way in WAYS.items()}, kind=kind, rows=len(rows))


def of_money(rows: pd.DataFrame, /, *, kind: str, seed: int) -> Found:
    """The same of the money that contacts brought in."""
    first = first_listed(rows.assign(changed=rows["net_spend_28d"] - rows["unasked"]))
    truth = float(first.loc[first["holdout"] == 0, "changed"].mean())
    told = {f"spend_{name}": Told(each, truth) for name, each in of_spend(rows, seed=seed).items()}
    return lines(first, told, kind=kind, rows=len(rows))


def lines(first: pd.DataFrame, told: dict[str, Told], /, *, kind: str, rows: int) -> Found:
    """One line per way; `first` are everybody's first rows."""
    people = {"people": len(first), "held_out": int(first["holdout"].sum()), "rows": rows}
    return [
        {"kind": kind, "way": name, **each.said._asdict(), "truth": each.truth, **people}
        for name, each in told.items()
    ]


def summary(found: pd.DataFrame, /) -> dict[str, Any]:
    """The figures of the last line; prints the same for people."""
    told = found.assign(
        outside=(found["low"] > 0) | (found["high"] < 0),
        above=found["low"] > 0,
        covered=(found["low"] <= found["truth"]) & (found["truth"] <= found["high"]),
        bias=found["value"] - found["truth"],
        width=found["high"] - found["low"],
    )
    columns = ["outside", "above", "covered", "bias", "width", "truth", "people", "held_out", "rows"]
    table = told.groupby(["kind", "way"], sort=False)[columns].mean()
    print(table.astype(float).round(4).to_string())
    figures = {"false_positive_rate": table["outside"][NULL, "ours"], "power": table["above"][PLANTED, "ours"]}
    figures |= {"coverage": table["covered"][PLANTED, "ours"]}
    for kind, name in ((PLANTED, "above"), (PLANTED, "covered"), (LIVED, "above"), (LIVED, "covered")):
        figures[f"{kind}_{name}"] = _by_way(table, kind, name)
    figures["null_outside"] = _by_way(table, NULL, "outside")
    figures |= {f"{kind}_bias": _by_way(table, kind, "bias") for kind in (NULL, PLANTED, LIVED)}
    figures |= {f"{kind}_truth": table["truth"][kind, "ours"] for kind in (PLANTED, LIVED)}
    return rounded({**figures, "people": table["people"][NULL, "ours"], "held_out": table["held_out"][NULL, "ours"]})


def _by_way(table: pd.DataFrame, kind: str, column: str) -> dict[str, float]:
    found = table.loc[[kind], column].droplevel("kind")
    return {str(way): float(value) for way, value in found.items()}


def rounded(figures: dict[str, Any], /) -> dict[str, Any]:
    """Four digits behind the point; None for what no world could tell."""
    return {
        name: rounded(value) if isinstance(value, dict) else _digits(float(value)) for name, value in figures.items()
    }


def _digits(value: float) -> float | None:
    return None if isnan(value) else round(value, 4)


if __name__ == "__main__":
    raise SystemExit(main())
