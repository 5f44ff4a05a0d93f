"""Training of the segments: once, and kept, because people's moves between segments need borders that stand still."""

from datetime import date

import pandas as pd

from lyceum.tables.features import USER_SNAPSHOT
from models.segment_names import names
from models.segmentation import KMeansSegments, profile
from pipelines import champions
from pipelines.steps import WHY, Part, skipped
from pipelines.targets import SEGMENTED_BY
from pipelines.workspace import Workspace

SEGMENTED_DAYS = 84


def segmented(snapshot: pd.DataFrame, /) -> pd.DataFrame:
    """The people whom segments are about, active in the last 84 days, with what these differ by."""
    return snapshot.loc[snapshot["recency_days"] <= SEGMENTED_DAYS, ["user_id", *SEGMENTED_BY]]


def train_segments(space: Workspace, as_of: date, /) -> Part:
    """Fit and name the segments of the week's people, unless there are segments by then."""
    ctx = space.ctx
    if champions.entry(ctx.home, "segments", as_of=as_of) is not None:
        return Part("segments", code="champion_kept", why=WHY["champion_kept"])
    where = f"as_of = DATE '{as_of}'"
    people = segmented(space.stored(ctx.features, USER_SNAPSHOT, where=where, order=("user_id",)))
    if people.empty:
        return skipped("segments", "too_few_users")
    model = KMeansSegments(features=SEGMENTED_BY, k=ctx.settings.segments).fit(people, seed=ctx.settings.seed)
    called = names(profile(people, model.score(people)))
    silhouette = model.silhouette(people, seed=ctx.settings.seed)
    figure = {
        **{"estimator": model.name, "role": "champion", "metric": "silhouette", "slice": "all"},
        **{"value": None if pd.isna(silhouette) else silhouette, "rows": len(people)},
        **{"measured_on": str(as_of), "note": model.why},
    }
    card = {"names": called.astype("object").to_dict("records"), "metrics": [figure]}
    digest = champions.keep_at_once(ctx.home, "segments", model, as_of=as_of, card=card, why=model.why)
    return Part("segments", rows=len(people), digest=digest[:16], why=model.why)
