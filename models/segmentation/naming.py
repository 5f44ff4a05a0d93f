"""Names of segments, in Chinese and English, as a function of what sets each apart; and names that stay.

A name describes behaviour in neutral words; it is a contact plan, not a judgement of a person. It is made of the two
themes in which the people of a segment differ most from all others, in a fixed order of themes, so that it does not
turn about when two effects change places. Once given it stays with the segment for as long as its people do.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import pandas as pd

SMALLEST_EFFECT = 0.2  # Cohen's "small": below it a difference is not worth a word
SAME = 0.5  # the Jaccard from which a segment found anew is the one known before
PHRASES_SHOWN = 4  # of what sets a segment apart
NAMED_AFTER = 3  # themes at most, where two of them make a name that is taken

NEW_USERS = 0  # the number of those first seen in the last 28 days
NEW_NAMES = ("新用户", "New users")
EVEN = ("均衡型", "Close to average")
RULE_NAMES: Mapping[int, tuple[str, str]] = {  # of models.segmentation.rules
    1: ("本周高频型", "Frequent this week"),
    2: ("本周活跃型", "Active this week"),
    3: ("本月活跃型", "Active this month"),
    4: ("近期沉默型", "Quiet lately"),
}


class Words(NamedTuple):
    """How one side of a theme is said: within a Chinese name, in a Chinese list, in English."""

    short: str
    zh: str
    en: str


class Theme(NamedTuple):
    """Stems of columns, and what to say of people who have more, or less, of it than all others.

    Themes of one `family` say much the same: a name takes one of each family before it takes a second.
    """

    family: str
    stems: tuple[str, ...]
    more: Words
    less: Words


# In the order in which they stand in a name. The longest stem that a column's name begins with decides its theme.
THEMES: Mapping[str, Theme] = {
    "tenure": Theme(
        "tenure",
        ("tenure", "registered"),
        Words("资深", "加入较久", "long-standing"),
        Words("较新", "加入较晚", "joined later"),
    ),
    "recency": Theme(
        "presence",
        ("recency", "gap_"),
        Words("沉默", "近期沉默", "quiet lately"),
        Words("常来", "近期活跃", "recently active"),
    ),
    "activity": Theme(
        "presence",
        ("acts", "active", "sessions", "streak"),
        Words("高频", "活跃天数较多", "frequent"),
        Words("低频", "活跃天数较少", "infrequent"),
    ),
    "trend": Theme(
        "presence",
        ("acts_trend", "active_days_trend"),
        Words("升温", "活跃度上升", "growing active"),
        Words("降温", "活跃度回落", "growing quieter"),
    ),
    "intent": Theme(
        "choosing",
        ("intent", "views", "new_views", "searches", "clicks", "favourites"),
        Words("浏览", "浏览较多", "browsing often"),
        Words("少浏览", "浏览较少", "browsing little"),
    ),
    "carts": Theme(
        "choosing",
        ("carts", "cart_"),
        Words("加购", "加购较多", "adding to cart"),
        Words("少加购", "加购较少", "few carts"),
    ),
    "enrolments": Theme(
        "enrolling",
        ("enrolments", "items_begun"),
        Words("多课", "报课较多", "many enrolments"),
        Words("少课", "报课较少", "few enrolments"),
    ),
    "learning": Theme(
        "study",
        ("learning", "items_learnt", "lessons", "attendances"),
        Words("学习", "学习较多", "learning much"),
        Words("少学习", "学习较少", "learning little"),
    ),
    "completions": Theme(
        "study",
        ("completions", "items_finished"),
        Words("完课", "完课较多", "completing courses"),
        Words("少完课", "完课较少", "few completions"),
    ),
    "exercises": Theme(
        "study",
        ("submissions",),
        Words("练习", "交作业较多", "handing in exercises"),
        Words("少练习", "交作业较少", "few exercises"),
    ),
    "check_ins": Theme(
        "study",
        ("check_ins",),
        Words("打卡", "打卡较多", "checking in often"),
        Words("少打卡", "打卡较少", "few check-ins"),
    ),
    "spend": Theme(
        "money",
        ("spend", "purchases", "order_value"),
        Words("高消费", "消费较多", "higher spend"),
        Words("低消费", "消费较少", "lower spend"),
    ),
    "buying_recency": Theme(
        "money",
        ("purchase_recency",),
        Words("久未购买", "久未购买", "no recent purchase"),
        Words("近期购买", "近期购买", "bought recently"),
    ),
    "refunds": Theme(
        "money",
        ("refunds",),
        Words("退款偏多", "退款较多", "more refunds"),
        Words("少退款", "退款较少", "few refunds"),
    ),
    "community": Theme(
        "talk",
        ("texts_written", "interactions", "asked", "answered", "commented", "likes_given", "partners"),
        Words("互动", "互动较多", "taking part"),
        Words("少互动", "互动较少", "reading quietly"),
    ),
    "received": Theme(
        "talk",
        ("reactions_received", "replies_received", "likes_received"),
        Words("获回应", "获得回应较多", "often replied to"),
        Words("少回应", "获得回应较少", "seldom replied to"),
    ),
}
PLACES = {theme: place for place, theme in enumerate(THEMES)}


@dataclass(frozen=True)
class Known:
    """A segment as it was called before: since which Monday, and how much of it the segment found anew shares."""

    segment_id: int
    name_zh: str
    name_en: str
    known_since: str
    jaccard: float = 1.0


def names(
    profile: pd.DataFrame, /, *, since: str = "", before: Sequence[Known] = (), rules: bool = False
) -> pd.DataFrame:
    """segment_id, name_zh, name_en, known_since from `models.segmentation.profiles.profile`, all names different.

    Segments must carry their lasting numbers by now (see models.segmentation.matching.persistent). One whose number
    stands in `before` with a Jaccard of at least 0.5 keeps its name and the Monday since which it has it; any other
    gets a name made of its two strongest themes, as of the Monday `since`: never one that another segment has, or
    had just before. A third theme is added to a name that is taken, then a number. With `rules` the numbers are
    those of the fixed cuts, which have names of their own.
    """
    kept = {each.segment_id: each for each in before if each.jaccard >= SAME}
    taken = {NEW_NAMES[0], *(each.name_zh for each in before)}
    rows = []
    for number, part in profile.groupby("segment_id", sort=True):
        held = kept.get(int(str(number)))
        if held is None:
            zh, en = RULE_NAMES[int(str(number))] if rules else _free(_by_family(_said(part)), taken)
            held = Known(int(str(number)), zh, en, since)
        taken.add(held.name_zh)
        rows.append((held.segment_id, held.name_zh, held.name_en, held.known_since))
    return pd.DataFrame(rows, columns=["segment_id", "name_zh", "name_en", "known_since"])


def apart(profile: pd.DataFrame, /) -> pd.DataFrame:
    """segment_id, apart_zh, apart_en: up to four phrases of what sets each segment apart, strongest first."""
    rows = []
    for number, part in profile.groupby("segment_id", sort=True):
        words = [words for _, words in _said(part)[:PHRASES_SHOWN]]
        zh = "、".join(each.zh for each in words) or "各项接近平均"
        en = ", ".join(each.en for each in words) or "close to average in everything"
        rows.append((number, zh, en[0].upper() + en[1:]))
    return pd.DataFrame(rows, columns=["segment_id", "apart_zh", "apart_en"])


def themes(part: pd.DataFrame, /) -> dict[str, float]:
    """The strongest effect of each theme among the rows (feature, effect) of one segment, the strongest theme first.

    Themes whose effect is below Cohen's "small" are left out.
    """
    strongest: dict[str, float] = {}
    for feature, effect in zip(part["feature"], part["effect"], strict=True):
        theme = theme_of(str(feature))
        if theme and abs(effect) > abs(strongest.get(theme, 0.0)):
            strongest[theme] = float(effect)
    order = sorted(strongest, key=lambda theme: (-abs(strongest[theme]), PLACES[theme]))
    return {theme: strongest[theme] for theme in order if abs(strongest[theme]) >= SMALLEST_EFFECT}


def theme_of(feature: str, /) -> str | None:
    """The theme whose stem the column's name begins with, the longest if several do; None if there is no word."""
    fitting = [
        (len(stem), name) for name, theme in THEMES.items() for stem in theme.stems if feature.startswith(stem)
    ]
    return max(fitting)[1] if fitting else None


def _said(part: pd.DataFrame, /) -> list[tuple[str, Words]]:
    found = themes(part)
    return [(name, THEMES[name].more if effect > 0 else THEMES[name].less) for name, effect in found.items()]


def _by_family(said: Sequence[tuple[str, Words]], /) -> list[tuple[str, Words]]:
    """The strongest theme of each family, then the rest, each in the order of strength."""
    first = {THEMES[theme].family: theme for theme, _ in reversed(said)}.values()
    return sorted(said, key=lambda each: each[0] not in first)


def _free(said: Sequence[tuple[str, Words]], taken: Collection[str], /) -> tuple[str, str]:
    """The name of the first two themes, of three if it is taken, else of three with a number."""
    zh, en = EVEN
    for length in range(min(2, len(said)), min(NAMED_AFTER, len(said)) + 1):
        zh, en = _joined(said[:length])
        if zh not in taken:
            return zh, en
    number = 2
    while f"{zh} {number}" in taken:
        number += 1
    return f"{zh} {number}", f"{en} {number}"


def _joined(said: Iterable[tuple[str, Words]], /) -> tuple[str, str]:
    words = [words for _, words in sorted(said, key=lambda each: PLACES[each[0]])]
    if not words:
        return EVEN
    en = ", ".join(each.en for each in words)
    return "".join(each.short for each in words) + "型", en[0].upper() + en[1:]
