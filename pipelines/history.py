"""What a prediction learns from: snapshots of earlier weeks beside the outcomes that are known by now."""

import json
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from functools import cached_property
from hashlib import sha256

import pandas as pd

from features import labels as label_expressions
from lyceum import weeks
from lyceum.tables.features import LABELS, USER_SNAPSHOT
from pipelines.featurise import write_user_snapshots
from pipelines.targets import FEATURES, SLICED_BY, Target
from pipelines.workspace import Workspace, for_models

ROWS_AT_MOST = 400_000  # of people and weeks over all predictions: 200 columns of them fill 650 MB


class History:
    """Snapshots with their labels of the weeks before a Monday, computed together once they are asked for.

    Its weeks are those that `targets` learn from, and no others can be asked for.
    """

    def __init__(self, space: Workspace, as_of: date, targets: Sequence[Target], /) -> None:
        self.space = space
        self.as_of = as_of
        self.targets = targets

    def labelled(self, target: Target, /) -> pd.DataFrame:
        """One row per person and week of the newest weeks whose outcome is known, ordered by as_of and user_id.

        The columns are user_id, as_of, label (0 or 1), the features, and those by which slices are cut. On a large
        platform a fixed share of the people stands for all, each with all their weeks.
        """
        chosen = matured(self.space, self.as_of, target)
        columns = ["user_id", "as_of", "label", *FEATURES, *SLICED_BY]
        if not chosen:
            return pd.DataFrame(columns=columns)
        every = self._frame.rename(columns={target.label: "label"})
        known = every[f"known_{target.delay_days}d"].astype(bool)
        wanted = every["as_of"].isin(chosen) & known & every["label"].notna()
        rows = every.loc[wanted, columns].reset_index(drop=True)
        rows["label"] = rows["label"].astype("int64")
        return rows

    @cached_property
    def _frame(self) -> pd.DataFrame:
        """One row per week and person eligible then, from the two tables that this writes."""
        space = self.space
        every = sorted({week for target in self.targets for week in matured(space, self.as_of, target)})
        write_user_snapshots(space, every)
        past = space.past(every)
        rows = label_expressions.labels(past, known_until=self.as_of, closed_at=space.before(self.as_of))
        receipt = space.write(space.ctx.features, LABELS, space.sql(rows), weeks=every)
        where = f"as_of BETWEEN DATE '{every[0]}' AND DATE '{every[-1]}'"
        some = f"{where} AND {chosen_people(receipt.rows, at_most=ROWS_AT_MOST)}"
        snapshots, labels = (space.ctx.features.source(table, where=some) for table in (USER_SNAPSHOT, LABELS))
        joined = f"SELECT * FROM ({snapshots}) JOIN ({labels}) USING (user_id, as_of) ORDER BY as_of, user_id"
        return for_models(space.arrow(joined))


def matured(space: Workspace, as_of: date, target: Target, /) -> list[date]:
    """The Mondays before `as_of` that are learnt from: their outcome is over, and a whole week lies before each."""
    newest = weeks.monday_of(as_of - timedelta(days=target.delay_days))
    first = weeks.monday_of(space.first_day()) + weeks.WEEK
    count = space.ctx.settings.training_weeks + target.delay_days // 7
    return [week for week in weeks.weeks_before(newest, count) if week >= first]


def chosen_people(rows: int, /, *, at_most: int) -> str:
    """The SQL condition on user_id that leaves about `at_most` of `rows` rows: whole people, the same every week."""
    if rows <= at_most:
        return "true"
    return f"left(md5(user_id), 8) < '{int(2**32 * at_most / rows):08x}'"


def fingerprint(frame: pd.DataFrame, beside: Mapping[str, object], /) -> str:
    """32 hexadecimal digits that tell trainings apart: by their rows, in any order, and by what is `beside` them."""
    kept = frame.assign(as_of=frame["as_of"].astype(str))
    rows = pd.util.hash_pandas_object(kept, index=False).to_numpy()
    content = {"columns": list(map(str, frame.columns)), "rows": len(frame), "sum": int(rows.sum()), **beside}
    return sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:32]
