"""What a prediction learns from: snapshots of earlier weeks beside the outcomes that are known by now."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from hashlib import sha256

import pandas as pd

from features import labels as label_expressions
from lyceum import weeks
from lyceum.engine import quoted
from lyceum.tables.features import LABELS
from pipelines.featurise import computed, in_parts, user_snapshot_query
from pipelines.targets import FEATURES, SLICED_BY, Target
from pipelines.workspace import Workspace, for_models

# Rows of people and weeks over all predictions. A week's rows say nearly what those of the week before said, so from
# ROWS_ENOUGH on every second week is learnt from, and where there are still more than ROWS_AT_MOST fewer people.
# (Measured on a later week of a simulated platform with 93,500 people, rows learnt from and AUC of purchases and of
# retention: 12,600 .783 .872, 25,000 .786 .872, 50,000 .786 .873, 100,000 .787 .873, 172,000 .787 .874.)
ROWS_ENOUGH, ROWS_AT_MOST = 50_000, 100_000
FEW_WEEKS = 6
SPINE = "learnt_from"


class History:
    """Snapshots with their labels of the weeks before a Monday, from which `targets` learn: computed when made."""

    def __init__(self, space: Workspace, as_of: date, targets: Sequence[Target], /) -> None:
        self.space, self.as_of = space, as_of
        known = {target: found for target in targets if (found := matured(space, as_of, target))}
        many = bool(known) and _write_labels(space, as_of, _union(known.values())) > ROWS_ENOUGH
        self._weeks = {
            target.name: thinned(found, delay_days=target.delay_days) if many else found
            for target, found in known.items()
        }
        self._frame = _gathered(space, _union(self._weeks.values())) if known else pd.DataFrame()

    def labelled(self, target: Target, /) -> pd.DataFrame:
        """One row per person and week of the newest weeks whose outcome is known, ordered by as_of and user_id.

        The columns are user_id, as_of, label (0 or 1), the features, and those by which slices are cut. On a large
        platform every second week stands for all, and a fixed share of the people, each with all their weeks.
        """
        columns = ["user_id", "as_of", "label", *FEATURES, *SLICED_BY]
        if target.name not in self._weeks:
            return pd.DataFrame(columns=columns)
        every = self._frame.rename(columns={target.label: "label"})
        known = every[f"known_{target.delay_days}d"].astype(bool)
        wanted = every["as_of"].isin(self._weeks[target.name]) & known & every["label"].notna()
        rows = every.loc[wanted, columns].reset_index(drop=True)
        rows["label"] = rows["label"].astype("int64")
        return rows


def _union(lists: Iterable[Sequence[date]]) -> list[date]:
    return sorted({week for each in lists for week in each})


def _write_labels(space: Workspace, as_of: date, mondays: Sequence[date]) -> int:
    """Replace these weeks of features.labels; the number of rows, one per week and person eligible then.

    On a large platform some weeks at a time: a day of a person is read for each week that it tells of.
    """
    rows, query = 0, ""
    for part in in_parts(mondays, rows=space.people()):
        past = space.past(part)
        query = query or space.sql(label_expressions.labels(past, known_until=as_of, closed_at=space.before(as_of)))
        rows += space.write(space.ctx.features, LABELS, query, weeks=part).rows
    return rows


def _gathered(space: Workspace, mondays: Sequence[date]) -> pd.DataFrame:
    """The labels of these weeks, on a large platform of some people, beside what was known of them then."""
    labels = space.ctx.features.source(LABELS, where=f"as_of IN ({', '.join(quoted(str(day)) for day in mondays)})")
    rows = space.con.execute(f"SELECT count(*) FROM ({labels})").fetchall()[0][0]
    space.kept(SPINE, f"SELECT * FROM ({labels}) WHERE {chosen_people(rows, at_most=ROWS_AT_MOST)}")
    past = space.past(mondays, people=SPINE)
    known = user_snapshot_query(space, past, sets=computed(space, past))
    joined = f"SELECT * FROM ({known}) JOIN {SPINE} USING (user_id, as_of) ORDER BY as_of, user_id"
    return for_models(space.arrow(joined))


def matured(space: Workspace, as_of: date, target: Target, /) -> list[date]:
    """The Mondays before `as_of` that are learnt from: their outcome is over, and a whole week lies before each."""
    newest = weeks.monday_of(as_of - timedelta(days=target.delay_days))
    first = weeks.monday_of(space.first_day()) + weeks.WEEK
    count = space.ctx.settings.training_weeks + target.delay_days // 7
    return [week for week in weeks.weeks_before(newest, count) if week >= first]


def thinned(found: Sequence[date], /, *, delay_days: int) -> list[date]:
    """Every second of the Mondays `found`, in order, back from the newest, which is judged, and from the newest of
    those whose outcome was known by then: of these all if they are few, for some must be left to calibrate on.
    """
    known = [week for week in found if week <= found[-1] - timedelta(days=delay_days)]
    later = found[len(known) :]
    return [*(known[::-2][::-1] if len(known) >= FEW_WEEKS else known), *later[::-2][::-1]]


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
