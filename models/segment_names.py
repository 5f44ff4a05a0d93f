"""Names of segments, in Chinese and English, as a function of what sets each apart.

A name describes behaviour in neutral words; it is a contact plan, not a judgement of a person.
"""

import pandas as pd

PLAIN = ("各项接近平均", "Near average")
SMALLEST_EFFECT = 0.2  # Cohen's "small": below it a difference is not worth a word

# theme: stems of columns, words where the segment has more of it, words where it has less
PHRASES: dict[str, tuple[tuple[str, ...], tuple[str, str], tuple[str, str]]] = {
    "spend": (("spend", "purchases"), ("消费较多", "high spend"), ("消费较少", "low spend")),
    "refunds": (("refunds",), ("退款较多", "more refunds"), ("退款较少", "few refunds")),
    "recency": (("recency",), ("近期沉默", "quiet lately"), ("近期活跃", "recently active")),
    "activity": (("acts", "active", "acts_trend"), ("高频", "frequent"), ("低频", "infrequent")),
    "learning": (
        ("learning", "completions", "submissions", "check_ins"),
        ("爱学习", "learning"),
        ("少学习", "little learning"),
    ),
    "intent": (("intent_events", "carts"), ("常浏览", "browsing"), ("少浏览", "little browsing")),
    "community": (
        ("texts_written", "interactions", "reactions_received"),
        ("爱互动", "talkative"),
        ("少互动", "reading quietly"),
    ),
    "tenure": (("tenure",), ("老用户", "long-standing"), ("新用户", "newcomers")),
    "enrolments": (("enrolments",), ("报课多", "many enrolments"), ("报课少", "few enrolments")),
}


def names(profile: pd.DataFrame, /) -> pd.DataFrame:
    """segment_id, name_zh, name_en from `models.segmentation.profile`; no two segments get the same name.

    The two themes with the strongest effects make the name; further ones are added while it is taken, then a number.
    """
    taken: set[str] = set()
    rows = []
    for number, part in profile.groupby("segment_id", sort=True):
        zh, en = _free(_words(part), taken)
        taken.add(zh)
        rows.append((number, zh, en))
    return pd.DataFrame(rows, columns=["segment_id", "name_zh", "name_en"])


def _words(part: pd.DataFrame, /) -> list[tuple[str, str]]:
    """The words for each theme that differs, strongest first."""
    strongest: dict[str, float] = {}
    for feature, effect in zip(part["feature"], part["effect"], strict=True):
        theme = _theme(str(feature))
        if theme and abs(effect) > abs(strongest.get(theme, 0.0)):
            strongest[theme] = float(effect)
    order = sorted(strongest, key=lambda theme: (-abs(strongest[theme]), theme))
    return [
        PHRASES[theme][1] if strongest[theme] > 0 else PHRASES[theme][2]
        for theme in order
        if abs(strongest[theme]) >= SMALLEST_EFFECT
    ]


def _theme(feature: str, /) -> str | None:
    """The theme whose stem the column's name begins with; money recency belongs to spending and has no word."""
    if feature.startswith("purchase_recency"):
        return None
    stems = ((stem, theme) for theme, (known, _, _) in PHRASES.items() for stem in known)
    fitting = [(len(stem), theme) for stem, theme in stems if feature.startswith(stem)]
    return max(fitting)[1] if fitting else None


def _free(words: list[tuple[str, str]], taken: set[str], /) -> tuple[str, str]:
    for length in range(2, max(len(words), 2) + 1):
        zh, en = _joined(words[:length] or [PLAIN])
        if zh not in taken:
            return zh, en
    number = 2
    while f"{zh} {number}" in taken:
        number += 1
    return f"{zh} {number}", f"{en} {number}"


def _joined(words: list[tuple[str, str]], /) -> tuple[str, str]:
    en = ", ".join(word for _, word in words)
    return "、".join(word for word, _ in words), en[0].upper() + en[1:]
