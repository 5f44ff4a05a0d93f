"""Segments, moves between them, interests, voice and ways of taking part, for the pages of tests."""

import json
from datetime import date

WEEK = date(2026, 7, 13)
SEGMENTS = (  # id, names, people this week, people the week before, kind
    (1, "高频学习型", "Frequent learners", 500, 450, "natural"),
    (2, "消费较多、近期活跃", "Adding to cart, completing courses, higher spend", 300, 333, "natural"),
    (3, "少学习、近期沉默", "Little learning, quiet lately", 195, 183, "natural"),
    (4, "小组", "Tiny group", 5, 7, "natural"),
    (0, "新用户", "New users", 120, 108, "new"),
)
MOVES = (  # from, to, people
    *((1, 2, 12), (2, 1, 31), (2, 3, 14), (3, 1, 4), (1, 3, 6), (0, 1, 22), (0, 3, 11), (3, -1, 15), (-1, 0, 45)),
    *((-1, 1, 9), (4, 1, 2)),
)
ITEMS = [{"item_id": f"item-{k}", "title": f"Course {k}", "users": 40 - k, "lift": 1.6 - k / 4} for k in range(4)]
WEEKDAYS = [0.1, 0.1, 0.1, 0.12, 0.13, 0.25, 0.2]
PARTS = {"night": 0.05, "morning": 0.2, "afternoon": 0.25, "evening": 0.5}


def plant_groups(con, plant):
    plant_segments(con, plant)
    plant_moves(con, plant)
    plant_topics(con, plant)
    plant_voices(con, plant)
    plant_behaviours(con, plant)


def plant_segments(con, plant):
    for number, zh, en, users, _, kind in SEGMENTS:
        row = {
            **{"segment_id": number, "name_zh": zh, "name_en": en, "users": users, "share": users / 1120},
            **{"kind": kind, "known_since": date(2026, 5, 4), "recency_days_mean": 3.4, "active_days_28d_mean": 8.25},
            **{"spend_84d_sum": 12345.6, "spend_share": 0.2, "retention_28d_mean": 0.71, "base_28d": users},
            **{"retained_28d": users * 2 // 3, "retained_share_28d": 2 / 3, "traits": '{"spend_84d": 1.20}'},
            **{"apart_zh": "消费较多、近期活跃", "apart_en": "high spend, recently active"},
            **{"play_zh": "推送进阶课，不必给优惠", "play_en": "Offer a follow-up course, no coupon"},
            **{"top_items": json.dumps(ITEMS), "demographics": '{"age_band": {"18-24": 40, "25-34": null}}'},
            "typical_week": json.dumps({"weekdays": WEEKDAYS, "parts": PARTS}),
        }
        plant(con, "marts.segments", [row])


def plant_moves(con, plant):
    rows = [{"from_segment_id": a, "to_segment_id": b, "users": n} for a, b, n in MOVES]
    for number, _, _, _, before, _ in SEGMENTS:
        stayed = before - sum(n for a, b, n in MOVES if a == number)
        rows.append({"from_segment_id": number, "to_segment_id": number, "users": stayed})
    plant(con, "marts.segment_migration", rows)
    change = {
        **{"week": WEEK, "people": 990, "moved": 69, "moved_share": 69 / 990, "moved_by_chance": 0.04},
        **{"moved_truly": 0.031, "low_95": 0.018, "high_95": 0.045, "model_changed": 0.12, "jaccard_min": 0.83},
    }
    plant(con, "marts.segment_changes", [change])
    for metric, shares in (
        ("explained_spend_28d", (0.21, 0.18, 0.24)),
        ("explained_retention_28d", (0.3, 0.28, 0.33)),
    ):
        for name, value in zip(("kmeans_segments", "rfm_quintiles", "rfm_with_segments"), shares, strict=True):
            row = {"model": "segments", "estimator": name, "metric": metric, "slice": "all", "value": value}
            plant(con, "quality.model_metrics", [row | {"role": "champion" if "kmeans" in name else "baseline"}])


TOPICS = (  # id, labels, share, lift in segments 1 to 4
    (1, "写作、表达", "writing", 0.41, (1.9, 1.3, 0.5, 3.0)),
    (2, "数据、编程", "data, python and spreadsheets", 0.34, (0.7, 1.1, 2.2, 0.0)),
    (3, "理财", "finance", 0.25, (1.0, 1.0, 1.1, 1.0)),
)


def plant_topics(con, plant):
    for number, zh, en, share, lifts in TOPICS:
        words = json.dumps(["writing", "essay", "plot"])
        row = {
            "topic_id": number,
            "topic": zh,
            "label_zh": zh,
            "label_en": en,
            "words": words,
            "share": share,
            "method": "lda",
        }
        plant(con, "marts.topics", [row])
        rows = [
            {"segment_id": n, "topic": zh, "weight": share * lift, "lift": lift} for n, lift in enumerate(lifts, 1)
        ]
        plant(con, "marts.segment_interests", rows)


VOICES = (  # kind, labels, texts, people, before, trend with interval, unusual
    ("complaint", "退款、客服", "refund", 52, 40, 18, (2.22, 1.25, 4.1), True),
    ("question", "作业、批改", "homework", 90, 64, 60, (1.07, 0.74, 1.54), False),
    ("review", "讲师、清楚", "teacher", 31, 30, 61, (0.49, 0.31, 0.77), True),
    ("question", "证书", "certificate", 11, None, None, (None, None, None), None),
    ("post", "群规", "rules", 15, 14, None, (None, None, None), None),
)


def plant_voices(con, plant):
    for kind, zh, en, texts, people, before, (trend, low, high), unusual in VOICES:
        row = {
            **{"kind": kind, "topic": zh, "label_zh": zh, "label_en": en, "words": json.dumps(["refund", "order"])},
            **{"texts": texts, "people": people, "people_before": before, "trend": trend, "low_95": low},
            **{"high_95": high, "unusual": unusual, "top_segments": json.dumps([{"segment_id": 2, "lift": 1.8}])},
        }
        plant(con, "marts.voice_topics", [row])


BEHAVIOURS = (
    (1, "阅读型", "Readers", "natural", 320),
    (2, "答疑型", "Answerers", "natural", 110),
    (3, "提问型", "Askers", "natural", 8),
    (0, "偶尔参与", "Now and then", "seldom", 240),
)


def plant_behaviours(con, plant):
    for number, zh, en, kind, users in BEHAVIOURS:
        row = {
            "behaviour_id": number,
            "name_zh": zh,
            "name_en": en,
            "kind": kind,
            "users": users,
            "share": users / 678,
        }
        more = {"texts": 3 * users, "replies_given": 2 * users, "days_mean": 5.5, "retention_28d_mean": 0.8}
        plant(con, "marts.community_behaviours", [row | more])
