"""The weekly numbers of FIELD.md section 1: what each is, of what it is made, and what it needs to be known."""

from collections.abc import Collection
from dataclasses import dataclass

from lyceum.events import ACT, INTERACTING, INVITED, LEARNING, LEARNING_TIME, WRITING

PEOPLE, EVENTS, MONEY, SHARE = "people", "events", "currency", "ratio"
BUYING = ("purchase",)


@dataclass(frozen=True)
class Kpi:
    """One number, made of the columns of features.kpi_history.

    `of` is the column it counts, or the two that a rate divides; `per` is what a rate is told per. `needs` are groups
    of signals: without any of a group the number is unknown. `enough` is what there must be 30 of beside the
    denominator, where that is an amount.
    """

    area: str
    name: str
    unit: str
    of: str | tuple[str, str]
    needs: tuple[tuple[str, ...], ...] = (ACT,)
    per: int = 1
    enough: str = ""

    @property
    def rate(self) -> bool:
        """Whether it divides."""
        return isinstance(self.of, tuple)


KPIS = (
    Kpi("engagement", "wau", PEOPLE, "wau"),
    Kpi("engagement", "wau_learning", PEOPLE, "wau_learning", (LEARNING,)),
    Kpi("engagement", "wau_interacting", PEOPLE, "wau_interacting", (INTERACTING,)),
    Kpi("engagement", "new_users", PEOPLE, "new_users"),
    Kpi("engagement", "dau_mean", PEOPLE, "dau_mean"),
    Kpi("engagement", "stickiness", SHARE, ("active_user_days", "seven_wau")),
    Kpi("engagement", "learning_minutes", "minutes", "learning_minutes", ((LEARNING_TIME,),)),
    Kpi(
        *("engagement", "minutes_per_learner", "minutes per person"),
        ("learning_minutes", "wau_learning"),
        ((LEARNING_TIME,),),
    ),
    Kpi("engagement", "completions", EVENTS, "completions", (("complete",),)),
    Kpi("engagement", "check_ins", EVENTS, "check_ins", (("check_in",),)),
    Kpi("engagement", "texts", EVENTS, "texts", (WRITING,)),
    Kpi("engagement", "speakers", PEOPLE, "speakers", (WRITING,)),
    Kpi("engagement", "texts_per_speaker", "events per person", ("texts", "speakers"), (WRITING,)),
    Kpi("engagement", "questions", EVENTS, "questions", (("post",),)),
    Kpi("satisfaction", "ratings", "ratings", "ratings", (("rate",),)),
    Kpi("satisfaction", "rating_mean", "stars", ("stars", "ratings"), (("rate",),)),
    Kpi("satisfaction", "rating_good_share", SHARE, ("good", "ratings"), (("rate",),)),
    Kpi("satisfaction", "complaints", EVENTS, "complaints", (("complain",),)),
    Kpi(
        "satisfaction", "complaint_rate", "events per 1,000 people", ("complaints", "wau"), (("complain",),), per=1000
    ),
    Kpi("satisfaction", "refund_rate", SHARE, ("refunds", "gmv"), (BUYING, ("refund",)), enough="orders"),
    Kpi("retention", "week1_retention", SHARE, ("kept_new", "new_before")),
    Kpi("retention", "active_retention", SHARE, ("kept", "wau_before")),
    Kpi("retention", "returning_share", SHARE, ("returning", "wau")),
    Kpi("word_of_mouth", "sharers", PEOPLE, "sharers", (("share",),)),
    Kpi("word_of_mouth", "share_rate", SHARE, ("sharers", "wau"), (("share",),)),
    Kpi("word_of_mouth", "inviters", PEOPLE, "inviters", (("invite",),)),
    Kpi("word_of_mouth", "invited_users", PEOPLE, "invited_users", (ACT, (INVITED,))),
    Kpi("word_of_mouth", "invited_share", SHARE, ("invited_users", "new_users"), (ACT, (INVITED,))),
    Kpi("word_of_mouth", "referral_share", SHARE, ("referred_payers", "new_payers"), (BUYING, (INVITED,))),
    Kpi("money", "payers", PEOPLE, "payers", (BUYING,)),
    Kpi("money", "new_payers", PEOPLE, "new_payers", (BUYING,)),
    Kpi("money", "paying_rate", SHARE, ("payers", "wau"), (BUYING,)),
    Kpi("money", "orders", EVENTS, "orders", (BUYING,)),
    Kpi("money", "gmv", MONEY, "gmv", (BUYING,)),
    Kpi("money", "refunds", MONEY, "refunds", (("refund",),)),
    Kpi("money", "net", MONEY, "net", (BUYING,)),
    Kpi("money", "order_value", MONEY, ("gmv", "orders"), (BUYING,)),
    Kpi("money", "arppu", MONEY, ("net", "payers"), (BUYING,)),
    Kpi("money", "arpu", MONEY, ("net", "wau"), (BUYING,)),
)


def known(signals: Collection[str], /) -> list[Kpi]:
    """The numbers that the logs can fill."""
    return [kpi for kpi in KPIS if all(set(group) & set(signals) for group in kpi.needs)]
