"""How long people stay, as a published table."""

from datetime import timedelta

from features.lifetimes import SILENCE_DAYS, lifetimes
from lyceum.tables import prediction
from models import survival
from pipelines.keeping import Keeper
from pipelines.steps import Part


def survival_table(keeper: Keeper, /) -> Part:
    """marts.survival: curves of everybody and of the newest weekly cohorts; skipped for too few people."""
    space, as_of = keeper.space, keeper.as_of
    stays = lifetimes(space.days, as_of=as_of).drop("user_id")
    frame = space.frame(stays, order=tuple(stays.columns))
    found = survival.curves(frame, until=as_of - timedelta(days=SILENCE_DAYS))
    return keeper.keep(prediction.SURVIVAL, found, if_empty="too_few_users")
