"""Whether this week's people still look like those that the champions learnt from."""

import pandas as pd

from lyceum.schema import with_history
from lyceum.tables import quality
from models.drift import drift
from pipelines import champions
from pipelines.keeping import Keeper
from pipelines.steps import Part
from pipelines.targets import TARGETS

SCORE = "probability"  # the champion's own output, compared like a column


def drift_table(keeper: Keeper, typical: pd.DataFrame, people: pd.DataFrame, /) -> Part:
    """quality.model_drift of the week, from the profile of training that each champion carries.

    `typical` has user_id and the features of eligible people (on a large platform of some of them), `people` user_id
    and a column per prediction.
    """
    home, found = keeper.space.ctx.home, []
    for target in TARGETS:
        held = champions.champion(home, target.name, as_of=keeper.as_of)
        if held is not None and held.profile and target.name in people:
            scores = people[["user_id", target.name]].rename(columns={target.name: SCORE})
            joined = typical.merge(scores, on="user_id")
            found.append(drift(held.profile, joined, as_of=keeper.as_of).assign(model=target.name))
    columns = with_history(quality.MODEL_DRIFT).names[1:]
    frame = pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=columns)
    return keeper.keep(quality.MODEL_DRIFT, frame, if_empty="no_matured_week")
