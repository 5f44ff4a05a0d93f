"""Names of the ways of taking part in the community, in Chinese and English: a function of what sets each apart."""

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from models.segmentation.behaviour import PARTS, RULES_FROM, SELDOM, SHARES

WORDS: Mapping[str, tuple[str, str]] = {
    "asked": ("提问", "Askers"),
    "answered": ("答疑", "Answerers"),
    "commented": ("评论", "Commenters"),
    "reacted": ("点赞", "Likers"),
    "read": ("阅读", "Readers"),
}
EVEN = ("均衡型", "A bit of everything")
OFTEN, NOT_OFTEN = ("常来", "often here"), ("来得不多", "here at times")
SMALLEST_EFFECT = 0.2  # Cohen's "small": below it a difference is not worth a word
DAYS = "days"
FIXED: Mapping[int, tuple[str, str]] = {
    SELDOM: ("偶尔参与", "Now and then"),
    **{RULES_FROM + 1 + place: (f"{WORDS[part][0]}型", WORDS[part][1]) for place, part in enumerate(PARTS)},
}
Named = dict[str, Any]


def names(effects: pd.DataFrame, /, *, since: str, before: Iterable[Named] = ()) -> list[Named]:
    """behaviour_id, name_zh, name_en, known_since of each behaviour of `effects`, and of who acts too seldom.

    `effects` has segment_id, feature and effect (Cohen's d) as models.segmentation.profiles tells them of SHARES and
    DAYS. What is named in `before` keeps its name; everything else gets one that is free, known `since` that day.
    """
    held = {int(each["behaviour_id"]): dict(each) for each in before}
    held.setdefault(SELDOM, _named(SELDOM, FIXED[SELDOM], since))
    for number in sorted(map(int, effects["segment_id"].unique())):
        if number not in held:
            part, taken = effects[effects["segment_id"] == number], {each["name_zh"] for each in held.values()}
            held[number] = _named(number, FIXED.get(number) or _free(part, taken), since)
    return [held[number] for number in sorted(held)]


def _named(number: int, words: tuple[str, str], since: str) -> Named:
    return {"behaviour_id": number, "name_zh": words[0], "name_en": words[1], "known_since": since}


def _free(part: pd.DataFrame, taken: set[str], /) -> tuple[str, str]:
    """The first name that nobody has: of the strongest share, of the two strongest, by days, with a number."""
    effects = dict(zip(part["feature"], part["effect"], strict=True))
    more = sorted(
        (share for share in SHARES if effects.get(share, 0.0) >= SMALLEST_EFFECT), key=lambda s: -effects[s]
    )
    tries = [_joined([share.removesuffix("_share") for share in more[:count]]) for count in (1, 2)]
    zh, en = tries[0]
    often = OFTEN if effects.get(DAYS, 0.0) > 0 else NOT_OFTEN
    tries += [(f"{zh}（{often[0]}）", f"{en}, {often[1]}")]
    tries += [(f"{zh} {number}", f"{en} {number}") for number in range(2, 2 + len(taken))]
    return next(each for each in tries if each[0] not in taken)


def _joined(parts: list[str], /) -> tuple[str, str]:
    if not parts:
        return EVEN
    first, *rest = (WORDS[part][1] for part in parts)
    return "、".join(WORDS[part][0] for part in parts) + "型", " and ".join([first, *(word.lower() for word in rest)])
