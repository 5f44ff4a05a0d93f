"""What segments tell of the next purchases, beside RFM quintiles: `python -m benchmarks.segment_spend`.

    python -m benchmarks.segment_spend --transactions '../shared/data/online_retail/*.csv.gz' \
        --fit-until 2011-09-10 --until 2011-12-09

Invoices (columns InvoiceNo, InvoiceDate, Quantity, UnitPrice, CustomerID) before --fit-until make the customers and
their segments; the number of invoices from then until --until is the outcome. Groups predict it by their mean alone,
cross-fitted over customers (nobody's own outcome is in their prediction), and the Poisson deviance that this
explains is compared. RFM quintiles come as 125 cells and as 5 + 5 + 5 dummies of a Poisson regression: the stronger
is the baseline. Segments come two ways: `behaviour` (K-Means on how often, how much, how regular) knows no outcome;
`expected` cuts people by an index of the same columns, weighted by what they told of the purchases in as many days
*before* --fit-until, and frozen there; the number of segments is that which told most of those. Both also with five.
The last line is one JSON object.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lyceum import engine
from lyceum.engine import quoted
from lyceum.errors import LyceumError, UsageError
from models.classification.frame import matrix
from models.segmentation.expected import by_expectation
from models.segmentation.explaining import Explained, additively, by_cells, quintiles
from models.segmentation.kmeans import KMeansSegments

Labels = NDArray[np.int64]

NEEDED = ("InvoiceNo", "InvoiceDate", "Quantity", "UnitPrice", "CustomerID")
BEHAVIOUR = (
    *("recency_days", "tenure_days", "orders_total", "spend_total", "active_months", "orders_28d", "orders_84d"),
    *("orders_126d", "spend_84d", "order_value_mean", "orders_halving_28d", "orders_halving_112d", "gap_mean_days"),
    *("gap_spread_days", "overdue", "refunds_total"),
)
CHOSEN, FIXED_K = "expected", 5
# An article is five digits and letters; what else is sold is postage, fees and samples.
LINES = r"""
CREATE TABLE lines AS SELECT DISTINCT CAST(CAST(CustomerID AS DOUBLE) AS BIGINT) AS person, InvoiceNo AS invoice,
    CAST(InvoiceDate AS TIMESTAMP) AS sold_at, CAST(Quantity AS BIGINT) AS quantity,
    CAST(CAST(Quantity AS DOUBLE) * CAST(UnitPrice AS DECIMAL(18,3)) AS DECIMAL(18,2)) AS amount, StockCode
FROM read_csv({files}, all_varchar = true)
WHERE nullif(CustomerID, '') IS NOT NULL AND CAST(UnitPrice AS DOUBLE) > 0
  AND regexp_matches(StockCode, '^([0-9]{{5}}[A-Za-z]*|DCGS.*|gift_.*|PADS)$')
"""
ORDERS = """
CREATE TABLE orders AS SELECT person, invoice, min(sold_at) AS sold_at, sum(amount) AS amount
FROM lines WHERE NOT starts_with(invoice, 'C') AND quantity > 0 GROUP BY person, invoice
"""
SEEN = """
WITH seen AS (SELECT *, date_diff('day', CAST(sold_at AS DATE), DATE '{day}') AS ago FROM orders
              WHERE sold_at < DATE '{day}'),
days AS (SELECT DISTINCT person, ago FROM seen),
gaps AS (SELECT person, ago, lag(ago) OVER (PARTITION BY person ORDER BY ago DESC) - ago AS gap FROM days),
regular AS (SELECT person, avg(gap) AS gap_mean_days, stddev_samp(gap) AS gap_spread_days FROM gaps GROUP BY person),
sent_back AS (SELECT person, count(DISTINCT invoice) AS refunds_total FROM lines
              WHERE starts_with(invoice, 'C') AND sold_at < DATE '{day}' GROUP BY person),
counted AS (
    SELECT person, min(ago) AS recency_days, max(ago) AS tenure_days, count(*) AS orders_total,
        sum(amount) AS spend_total, count(DISTINCT ago // 28) AS active_months,
        {windows}, coalesce(sum(amount) FILTER (ago <= 84), 0) AS spend_84d, avg(amount) AS order_value_mean,
        sum(pow(0.5, ago / 28.0) ORDER BY invoice) AS orders_halving_28d,
        sum(pow(0.5, ago / 112.0) ORDER BY invoice) AS orders_halving_112d
    FROM seen GROUP BY person)
SELECT CAST(person AS VARCHAR) AS user_id, counted.* EXCLUDE (person), gap_mean_days, gap_spread_days,
    recency_days / gap_mean_days AS overdue, coalesce(refunds_total, 0) AS refunds_total,
    coalesce(purchases, 0) AS purchases
FROM counted LEFT JOIN regular USING (person) LEFT JOIN sent_back USING (person)
LEFT JOIN (SELECT person, count(*) AS purchases FROM orders
           WHERE sold_at >= DATE '{day}' AND sold_at < DATE '{until}' GROUP BY person) USING (person)
ORDER BY user_id
"""
WINDOWS = ", ".join(f"count(*) FILTER (ago <= {days}) AS orders_{days}d" for days in (28, 84, 126))


@dataclass(frozen=True)
class Crowds:
    """Customers at --fit-until, and as they were so many days before: both with their purchases of the days after."""

    now: pd.DataFrame
    past: pd.DataFrame


def run(*, transactions: Sequence[str], fit_until: date, until: date, seed: int = 1) -> dict[str, Any]:
    """The figures of the command: explained deviance by model, its ratio to RFM, how many segments there are."""
    told = _crowds(transactions, fit_until, until)
    outcome = told.now["purchases"].to_numpy(dtype=np.float64)
    rfm = _rfm(told.now)
    groups = {name: fit(told, None, seed=seed) for name, fit in SPACES.items()}
    fixed = {name: fit(told, FIXED_K, seed=seed) for name, fit in SPACES.items()}
    placed = {name: _placed(told.now, model) for name, model in groups.items()}
    explained = {
        "rfm_cells": by_cells(outcome, np.ravel_multi_index(rfm, [5] * 3), kind="count", seed=seed),
        "rfm_additive": additively(outcome, rfm, kind="count", seed=seed),
        **{f"segments_{name}": by_cells(outcome, ids, kind="count", seed=seed) for name, ids in placed.items()},
        **{
            f"segments_{name}_k{FIXED_K}": by_cells(outcome, _placed(told.now, model), kind="count", seed=seed)
            for name, model in fixed.items()
        },
        "segments_and_rfm": additively(outcome, [*rfm, placed[CHOSEN]], kind="count", seed=seed),
    }
    baseline = max(("rfm_cells", "rfm_additive"), key=lambda name: explained[name].share)
    own, other = explained[f"segments_{CHOSEN}"], explained[baseline]
    return {
        **{"customers": len(told.now), "purchases": int(outcome.sum()), "days": (until - fit_until).days},
        "models": {name: _figures(each, other, seed=seed) for name, each in explained.items()},
        **{"chosen": f"segments_{CHOSEN}", "baseline": baseline, "k": groups[CHOSEN].k},
        **{"kind": groups[CHOSEN].kind, "ratio_to_rfm": own.share / other.share},
        "ratio_k5": explained[f"segments_{CHOSEN}_k{FIXED_K}"].share / other.share,
    }


def _crowds(patterns: Sequence[str], fit_until: date, until: date) -> Crowds:
    files = [
        str(path) for each in map(Path, patterns) for path in sorted(each.parent.glob(each.name)) if path.is_file()
    ]
    if not files:
        raise UsageError(f"No file is called {', '.join(patterns)}.", remedy="Name the files with --transactions.")
    if fit_until >= until:
        raise UsageError("--fit-until must be before --until.", remedy="Give two days in order.")
    before = fit_until - (until - fit_until)
    with engine.connect(threads=1) as con:
        listed = f"[{', '.join(quoted(file) for file in files)}]"
        there = [
            row[0] for row in con.execute(f"DESCRIBE SELECT * FROM read_csv({listed}, all_varchar = true)").fetchall()
        ]
        if missing := [name for name in NEEDED if name not in there]:
            raise UsageError(f"The files have no column {missing[0]}.", remedy=f"Needed: {', '.join(NEEDED)}.")
        con.execute(LINES.format(files=listed))
        con.execute(ORDERS)
        crowds = [
            con.sql(SEEN.format(day=day, until=end, windows=WINDOWS)).df()
            for day, end in ((fit_until, until), (before, fit_until))
        ]
    if min(map(len, crowds)) < 100:
        raise UsageError("Too few customers bought before.", remedy="Choose a later --fit-until.")
    return Crowds(*(_without_gaps(crowd) for crowd in crowds))


def _without_gaps(crowd: pd.DataFrame) -> pd.DataFrame:
    """A gap between purchases that is not there yet is as long as the tenure."""
    return crowd.assign(
        gap_mean_days=crowd["gap_mean_days"].fillna(crowd["tenure_days"]),
        gap_spread_days=crowd["gap_spread_days"].fillna(0.0),
        overdue=crowd["overdue"].fillna(1.0),
    )


def _rfm(crowd: pd.DataFrame) -> list[Labels]:
    columns = matrix(crowd, ("recency_days", "orders_total", "spend_total")).T
    return [quintiles(-columns[0]), quintiles(columns[1]), quintiles(columns[2])]


def _by_behaviour(told: Crowds, k: int | None, *, seed: int) -> KMeansSegments:
    return KMeansSegments(features=BEHAVIOUR, k=k).fit(told.now, seed=seed)


def _by_expectation(told: Crowds, k: int | None, *, seed: int) -> KMeansSegments:
    outcome = told.past["purchases"].to_numpy(dtype=np.float64)
    return by_expectation(told.past, outcome, told.now, features=BEHAVIOUR, k=k, seed=seed)


SPACES = {"behaviour": _by_behaviour, "expected": _by_expectation}


def _placed(crowd: pd.DataFrame, model: KMeansSegments) -> Labels:
    return model.score(crowd)["segment_id"].to_numpy(dtype=np.int64)


def _figures(each: Explained, baseline: Explained, *, seed: int) -> dict[str, float]:
    value, low, high = each.interval(seed=seed)
    return {
        **{"explained": round(value, 4), "low_95": round(low, 4), "high_95": round(high, 4)},
        "ratio": round(value / baseline.share, 4),
    }


def shown(found: Mapping[str, Any], /) -> str:
    """The figures as a table for people."""
    head = f"{found['customers']} customers, {found['purchases']} purchases in the next {found['days']} days\n"
    rows = [
        f"{name:28} {row['explained']:.3f} ({row['low_95']:.3f} to {row['high_95']:.3f})  x {row['ratio']:.2f}"
        for name, row in found["models"].items()
    ]
    return head + "\n".join([f"{'explained deviance':28}", *rows, f"{found['k']} segments, {found['kind']}"])


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table and, as the last line, the JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--transactions", action="append", required=True, help="files or patterns in quotes")
    parser.add_argument("--fit-until", type=date.fromisoformat, required=True, help="first day of the outcome")
    parser.add_argument("--until", type=date.fromisoformat, help="the day after its last; default 90 days later")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(arguments)
    try:
        until = given.until or given.fit_until + timedelta(days=90)
        found = run(transactions=given.transactions, fit_until=given.fit_until, until=until, seed=given.seed)
    except LyceumError as error:
        print(error, file=sys.stderr)
        return 2
    print(shown(found))
    print(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
