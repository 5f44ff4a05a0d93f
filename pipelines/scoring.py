"""Scores of people and the reasons for them, slice by slice: of the snapshot, never more than one slice is in memory.

What is a number or a short code per person (probabilities, states, points) is held for everybody; the texts of the
reasons are written as they are made.
"""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lyceum.engine import quoted
from lyceum.schema import with_history
from lyceum.tables.features import USER_SNAPSHOT
from lyceum.tables.marts import USER_SCORES
from models.contract import Model
from models.reasons import BUYING, LEAVING, Outcome, Speech, reasons
from pipelines import champions
from pipelines.history import chosen_people, matured
from pipelines.keeping import Keeper
from pipelines.steps import Part, done
from pipelines.targets import FEATURES, TARGETS
from pipelines.workspace import Workspace, for_models

if TYPE_CHECKING:
    import pyarrow as pa

ELIGIBLE_DAYS = 28
ELIGIBLE = f"recency_days <= {ELIGIBLE_DAYS}"
SLICE = 50_000  # people: 200 columns of them fill 80 MB
TYPICAL = 100_000  # people at most who say what is usual
LEAVE, BUY = "retention_28d", "purchase_28d"
EXPLAINED: Mapping[str, tuple[str, Outcome]] = {  # prediction: the column of its reasons, and what they are for
    LEAVE: ("churn_reasons", LEAVING),
    BUY: ("purchase_reasons", BUYING),
}
Floats = NDArray[np.float64]
Reasons = Mapping[str, "pd.Series[str]"]  # by the column that they stand in: JSON lists by user_id


@dataclass(frozen=True)
class Crowd:
    """The people of one week's snapshot, and the models that score them by the name of their prediction.

    `people` has one row per person, ordered by user_id: user_id, eligible, score_status, and whatever else is known
    by then.
    `snapshot` selects the week's rows; made once, as no Delta table can be opened while another is being written.
    """

    space: Workspace
    as_of: date
    snapshot: str
    people: pd.DataFrame
    models: Mapping[str, Model]

    def slices(self) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
        """All people, slice by slice: their rows of `people`, and the features of the eligible among them."""
        for start in range(0, len(self.people), SLICE):
            part = self.people.iloc[start : start + SLICE]
            first, last = (quoted(user) for user in part["user_id"].iloc[[0, -1]])
            yield part, self._features(f"{ELIGIBLE} AND user_id BETWEEN {first} AND {last}")

    def helpers(self) -> ThreadPoolExecutor:
        """Threads for the models, which work beside each other and know nothing of each other."""
        return ThreadPoolExecutor(self.space.ctx.settings.threads)

    def features(self, user_ids: "pd.Series[str]", /) -> pd.DataFrame:
        """The features of the people named, ordered by user_id."""
        import pyarrow as pa

        self.space.con.register("people_wanted", pa.table({"user_id": pa.array(user_ids, pa.string())}))
        return self._features("user_id IN (SELECT user_id FROM people_wanted)")

    def typical(self) -> pd.DataFrame:
        """The features of the eligible; on a large platform a fixed share of them stands for all."""
        some = chosen_people(int(self.people["eligible"].sum()), at_most=TYPICAL)
        return self._features(f"{ELIGIBLE} AND {some}")

    def _features(self, where: str) -> pd.DataFrame:
        return stored(self.space, self.snapshot, FEATURES, where=where)


def crowd(space: Workspace, as_of: date, /) -> Crowd:
    """Everybody in the week's snapshot, and the champions of the week."""
    snapshot = snapshot_of(space, as_of)
    seen = stored(space, snapshot, ("recency_days",))
    held = {target.name: champions.champion(space.ctx.home, target.name, as_of=as_of) for target in TARGETS}
    models = {name: version.model() for name, version in held.items() if version}
    why = next((_why_unscored(space, as_of, name) for name in EXPLAINED if name not in models), "scored")
    eligible = seen["recency_days"] <= ELIGIBLE_DAYS
    status = np.where(eligible, why, "not_eligible")
    people = pd.DataFrame({"user_id": seen["user_id"], "eligible": eligible, "score_status": status})
    return Crowd(space, as_of, snapshot, people, models)


def snapshot_of(space: Workspace, as_of: date, /) -> str:
    """The SELECT of a week's user snapshot."""
    return space.ctx.features.source(USER_SNAPSHOT, where=f"as_of = DATE '{as_of}'")


def stored(space: Workspace, snapshot: str, columns: Sequence[str], /, *, where: str = "true") -> pd.DataFrame:
    """user_id and `columns` of the rows that `snapshot` selects, ordered by user_id; money as float64."""
    listed = ", ".join(f'"{name}"' for name in ("user_id", *columns))
    return for_models(space.arrow(f"SELECT {listed} FROM ({snapshot}) WHERE {where} ORDER BY user_id"))


def probabilities(crowd: Crowd, /) -> pd.DataFrame:
    """The crowd's people with a column per model, null for the not eligible, and churn_28d."""
    found: dict[str, Floats] = {name: np.full(len(crowd.people), np.nan) for name in crowd.models}
    with crowd.helpers() as pool:
        for part, features in crowd.slices() if found else ():
            rows = part.index[part["eligible"]]
            scored = pool.map(lambda model, seen=features: model.score(seen), crowd.models.values())
            for name, scores in zip(crowd.models, scored, strict=True):
                found[name][rows] = scores["probability"]
    if LEAVE in found:
        found["churn_28d"] = 1.0 - found[LEAVE]
    return crowd.people.assign(**found)


def _why_unscored(space: Workspace, as_of: date, name: str) -> str:
    target = next(each for each in TARGETS if each.name == name)
    if target.needs and not set(target.needs) & set(space.signals(as_of)):
        return "no_purchases_logged"
    return "too_few_outcomes" if matured(space, as_of, target) else "no_matured_week"


@dataclass(frozen=True)
class Explainer:
    """Gives the reasons for the scores of a crowd; `usual` are the medians of the typical person's features."""

    crowd: Crowd
    usual: Mapping[str, float]

    @property
    def speech(self) -> Speech:
        """What the sentences need beside a person's own values."""
        return Speech(self.usual, self.crowd.space.ctx.platform.currency)

    def exactly(self, wanted: Mapping[str, "pd.Series[str]"], /) -> Reasons:
        """The reasons of exact contributions, for each prediction of the people whom `wanted` names for it."""
        features = {name: self.crowd.features(wanted[name]) for name in EXPLAINED if name in self.crowd.models}

        def explained(name: str) -> "pd.Series[str]":
            texts = self._reasons(name, features[name], exact=True)
            return pd.Series(texts.to_numpy(zero_copy_only=False), features[name]["user_id"])

        with self.crowd.helpers() as pool:
            return {
                EXPLAINED[name][0]: texts for name, texts in zip(features, pool.map(explained, features), strict=True)
            }

    def given(self, features: pd.DataFrame, known: Reasons, /) -> "dict[str, pa.StringArray]":
        """The columns of reasons for the rows of `features`: those `known`, approximate ones of the others."""
        import pyarrow as pa

        def explained(name: str) -> "pa.StringArray":
            held = known[EXPLAINED[name][0]]
            places = held.index.get_indexer(pd.Index(features["user_id"]))
            rest = places < 0
            told = self._reasons(name, features[rest], exact=False)
            places = np.where(rest, np.cumsum(rest) - 1, len(told) + places)
            return pa.concat_arrays([told, pa.array(held.to_numpy(object), pa.string())]).take(places)

        names = [name for name in EXPLAINED if name in self.crowd.models]
        with self.crowd.helpers() as pool:
            return {EXPLAINED[name][0]: texts for name, texts in zip(names, pool.map(explained, names), strict=True)}

    def _reasons(self, name: str, features: pd.DataFrame, /, *, exact: bool) -> "pa.StringArray":
        outcome = EXPLAINED[name][1]
        return reasons(self.crowd.models[name], features, outcome=outcome, speech=self.speech, exact=exact)


def explainer(crowd: Crowd, typical: pd.DataFrame, /) -> Explainer:
    """The explainer of a crowd whose typical people are these."""
    medians = typical[list(FEATURES)].median()
    return Explainer(crowd, {str(name): float(usual) for name, usual in medians.dropna().items()})


def likeliest(people: pd.DataFrame, name: str, /, *, count: int) -> "pd.Series[str]":
    """The `count` people with the highest score of that prediction, the first by user_id among equals."""
    if name not in people:
        return people["user_id"].head(0)
    scored = people[people[name].notna()]
    return scored.sort_values(name, ascending=False, kind="stable")["user_id"].head(count)


def keep_scores(keeper: Keeper, told: Explainer, known: Reasons, /) -> Part:
    """Write marts.user_scores of the week as a stream: what the crowd's people have, and the reasons.

    The reasons `known` are not computed again.
    """
    import pyarrow as pa

    table = with_history(USER_SCORES)
    reader = pa.RecordBatchReader.from_batches(table.arrow(), _batches(told, known))
    receipt = keeper.space.ctx.scored.replace(table, reader, partition={"as_of": [keeper.as_of.isoformat()]})
    return done(USER_SCORES, receipt)


def _batches(told: Explainer, known: Reasons, /) -> "Iterator[pa.RecordBatch]":
    for part, features in told.crowd.slices():
        texts = told.given(features, known)
        yield from _rows(part, texts, told.crowd.as_of).combine_chunks().to_batches()


def _rows(part: pd.DataFrame, texts: "Mapping[str, pa.StringArray]", as_of: date) -> "pa.Table":
    """The rows of `part` in the table's shape; the texts are those of its eligible rows, in order."""
    import pyarrow as pa

    eligible = part["eligible"].to_numpy()
    places = pa.array(np.cumsum(eligible) - 1, mask=~eligible)
    columns = {"as_of": pa.array([as_of] * len(part), pa.date32())}
    columns |= {name: text.take(places) for name, text in texts.items()}
    schema = with_history(USER_SCORES).arrow()
    for each in schema:
        if each.name not in columns:
            own = pa.array(part[each.name], from_pandas=True) if each.name in part else pa.nulls(len(part))
            columns[each.name] = own.cast(each.type)
    return pa.table({each.name: columns[each.name] for each in schema}, schema=schema)
