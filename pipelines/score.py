"""Scoring: everything that is published about a week, from the newest snapshot and the champions."""

from collections.abc import Iterator
from datetime import date, timedelta

import numpy as np
import pandas as pd

from lyceum import weeks
from lyceum.tables import marts, prediction, readout
from lyceum.tables.features import ITEM_SNAPSHOT, USER_SNAPSHOT
from models import lifecycle
from models.classification import Logistic
from models.early_warning import rank
from models.reasons import reasons
from models.segmentation import KMeansSegments, profile
from pipelines import champions, recommending, score_community, score_growth
from pipelines.context import Context
from pipelines.keeping import Keeper
from pipelines.steps import Part, skipped
from pipelines.targets import TARGETS
from pipelines.train import segmented
from pipelines.workspace import workspace

ELIGIBLE_DAYS = 28
TRAITS_SHOWN = 5


def score(ctx: Context, as_of: date, /) -> Iterator[Part]:
    """Write every scored table of the week before `as_of`; what cannot be is left empty with a reason."""
    with workspace(ctx) as space:
        keeper = Keeper(space, as_of)
        snapshot = space.stored(ctx.features, USER_SNAPSHOT, where=f"as_of = DATE '{as_of}'", order=("user_id",))
        people = snapshot[["user_id"]].assign(eligible=(snapshot["recency_days"] <= ELIGIBLE_DAYS).to_numpy())
        user_weeks = score_growth.active_weeks(space, as_of)
        yield from score_growth.growth_tables(keeper, user_weeks)
        yield score_growth.kpi_table(keeper)
        yield score_growth.item_table(keeper)
        yield score_growth.channel_table(keeper, snapshot)
        found: dict[str, pd.DataFrame] = {}
        yield from score_community.community_tables(keeper, found)
        yield from score_community.points_tables(keeper, found)
        found["states"] = lifecycle.states(user_weeks, week=as_of - weeks.WEEK)
        people = _with_probabilities(ctx, people, snapshot, as_of)
        found["people"] = people
        yield from _segment_tables(keeper, snapshot, found)
        for frame, nothing in _joined(found):
            people = people.merge(frame[["user_id", *nothing]], on="user_id", how="left").fillna(nothing)
        yield keeper.keep(marts.USER_SCORES, people)
        yield skipped("marts.user_scores.spend_90d", "not_yet_built")
        yield _warnings(keeper, people, snapshot)
        yield _coefficients(keeper)
        yield from recommending.recommendation_tables(keeper, people.loc[people["eligible"], "user_id"])
        yield _interests(keeper)
        for table in readout.TABLES:
            yield keeper.skip(table, "not_yet_built")


def _joined(found: dict[str, pd.DataFrame]) -> Iterator[tuple[pd.DataFrame, dict[str, object]]]:
    """Each frame with the columns wanted of it, and what people have who do not stand in it."""
    wanted: dict[str, dict[str, object]] = {
        "segments": {"segment_id": np.nan, "segment_name": np.nan},
        "states": {"lifecycle_state": np.nan},
        "points": {"points": 0, "level": 1},
        "members": {"community_value": 0.0},
    }
    for name, nothing in wanted.items():
        if name in found:
            yield found[name], nothing


def _with_probabilities(ctx: Context, people: pd.DataFrame, snapshot: pd.DataFrame, as_of: date) -> pd.DataFrame:
    """`people` with a column per target, filled for the eligible, and churn with its reasons."""
    eligible = snapshot[people["eligible"].to_numpy()]
    scored = people.assign(score_status=np.where(people["eligible"], "scored", "not_eligible"))
    for target in TARGETS:
        held = champions.champion(ctx.home, target.name, as_of=as_of)
        if held is None:
            continue
        model = held.model()
        found = model.score(eligible).rename(columns={"probability": target.name})
        if target.name == "retention_28d":
            found = found.assign(churn_reasons=reasons(model, eligible).to_numpy())
        scored = scored.merge(found, on="user_id", how="left")
    if "retention_28d" not in scored:
        return scored.assign(score_status=np.where(people["eligible"], "too_few_outcomes", "not_eligible"))
    return scored.assign(churn_28d=1 - scored["retention_28d"])


def _segment_tables(keeper: Keeper, snapshot: pd.DataFrame, found: dict[str, pd.DataFrame]) -> Iterator[Part]:
    """segments and segment_migration; leaves the assignment in `found`."""
    held = champions.champion(keeper.space.ctx.home, "segments", as_of=keeper.as_of)
    people = segmented(snapshot)
    if held is None or people.empty:
        yield keeper.skip(marts.SEGMENTS, "too_few_users")
        yield keeper.skip(marts.SEGMENT_MIGRATION, "too_few_users")
        return
    model = KMeansSegments.restore(held.state)
    assigned = model.score(people)
    called = pd.DataFrame(held.card["names"])
    found["segments"] = assigned.merge(called, on="segment_id").rename(columns={"name_zh": "segment_name"})
    yield keeper.keep(marts.SEGMENTS, _segments(people, assigned, called, found["people"]))
    yield _migration(keeper, model, assigned)


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
    earlier = space.stored(space.ctx.features, USER_SNAPSHOT, where=f"as_of = DATE '{before}'", order=("user_id",))
    then = model.score(segmented(earlier))
    both = then.merge(assigned, on="user_id", how="outer", suffixes=("_from", "_to")).fillna(-1)
    moved = both.groupby(["segment_id_from", "segment_id_to"]).size().rename("users").reset_index()
    moved.columns = pd.Index(["from_segment_id", "to_segment_id", "users"])
    share = moved["users"] / moved.groupby("from_segment_id")["users"].transform("sum")
    return keeper.keep(marts.SEGMENT_MIGRATION, moved.assign(share=share))


def _warnings(keeper: Keeper, people: pd.DataFrame, snapshot: pd.DataFrame) -> Part:
    if "churn_28d" not in people:
        return keeper.skip(prediction.EARLY_WARNINGS, "too_few_outcomes")
    settings = keeper.space.ctx.settings
    frame = people.merge(snapshot[["user_id", "spend_84d", "recency_days"]], on="user_id")
    listed = rank(
        frame,
        capacity=settings.warning_capacity,
        holdout_share=settings.holdout_share,
        salt=keeper.space.ctx.platform.name,
        threshold=settings.warning_risk,
    )
    return keeper.keep(prediction.EARLY_WARNINGS, listed, if_empty="nobody_at_risk")


def _coefficients(keeper: Keeper) -> Part:
    found = [champions.champion(keeper.space.ctx.home, target.name, as_of=keeper.as_of) for target in TARGETS]
    models = {held.name: held.model() for held in found if held}
    frames = [
        model.coefficients().assign(model=name) for name, model in models.items() if isinstance(model, Logistic)
    ]
    if not frames:
        return keeper.skip(prediction.MODEL_COEFFICIENTS, "rule_ships" if models else "no_matured_week")
    return keeper.keep(prediction.MODEL_COEFFICIENTS, pd.concat(frames, ignore_index=True))


def _interests(keeper: Keeper) -> Part:
    """interests: what share of a person's items lies in each category."""
    space = keeper.space
    shelf = space.stored(
        space.ctx.features, ITEM_SNAPSHOT, where=f"as_of = DATE '{keeper.as_of}'", order=("item_id",)
    )
    categories = shelf.loc[shelf["category"].notna(), ["item_id", "category"]]
    if categories.empty:
        return keeper.skip(marts.INTERESTS, "no_items", detail="No item has a category.")
    joined = recommending.had(space, keeper.as_of).merge(categories, on="item_id")
    weight = joined.groupby(["user_id", "category"])["weight"].sum()
    share = (weight / weight.groupby(level=0).transform("sum")).rename("weight").reset_index()
    return keeper.keep(marts.INTERESTS, share[share["weight"] > 0].rename(columns={"category": "topic"}))
