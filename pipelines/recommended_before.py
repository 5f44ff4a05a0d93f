"""Whether a week's lists may stay as they are: what they were made of is kept beside them.

The lists and the items' neighbours are a function of who had what, the shelf, the people and what each of them is to
be shown, the version that ships, the settings and the code. Where all of these are what they were, making the tables
again would give the same rows to the byte. A kept mark is believed only while the partitions consist of the very
files that were written with it: whatever else touches them makes it void.

There is nothing between all and nothing. One more purchase moves everybody's neighbours (measured on a simulated
platform of 5,000 people: the scores of all lists, the items of 19 % of them). A refusal leaves the lists of others as
they are, but to make a few personal lists alone is not exact: the last digits of dense products hang on how many
people are multiplied at once.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from typing import Any

import pandas as pd

from lyceum.home import write_atomically
from lyceum.schema import Table, with_history
from lyceum.tables.marts import ITEM_TO_ITEM, RECOMMENDATIONS
from pipelines import champions
from pipelines.compiled import digest
from pipelines.history import fingerprint
from pipelines.keeping import Keeper
from pipelines.recommendation_weeks import Week
from pipelines.steps import Part

KEPT = "recommended.json"  # beside the scored tables: for each of the newest weeks mark, files and parts
TABLES = (RECOMMENDATIONS, ITEM_TO_ITEM)
SETTINGS = ("seed", "recommendations", "recommendation_diversity")
LIBRARIES = ("numpy", "scipy", "pandas", "scikit-learn")
LEFT = "Made before from equal inputs and left as it is."


def mark_of(keeper: Keeper, known: Week, arms: "pd.Series[str]", held: champions.Version, /) -> str:
    """What tells these tables apart from all others of the week."""
    shelf = known.catalogue.assign(published_at=known.catalogue["published_at"].astype(str))
    told = {"shelf": shelf, "people": known.people, "arms": arms.rename_axis("user_id").rename("arm").reset_index()}
    beside = {name: fingerprint(frame.assign(as_of=keeper.as_of), {}) for name, frame in told.items()}
    settings = {name: getattr(keeper.space.ctx.settings, name) for name in SETTINGS}
    whole = {**beside, **settings, "version": held.digest, "code": _code(), "tuned": held.card.get("tuned", {})}
    return fingerprint(known.used.assign(as_of=keeper.as_of), whole)


def left(keeper: Keeper, mark: str, /) -> list[Part]:
    """What to say of the tables if they were made from what `mark` says and lie there untouched; else nothing."""
    held = _kept(keeper).get(keeper.as_of.isoformat(), {})
    if held.get("mark") != mark or held["files"] != _files(keeper):
        return []
    parts = [Part(**part) for part in held["parts"]]
    return [replace(part, why=f"{part.why} {LEFT}".strip()) for part in parts]


def remember(keeper: Keeper, mark: str, parts: Sequence[Part], /) -> None:
    """Keep the mark of the tables just written, and of as many weeks before as stand in a release."""
    written = {"mark": mark, "files": _files(keeper), "parts": [asdict(part) for part in parts]}
    held = {**_kept(keeper), keeper.as_of.isoformat(): written}
    newest = sorted(held)[-keeper.space.ctx.settings.kept_weeks :]
    text = json.dumps({week: held[week] for week in newest}, indent=1, sort_keys=True)
    write_atomically(keeper.space.ctx.home.scored / KEPT, text + "\n")


def _kept(keeper: Keeper) -> Mapping[str, Any]:
    """What was remembered; nothing where the file is missing or damaged, for then the tables are just made again."""
    try:
        return dict(json.loads((keeper.space.ctx.home.scored / KEPT).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return {}


def _files(keeper: Keeper) -> dict[str, list[str] | None]:
    """The data files of the week's partitions by table, None where the table is not there."""
    return {table.name: _of_week(keeper, with_history(table)) for table in TABLES}


def _of_week(keeper: Keeper, table: Table) -> list[str] | None:
    import pyarrow as pa
    from deltalake import DeltaTable

    lake = keeper.space.ctx.scored
    if not lake.exists(table):
        return None
    files = pa.table(DeltaTable(str(lake.path(table))).get_add_actions(flatten=True)).to_pylist()
    return sorted(str(file["path"]) for file in files if str(file["partition.as_of"]) == keeper.as_of.isoformat())


@cache
def _code() -> str:
    """A digest of what makes lists, ours and the libraries'."""
    ours = [each for each in files("models.recommendation").iterdir() if each.name.endswith(".py")]
    ours += [each for each in files("pipelines").iterdir() if each.name.startswith("recommend")]
    texts = (each.read_text(encoding="utf-8") for each in sorted(ours, key=lambda each: each.name))
    return digest(*map(version, LIBRARIES), *texts)
