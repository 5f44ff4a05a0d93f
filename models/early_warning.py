"""Whom to contact first, how, and whom to leave alone so that the effect of contacting can be measured.

Risk is not benefit (Ascarza 2018): only the comparison with the people left alone tells whether contacting helped.
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from hashlib import sha256

import numpy as np
import pandas as pd

from lyceum.contact_rules import (
    COMPLAINT,
    MARKETING,
    NONE,
    NOTHING_FITS,
    PERSONALISATION,
    REFUSED,
    RISK,
    VALUE,
    Condition,
    ContactRule,
)
from lyceum.settings import Settings

EXPIRES_DAYS = 7
JOINED = {"zh": "；", "en": "; "}  # how the sentences of a person's reasons follow each other


def warn(
    people: pd.DataFrame, consents: pd.DataFrame, /, *, settings: Settings, salt: str, as_of: date
) -> pd.DataFrame:
    """The early warnings (marts.early_warnings) without their reasons, the first row first.

    `people` has a row per person: user_id, churn_28d (probability, null = not scored), spend_84d (currency; null
    everywhere = nothing is sold), recency_days, the columns that the rules of `settings` name, and what is known at
    the beginning of `as_of`: contact_days and complaint_days (days since the last contact, and since the last
    complaint or refund; null = none), held_out_days (days since a list on which only the holdout kept the person from
    being contacted; null = none), contacts_7d, last_contacted_on, weeks_before (weeks in a row on the lists up to the
    last one; null = not on that). `consents` has each person's newest word per purpose: user_id, purpose, granted (1
    or 0).

    On the list are those with a risk of at least `warning_risk` whom nobody has contacted for `contact_pause_days`
    and whose contacts of the week are not used up. People held out pause just like people contacted: else they would
    stay while the others go, and the two would soon not be alike. Order: risk times value at stake (at least 1), then
    user_id. The list ends with the `warning_capacity`-th person who may be contacted. People held out, and people
    whom nobody may contact, stand between them and use up no capacity: the team should see that somebody valuable is
    at risk, and read why this is not the moment.
    """
    frame = _on_the_list(people, settings)
    chosen = suggestions(frame, consents, rules=settings.actions, complaint_days=settings.complaint_pause_days)
    held = is_held_out(frame["user_id"], salt=salt, share=settings.holdout_share)
    order = np.argsort(-(frame[RISK] * frame[VALUE].fillna(0.0).clip(lower=1.0)).to_numpy(), kind="stable")
    frame = pd.concat([frame, chosen, held], axis="columns").iloc[order].reset_index(drop=True)
    within = _within((frame["suggested_action"] != NONE) & ~frame["holdout"], capacity=settings.warning_capacity)
    return _as_listed(frame[within], settings=settings, as_of=as_of)


def _on_the_list(people: pd.DataFrame, settings: Settings, /) -> pd.DataFrame:
    """Those at risk whom a contact may be made to now, or might but for the holdout, with risk and value at stake."""
    pauses = (people["contact_days"] <= settings.contact_pause_days) | (
        people["held_out_days"] <= settings.contact_pause_days
    )
    risk = people["churn_28d"].astype("float64")
    fits = (risk >= settings.warning_risk) & ~pauses & (people["contacts_7d"] < settings.contacts_per_week)
    sells = bool(people["spend_84d"].notna().any())
    value = (
        people["spend_84d"].astype("float64").fillna(0.0).clip(lower=0.0)
    )  # paid back more than paid: none at stake
    frame = people.assign(**{RISK: risk, VALUE: value if sells else np.nan})
    return frame[fits].sort_values("user_id", kind="stable").reset_index(drop=True)


def suggestions(
    people: pd.DataFrame, consents: pd.DataFrame, /, *, rules: Sequence[ContactRule], complaint_days: int
) -> pd.DataFrame:
    """rule, suggested_action and channel per row of `people` (see `warn`; with risk and value_at_stake).

    The first of `rules` that fits a person and whose channel the person allows. Before all of them, somebody who has
    complained or been refunded in the last `complaint_days` is left in peace (when a complaint was settled no log
    tells, so the pause counts from its beginning), and so is somebody who refuses personalisation: the list itself is
    a decision by machine about a person (PIPL art. 24).
    """
    said = _said(people["user_id"], consents)
    tried = [
        (COMPLAINT, NONE, None, people["complaint_days"] <= complaint_days),
        (REFUSED, NONE, None, said[PERSONALISATION, 0]),
        *(
            (rule.name, rule.action, rule.channel, _fulfils(people, rule.when) & _allows(said, rule))
            for rule in rules
        ),
        (NOTHING_FITS, NONE, None, pd.Series(True, index=people.index)),
    ]
    first = np.select([fits.to_numpy(dtype=bool) for *_, fits in tried], list(range(len(tried))))
    columns = {"rule": 0, "suggested_action": 1, "channel": 2}
    texts = {name: np.array([line[at] for line in tried], dtype=object)[first] for name, at in columns.items()}
    return pd.DataFrame(texts, index=people.index, dtype="str")


def _fulfils(people: pd.DataFrame, conditions: Sequence[Condition], /) -> "pd.Series[bool]":
    found = pd.Series(True, index=people.index)
    for each in conditions:
        value = people[each.column].astype("float64")
        if each.is_null is not None:
            found &= value.isna() == each.is_null
        if each.at_least is not None:
            found &= value >= each.at_least
        if each.at_most is not None:
            found &= value <= each.at_most
    return found


def _said(users: "pd.Series[str]", consents: pd.DataFrame, /) -> "Mapping[tuple[str, int], pd.Series[bool]]":
    """For each purpose and answer (1 or 0) whether each person gave it."""
    nobody = pd.Series(False, index=users.index)
    found: defaultdict[tuple[str, int], pd.Series[bool]] = defaultdict(lambda: nobody)
    where = pd.Series(pd.Index(users).get_indexer(pd.Index(consents["user_id"])), index=consents.index)
    for purpose in consents["purpose"].unique():
        for answer in (0, 1):
            places = where[(consents["purpose"] == purpose) & (consents["granted"] == answer)]
            found[str(purpose), answer] = pd.Series(np.isin(np.arange(len(users)), places), index=users.index)
    return found


def _allows(said: "Mapping[tuple[str, int], pd.Series[bool]]", rule: ContactRule, /) -> "pd.Series[bool]":
    """Whether each person has not said no to it, and has said yes where the rule needs it."""
    allowed = ~said[str(rule.channel), 0]
    if rule.marketing:
        allowed &= ~said[MARKETING, 0]
    return allowed & said[rule.purpose, 1] if rule.purpose else allowed


def is_held_out(users: "pd.Series[str]", /, *, salt: str, share: float) -> "pd.Series[bool]":
    """holdout: who is left alone: the first 64 bits of SHA-256(salt + user_id), as a fraction, are below `share`.

    It depends on the person alone, so it does not change with the list, the rank or the week.
    """
    draws = [int.from_bytes(sha256((salt + user).encode()).digest()[:8], "big") / 2**64 for user in users.tolist()]
    return pd.Series([draw < share for draw in draws], index=users.index, dtype=bool, name="holdout")


def _within(contacts: "pd.Series[bool]", /, *, capacity: int) -> "pd.Series[bool]":
    """The rows up to the one that uses up the capacity."""
    so_far = contacts.cumsum()
    return (so_far < capacity) | ((so_far == capacity) & contacts)


def _as_listed(frame: pd.DataFrame, /, *, settings: Settings, as_of: date) -> pd.DataFrame:
    """The rows with the table's columns; nobody held out is shown a way to be contacted."""
    contact = (frame["suggested_action"] != NONE) & ~frame["holdout"]
    opens, closes = settings.contact_hours
    silent = pd.to_timedelta(frame["recency_days"].astype("float64"), unit="D")
    listed = frame[["user_id", RISK, VALUE, "rule", "last_contacted_on", "holdout"]].assign(
        rank=np.arange(1, len(frame) + 1),
        expected_loss=frame[RISK] * frame[VALUE],
        suggested_action=frame["suggested_action"].where(contact, NONE),
        channel=frame["channel"].where(contact),
        contact_from=pd.Series(opens, index=frame.index, dtype="str").where(contact),
        contact_until=pd.Series(closes, index=frame.index, dtype="str").where(contact),
        last_active_on=(pd.Timestamp(as_of) - silent).dt.date,
        contacts_left=settings.contacts_per_week - frame["contacts_7d"].astype("int64"),
        weeks_listed=frame["weeks_before"].fillna(0).astype("int64") + 1,
        expires_on=as_of + timedelta(days=EXPIRES_DAYS),
    )
    return listed.reset_index(drop=True)


def with_reasons(listed: pd.DataFrame, reasons: "pd.Series[str]", /) -> pd.DataFrame:
    """`listed` with reasons, reasons_zh and reasons_en; `reasons` are churn_reasons as JSON lists by user_id.

    Every reason has a sentence in both languages (zh, en).
    """
    own = listed["user_id"].map(reasons)
    told = [json.loads(text) for text in own.fillna("[]")]
    sentences = {
        f"reasons_{language}": [between.join(reason[language] for reason in each) for each in told]
        for language, between in JOINED.items()
    }
    return listed.assign(reasons=own, **sentences)


def expected_profit(listed: pd.DataFrame, /, *, settings: Settings) -> "pd.Series[float]":
    """What contacting each person of the list is expected to bring, in currency; 0 for who is not to be contacted.

    expected_loss times the share of it that the action is assumed to save, less the cost of the channel, both from
    the tables of `settings`; null where the value at stake is unknown.
    """
    saved = listed["suggested_action"].map({**settings.saved_shares, NONE: 0.0}).astype("float64")
    cost = listed["channel"].map(settings.contact_costs).astype("float64").fillna(0.0)
    return (listed["expected_loss"] * saved - cost).where(listed["suggested_action"] != NONE, 0.0)


def figures(listed: pd.DataFrame, /, *, settings: Settings, repeats: bool) -> pd.DataFrame:
    """metric, slice, value, rows, note: the profit expected of the list, in all and by action, and whom it repeats.

    `repeats` says whether there was a list the week before; without it the share of people repeated has no meaning.
    """
    note = "From assumed shares saved and costs per contact; only the people held out can tell what contacts change."
    acted = listed[["suggested_action"]].assign(value=expected_profit(listed, settings=settings))
    acted = acted[acted["suggested_action"] != NONE]
    parts = {"all": acted, **dict(iter(acted.groupby("suggested_action")))}
    rows = [
        ("expected_profit", str(name), float(part["value"].sum(skipna=False)), len(part), note)
        for name, part in parts.items()
    ]
    if repeats:
        share = float((listed["weeks_listed"] > 1).mean())
        rows.append(("repeat_rate", "all", share, len(listed), "Share of the list that stood on the last one, too."))
    found = pd.DataFrame(rows, columns=["metric", "slice", "value", "rows", "note"])
    return found[found["value"].notna()]
