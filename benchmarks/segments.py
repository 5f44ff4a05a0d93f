"""Whether segments are found where there are any: `python -m benchmarks.segments --worlds 50 [--seed 1]`.

Each world is a crowd of 5,000 people with 3 to 8 planted groups, measured in two weeks between which some of them
move, and a crowd as elongated, skewed and heavy-tailed that has no groups. The segments see what a log would show and
are not told k. Beside them, in the same scaled space: a Gaussian mixture that knows k (with own and with shared
covariances; the better of the two in each world counts), one whose k is chosen by BIC, K-Means with the k of the best
silhouette, K-Means from one start, and quintiles of recency, frequency and money; for moves the labels of a refitted
K-Means as they are, matched (Hungarian), and frozen.

The last line is one JSON object: exact_k (share of the worlds whose k was found), ari_ratio (mean adjusted Rand index
over that of the Gaussian mixture that knows k), null_refused (share of the crowds without groups where none were
told of), migration_error (mean relative error of the share of people that truly moved), topic_cosine (planted topics
recovered, see benchmarks.segment_topics), and the others' figures.

--users N measures the seconds and the memory of choosing k, fitting and assigning N people with 120 columns instead.
--transactions F --fit-until D --until D explains real purchases beyond quintiles (see benchmarks.segment_spend).

Examples:
    python -m benchmarks.segments --worlds 50
    python -m benchmarks.segments --users 1000000
"""

import argparse
import json
import sys
import time
from datetime import date, timedelta
from typing import Any

import numpy as np

from benchmarks.ingest import apart
from benchmarks.segment_worlds import USERS, Found, large, measured
from benchmarks.waiting import peak_gb
from lyceum.errors import LyceumError

COLUMNS = 120
GUESSING = ("ours", "gaussian_bic", "silhouette")
MOVERS = ("ours", "less_chance", "ours_raw", "frozen", "hungarian", "raw")


def main(argv: list[str] | None = None, /) -> int:
    """Print the tables and the JSON line; 2 and a sentence where files are of no use."""
    given = _arguments(argv)
    try:
        print(json.dumps(_figures(given)))
    except LyceumError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="python -m benchmarks.segments", description=__doc__, formatter_class=form)
    parser.add_argument("--worlds", type=int, default=50, help="how many pairs of crowds (default 50)")
    parser.add_argument("--seed", type=int, default=1, help="of the first world (default 1)")
    parser.add_argument("--people", type=int, default=USERS, help=f"in each crowd (default {USERS:,})")
    parser.add_argument("--users", type=int, help="measure seconds and memory with so many people instead")
    parser.add_argument("--transactions", action="append", help="explain these files or quoted patterns instead")
    parser.add_argument("--fit-until", type=date.fromisoformat, help="first day of what is explained")
    parser.add_argument("--until", type=date.fromisoformat, help="the day after its last; default 90 days later")
    given = parser.parse_args(argv)
    if given.transactions and not given.fit_until:
        parser.error("give --fit-until with --transactions")
    if given.worlds < 1:
        parser.error("give at least one world")
    return given


def _figures(given: argparse.Namespace) -> dict[str, Any]:
    if given.transactions:
        from benchmarks import segment_spend

        until = given.until or given.fit_until + timedelta(days=90)
        found = segment_spend.run(
            transactions=given.transactions, fit_until=given.fit_until, until=until, seed=given.seed
        )
        print(segment_spend.shown(found))
        return found
    if given.users:
        return apart(large, given.users, COLUMNS, given.seed)
    return _worlds(given)


def _worlds(given: argparse.Namespace) -> dict[str, Any]:
    from benchmarks.segment_topics import topic_cosine

    begin = time.monotonic()
    found = []
    for number in range(given.worlds):
        found.append(measured(users=given.people, seed=given.seed + number))
        print(found[-1].line(number + 1, given.worlds, time.monotonic() - begin), flush=True)
    figures = summary(found)
    print_tables(figures)
    topics = topic_cosine(worlds=given.worlds, seed=given.seed)
    seconds = {"seconds": round(time.monotonic() - begin, 1), "peak_gb": peak_gb()}
    return {**figures, **topics, "worlds": given.worlds, **seconds}


def summary(found: list[Found], /) -> dict[str, Any]:
    """The figures of the last line that the crowds give."""
    exact = {name: _mean([each.k[name] == each.planted for each in found]) for name in GUESSING}
    refused = {name: _mean([each.null_k[name] == 1 for each in found]) for name in GUESSING}
    ari = {name: _mean([each.ari[name] for each in found]) for name in found[0].ari}
    return {
        "exact_k": exact["ours"],
        "ari_ratio": round(ari["ours"] / ari["gaussian"], 4),
        "null_refused": refused["ours"],
        "migration_error": _mean([each.wrong_by("ours") for each in found]),
        "exact_k_by": exact,
        "ari_by": ari,
        "ari_at_least_gaussian": _mean([each.ari["ours"] >= 0.95 * each.ari["gaussian"] for each in found]),
        "null_refused_by": refused,
        "migration_error_by": {name: _mean([each.wrong_by(name) for each in found]) for name in MOVERS},
        "moved_by": {name: _mean([each.moved[name] for each in found]) for name in ("planted", *MOVERS)},
        "migration_covered": _mean([each.moved["covered"] for each in found]),
        "fit_cpu_seconds": _mean([each.fit_seconds for each in found]),
    }


def print_tables(figures: dict[str, Any], /) -> None:
    """The same for people."""
    print(f"\n{'method':<14}{'exact k':>10}{'ARI':>10}{'null refused':>14}")
    for name, ari in sorted(figures["ari_by"].items(), key=lambda pair: -pair[1]):
        exact, refused = (figures[key].get(name) for key in ("exact_k_by", "null_refused_by"))
        print(f"{name:<14}{_shown(exact):>10}{ari:>10.3f}{_shown(refused):>14}")
    print(f"\n{'moves':<14}{'share':>10}{'error':>10}")
    for name, share in figures["moved_by"].items():
        print(f"{name:<14}{share:>10.4f}{_shown(figures['migration_error_by'].get(name)):>10}")


def _shown(figure: float | None) -> str:
    return "-" if figure is None else f"{figure:.3f}"


def _mean(values: list[Any]) -> float:
    return round(float(np.mean(values)), 4)


if __name__ == "__main__":
    sys.exit(main())
