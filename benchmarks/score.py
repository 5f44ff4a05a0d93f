"""How fast a platform's people are scored and explained: `python -m benchmarks.score --users 1000000 [--seed 1]`.

The people of a simulated world give snapshots with every column and outcome. All five predictions are trained on
them, and eligible people drawn from them, each number shaken a little so that hardly two are equal, are stored as the
snapshot of one week in a home of its own. Then the weekly step's own functions run in a fresh process: `seconds` for
the probabilities of all predictions; `reasons_seconds` for everybody's reasons for leaving and for buying, written
with all else into marts.user_scores; `exact_seconds` of them for the exact reasons of those on the list. `peak_gb` is
the peak of that process's memory. The last line is one JSON object.

Examples:
    python -m benchmarks.score --users 1000000
    python -m benchmarks.score --users 20000 --estimator logistic
"""

import argparse
import json
import sys
import tempfile
import time
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from benchmarks.ingest import Figures, apart
from benchmarks.waiting import peak_gb
from lyceum.home import Home, Platform
from lyceum.schema import BIGINT, DOUBLE, MONEY
from lyceum.settings import Settings
from lyceum.tables.features import USER_SNAPSHOT
from pipelines.context import Context

if TYPE_CHECKING:
    import pyarrow as pa

AS_OF = date(2026, 6, 1)
PEOPLE, WEEKS = 5_000, 26  # of the simulated world
TRAINED_ON = range(8, 23, 2)  # Mondays by number
STORED_AT_ONCE = 100_000
SHAKEN = 0.1  # standard deviation of the logarithm of the factor
ESTIMATORS = ("logistic", "forest", "xgboost", "network", "blend")
WIDTHS = {"estimator": 10, "users": 10, "columns": 8, "seconds": 8, "reasons_seconds": 16, "exact_seconds": 14}


def main(argv: list[str] | None = None, /) -> int:
    """Print the table and the JSON line."""
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="python -m benchmarks.score", description=__doc__, formatter_class=form)
    parser.add_argument("--users", type=int, default=1_000_000, help="people to score (default 1000000)")
    parser.add_argument("--seed", type=int, default=1, help="of the world and the draws (default 1)")
    parser.add_argument(
        "--estimator", choices=ESTIMATORS, default="blend", help="of every prediction (default blend)"
    )
    parser.add_argument("--world-users", type=int, default=PEOPLE, help=f"people simulated (default {PEOPLE})")
    given = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="lyceum-score-") as folder:
        home = Path(folder)
        apart(prepare, home, given.users, given.world_users, given.estimator, given.seed)
        found = {"estimator": given.estimator, "users": given.users, **apart(measure, home)}
    print(" ".join(f"{name:>{width}}" for name, width in WIDTHS.items()), f"{'peak_gb':>8}")
    print(" ".join(f"{found[name]:>{width}}" for name, width in WIDTHS.items()), f"{found['peak_gb']:>8}")
    print(json.dumps(found))
    return 0


def context(folder: Path, /) -> Context:
    """A home of its own with the settings' defaults."""
    platform = Platform("bench", "demo", folder, "Asia/Shanghai", "CNY", "zh")
    return Context(Settings(), Home(folder), platform, datetime(2026, 6, 1, tzinfo=UTC), lambda _line: None)


def prepare(folder: Path, users: int, world_users: int, estimator: str, seed: int, /) -> Figures:
    """Simulate, train every prediction, and store the snapshot to score."""
    from benchmarks.logs import frames, live

    lived = live("demo", users=world_users, weeks=WEEKS, seed=seed, ask=WEEKS)
    rows = frames(lived, mondays=list(TRAINED_ON), known_until=WEEKS)
    ctx = context(folder)
    train(ctx, rows, estimator=estimator, seed=seed)
    store(ctx, rows[rows["recency_days"] <= 28], users=users, seed=seed)
    return {}


def train(ctx: Context, rows: pd.DataFrame, /, *, estimator: str, seed: int) -> None:
    """Fit the estimator for every prediction and let it score."""
    from models.registry import make
    from pipelines import champions
    from pipelines.targets import FEATURES, TARGETS

    for target in TARGETS:
        known = rows[rows[target.label].notna()]
        frame = known[["user_id", "as_of", *FEATURES]].assign(label=known[target.label].to_numpy(np.int64))
        model = make(estimator, features=FEATURES, settings={}).fit(frame, seed=seed)
        champions.keep_at_once(ctx.home, target.name, model, as_of=AS_OF, card={}, why="It is measured.")


def store(ctx: Context, people: pd.DataFrame, /, *, users: int, seed: int) -> None:
    """Write the snapshot of `users` people drawn from `people`."""
    import pyarrow as pa

    rng = np.random.default_rng(seed)
    begins = range(0, users, STORED_AT_ONCE)
    batches = (_drawn(people, begin, min(begin + STORED_AT_ONCE, users), rng) for begin in begins)
    reader = pa.RecordBatchReader.from_batches(USER_SNAPSHOT.arrow(), batches)
    ctx.features.replace(USER_SNAPSHOT, reader, partition={"as_of": [AS_OF.isoformat()]})


def _drawn(people: pd.DataFrame, begin: int, end: int, rng: np.random.Generator) -> "pa.RecordBatch":
    """People number `begin` to `end`, drawn with replacement; counts stay whole, zeros and nulls what they are."""
    import pyarrow as pa
    import pyarrow.compute as pc

    drawn = people.iloc[rng.integers(0, len(people), end - begin)]
    columns: dict[str, Any] = {"user_id": pa.array([f"{at:032x}" for at in range(begin, end)])}
    columns["as_of"] = pa.array([AS_OF] * (end - begin), pa.date32())
    for column in USER_SNAPSHOT.columns:
        if column.type in (BIGINT, DOUBLE, MONEY):
            own = drawn[column.name].to_numpy(np.float64, na_value=np.nan) * rng.lognormal(0.0, SHAKEN, len(drawn))
            own = np.round(own, {BIGINT: 0, MONEY: 2}.get(column.type, 4))
            values = pa.array(own.clip(max=28) if column.name == "recency_days" else own, from_pandas=True)
            columns[column.name] = pc.cast(values, USER_SNAPSHOT.arrow().field(column.name).type, safe=False)
    schema = USER_SNAPSHOT.arrow()
    return pa.RecordBatch.from_arrays(
        [columns[each.name] if each.name in columns else pa.nulls(len(drawn), each.type) for each in schema],
        schema=schema,
    )


def measure(folder: Path, /) -> Figures:
    """Score and explain everybody; seconds and the peak of memory of this process."""
    from dataclasses import replace

    from pipelines import scoring
    from pipelines.keeping import Keeper
    from pipelines.targets import FEATURES
    from pipelines.workspace import workspace

    ctx = context(folder)
    with workspace(ctx) as space:
        begin = time.monotonic()
        crowd = scoring.crowd(space, AS_OF)
        crowd = replace(crowd, people=scoring.probabilities(crowd))
        scored = time.monotonic()
        explainer = scoring.explainer(crowd, crowd.typical())
        count = ctx.settings.warning_capacity
        listed, buyers = (
            scoring.likeliest(crowd.people, name, count=count) for name in ("churn_28d", "purchase_28d")
        )
        before = time.monotonic()
        known = explainer.exactly({scoring.LEAVE: listed, scoring.BUY: buyers})
        after = time.monotonic()
        part = scoring.keep_scores(Keeper(space, AS_OF), explainer, known)
        end = time.monotonic()
    if part.rows != len(crowd.people):
        raise AssertionError(f"{part.rows} of {len(crowd.people)} people were written.")
    return {
        "columns": len(FEATURES),
        "seconds": round(scored - begin, 1),
        "reasons_seconds": round(end - scored, 1),
        "exact_seconds": round(after - before, 1),
        "peak_gb": peak_gb(),
    }


if __name__ == "__main__":
    sys.exit(main())
