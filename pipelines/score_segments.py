"""Scored tables about segments: each in one row, and who moved between them."""

from collections.abc import Iterator
from datetime import date, timedelta

import pandas as pd

from lyceum.tables import marts
from models.segmentation import KMeansSegments, profile
from pipelines import champions
from pipelines.keeping import Keeper
from pipelines.scoring import snapshot_of, stored
from pipelines.steps import Part
from pipelines.targets import SEGMENTED_BY
from pipelines.train_segments import segmented

TRAITS_SHOWN = 5


def segment_tables(keeper: Keeper, scored: pd.DataFrame, found: dict[str, pd.DataFrame], /) -> Iterator[Part]:
    """segments and segment_migration; leaves the assignment in `found`. `scored` has people's probabilities."""
    held = champions.champion(keeper.space.ctx.home, "segments", as_of=keeper.as_of)
    people = _people(keeper, keeper.as_of)
    if held is None or people.empty:
        yield keeper.skip(marts.SEGMENTS, "too_few_users")
        yield keeper.skip(marts.SEGMENT_MIGRATION, "too_few_users")
        return
    model = KMeansSegments.restore(held.state)
    assigned = model.score(people)
    called = pd.DataFrame(held.card["names"])
    found["segments"] = assigned.merge(called, on="segment_id").rename(columns={"name_zh": "segment_name"})
    yield keeper.keep(marts.SEGMENTS, _segments(people, assigned, called, scored))
    yield _migration(keeper, model, assigned)


def _people(keeper: Keeper, as_of: date) -> pd.DataFrame:
    """The people of a week whom segments are about, with what these differ by."""
    return segmented(stored(keeper.space, snapshot_of(keeper.space, as_of), SEGMENTED_BY))


def _segments(
    people: pd.DataFrame, assigned: pd.DataFrame, called: pd.DataFrame, scored: pd.DataFrame
) -> pd.DataFrame:
    joined = people.merge(assigned, on="user_id")
    rows = joined.groupby("segment_id").agg(
        users=("user_id", "size"),
        recency_days_mean=("recency_days", "mean"),
        active_days_28d_mean=("active_days_28d", "mean"),
        spend_84d_sum=("spend_84d", lambda values: values.sum(min_count=1)),
    )
    rows["share"] = rows["users"] / len(joined)
    if "retention_28d" in scored:
        rows["retention_28d_mean"] = (
            assigned.merge(scored, on="user_id").groupby("segment_id")["retention_28d"].mean()
        )
    effects = profile(people, assigned)
    effects = effects.reindex(effects["effect"].abs().sort_values(ascending=False, kind="stable").index)
    first = effects.groupby("segment_id").head(TRAITS_SHOWN)
    rows["traits"] = pd.Series({number: _traits(part) for number, part in first.groupby("segment_id")})
    return rows.reset_index().merge(called, on="segment_id")


def _traits(part: pd.DataFrame) -> str:
    return "{" + ", ".join(f'"{row.feature}": {row.effect:.2f}' for row in part.itertuples()) + "}"


def _migration(keeper: Keeper, model: KMeansSegments, assigned: pd.DataFrame) -> Part:
    """Both weeks under this week's frozen model, so that only people move and not the borders."""
    space, before = keeper.space, keeper.as_of - timedelta(days=7)
    if space.first_day() >= before:
        return keeper.skip(marts.SEGMENT_MIGRATION, "no_predecessor")
    then = model.score(_people(keeper, before))
    both = then.merge(assigned, on="user_id", how="outer", suffixes=("_from", "_to")).fillna(-1)
    moved = both.groupby(["segment_id_from", "segment_id_to"]).size().rename("users").reset_index()
    moved.columns = pd.Index(["from_segment_id", "to_segment_id", "users"])
    share = moved["users"] / moved.groupby("from_segment_id")["users"].transform("sum")
    return keeper.keep(marts.SEGMENT_MIGRATION, moved.assign(share=share))
