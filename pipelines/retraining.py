"""Whether the newest week asks for a search for better models, besides the monthly one.

It does where a champion's own scores lie elsewhere than in training, or at least a fifth of the columns that can be
told about, both this week and the week before (PSI less its null above 0.1 on bins of at least 50 people, see
models.drift): one week's move may be a holiday. And where the gate refused the challenger of the week. Then it keeps
silent for eight weeks about the same model.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

import pandas as pd

from lyceum import weeks
from lyceum.home import Home, write_atomically
from lyceum.schema import with_history
from lyceum.tables import quality
from pipelines import champions
from pipelines.champions import REFUSED
from pipelines.context import Context
from pipelines.drifting import SCORE
from pipelines.targets import TARGETS

SHARE = 0.2  # of the columns told about
SILENT_WEEKS = 8


def asked(ctx: Context, as_of: date, /) -> dict[str, str]:
    """The models that the week asks to train anew, each with the reason; kept, so that the next weeks are silent.

    Judged by this week and those before, so that a week run again asks what it asked.
    """
    held = _held(ctx.home)
    silent = {
        name for day, names in held.items() if as_of - weeks.WEEK * SILENT_WEEKS < day < as_of for name in names
    }
    found = {name: why for name, why in _reasons(ctx, as_of) if name not in silent}
    others = {day: names for day, names in held.items() if day != as_of}
    if (now := {**others, as_of: sorted(found)} if found else others) != held:
        kept = {day.isoformat(): names for day, names in sorted(now.items())}
        write_atomically(_file(ctx.home), json.dumps(kept, indent=1) + "\n")
    return found


def drifted(table: pd.DataFrame, /) -> bool:
    """Whether the rows of quality.model_drift of one model and week tell of a move that matters."""
    told = table.dropna(subset="drifted")
    scores = bool(told.loc[told["feature"] == SCORE, "drifted"].astype(bool).any())
    columns = told.loc[told["feature"] != SCORE, "drifted"].astype(bool)
    return scores or (len(columns) > 0 and bool(columns.mean() >= SHARE))


def _reasons(ctx: Context, as_of: date) -> Iterator[tuple[str, str]]:
    both = [_drift(ctx, day) for day in (as_of - weeks.WEEK, as_of)]
    for target in TARGETS:
        if _refused(ctx.home, target.name, as_of):
            yield target.name, "the gate refused the challenger of the week"
        elif all(target.name in each and drifted(each[target.name]) for each in both):
            yield target.name, "its people lie elsewhere than in training, for the second week"


def _refused(home: Home, name: str, as_of: date) -> bool:
    if as_of not in champions.versions(home, name):
        return False
    return bool(champions.load(home, name, as_of).card["decision"]["decision"] == REFUSED)


def _drift(ctx: Context, as_of: date) -> Mapping[str, pd.DataFrame]:
    """The week's rows of quality.model_drift by model."""
    from lyceum.engine import connect

    with connect() as con:
        source = ctx.scored.source(with_history(quality.MODEL_DRIFT), where=f"as_of = DATE '{as_of}'")
        rows: pd.DataFrame = con.sql(f"SELECT model, feature, drifted FROM ({source}) ORDER BY ALL").df()
    return {str(name): each for name, each in rows.groupby("model")}


def _held(home: Home) -> dict[date, Sequence[str]]:
    """What was asked in which week; nothing where nothing was, or where the record is damaged."""
    try:
        kept = json.loads(_file(home).read_text(encoding="utf-8"))
        return {date.fromisoformat(day): list(names) for day, names in kept.items()}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}


def _file(home: Home) -> Path:
    return home.runs / "retraining.json"
