"""What to do for the people of a segment: a contact plan that follows from what sets them apart, no judgement.

The first of the plays that fits is suggested. What they say, and what they hold back from (no selling to whom has a
refund open, no coupon where price is not the problem, one rule for all of a segment), is the field's practice.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import pandas as pd

from models.segmentation.naming import NEW_USERS, themes


class Play(NamedTuple):
    """When a play fits, told the effects of a segment's themes (0 where there is none), and how it is said."""

    fits: Callable[[Mapping[str, float]], bool]
    zh: str
    en: str


NEWCOMERS = Play(
    lambda has: True,
    "7 天新手引导：帮助学完首节课、加入一个社群；暂不推销。",
    "A seven-day guide: help with the first lesson and with joining one group; no selling yet.",
)
PLAYS = (
    Play(
        lambda has: has["refunds"] > max(has["spend"], 0),
        "先处理未结的退款与投诉，结清后 14 天内不做营销；专属客服回访并记录原因。",
        "Settle open refunds and complaints first; no marketing until 14 days after; a person asks for the reason.",
    ),
    Play(
        lambda has: has["recency"] > 0 and has["spend"] > 0,
        "班主任或专属客服 48 小时内人工联系，了解原因并记录；不群发。",
        "A mentor writes or calls in person within 48 hours and notes the reason; no broadcast.",
    ),
    Play(
        lambda has: (has["enrolments"] > 0 or has["spend"] > 0) and has["learning"] < 0,
        "提醒开课，再由班主任联系，必要时在第 7 天前提供退款或换课；不发优惠券，问题不在价格。",
        "A reminder to begin, then a mentor's message, an offer to swap or refund before day 7; no coupon: price is "
        "not the problem.",
    ),
    Play(
        lambda has: has["recency"] > 0,
        "每月至多一次新课或活动邀请；无回应则不再增加联系。",
        "An invitation to a new course or event, monthly at most; no more contact if there is no answer.",
    ),
    Play(
        lambda has: (
            max(has["carts"], has["intent"]) > max(has["community"], has["received"], 0) and has["spend"] <= 0
        ),
        "以答疑和试听帮助选课；如用优惠券，对本群所有人同一规则，限额、限期。",
        "Help with choosing: answers and trial lessons; a coupon, if any, by one rule for the whole segment, capped "
        "and dated.",
    ),
    Play(
        lambda has: has["community"] > 0 or has["received"] > 0,
        "邀请回答提问、分享经验；零回复的提问优先转给他们或老师。",
        "Invite them to answer questions and share what they know; route unanswered questions to them or a teacher.",
    ),
    Play(
        lambda has: has["spend"] > 0,
        "邀请转介绍和新课内测，提供专属服务入口；不必额外降价。",
        "Invite them to refer friends and to try new courses first, with a contact of their own; no discount needed.",
    ),
    Play(
        lambda has: max(has["learning"], has["completions"], has["check_ins"], has["exercises"]) > 0,
        "推荐同系列的下一门课，肯定学习进度；打卡中断时友好提醒一次。",
        "Suggest the next course of the series and recognise progress; one friendly nudge when check-ins stop.",
    ),
    Play(
        lambda has: has["activity"] < 0 or has["learning"] < 0,
        "仅用站内消息或推送，每周一次与所学相关的内容；给出轻量的下一步。",
        "In-app messages or push only, once a week, about what they learn; one small next step.",
    ),
)
OTHERWISE = Play(
    lambda has: True,
    "保持现有内容节奏，继续观察两周。",
    "Keep the present pace of content and watch for two more weeks.",
)


class _Effects(dict[str, float]):
    def __missing__(self, _theme: str) -> float:
        return 0.0


def plays(profile: pd.DataFrame, /) -> pd.DataFrame:
    """segment_id, play_zh, play_en from `models.segmentation.profiles.profile`; number 0 is that of new users."""
    rows = []
    for number, part in profile.groupby("segment_id", sort=True):
        play = NEWCOMERS if number == NEW_USERS else play_for(themes(part))
        rows.append((number, play.zh, play.en))
    return pd.DataFrame(rows, columns=["segment_id", "play_zh", "play_en"])


def play_for(effects: Mapping[str, float], /) -> Play:
    """The play for people who differ by these effects of themes."""
    has = _Effects(effects)
    return next((play for play in PLAYS if play.fits(has)), OTHERWISE)
