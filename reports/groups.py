"""The queries behind the report's sections on segments, interests, voice and ways of taking part.

Each function takes the connection to a staged release and gives a figure ({value, table, sql}, see reports/query.py).
"""

from datetime import date

import duckdb

from reports.query import SMALLEST_CELL, SMALLEST_DENOMINATOR, Figure, ask

Connection = duckdb.DuckDBPyConnection
TOPICS_DRAWN = 6
VOICES_SHOWN = 5  # of each kind of text
VALUES_SHOWN = 6  # of each attribute
LEAST_LIFT = 1.2  # below it, an interest is hardly more theirs than everybody's
LEAST_WEIGHT = 0.02
WORDS = "nullif(array_to_string(json_extract_string(words, '$[*]')[1:5], ' · '), '')"
SEGMENT_COLUMNS = (*("share", "spend_share", "spend_84d_sum", "retention_28d_mean", "retained_share_28d"),)


def figures(con: Connection, /, *, week: date) -> dict[str, Figure]:
    """All of them by name; `week` is the Monday that begins the week."""
    return {
        "segments": segments(con),
        "segment_profiles": segment_profiles(con),
        "demographics": demographics(con),
        "segment_nodes": segment_nodes(con),
        "segment_moves": segment_moves(con),
        "segment_change": segment_change(con, week=week),
        "explained": explained(con),
        "interests": interests(con),
        "segment_interests": segment_interests(con),
        "behaviours": behaviours(con),
        "voices": voices(con),
    }


def segments(con: Connection, /) -> Figure:
    """The segments, largest first, the new users last; a share of fewer than 30 is null."""
    return ask(
        con,
        f"""SELECT segment_id, name_zh, name_en, kind, users, share, spend_share, spend_84d_sum, retention_28d_mean,
            CASE WHEN base_28d >= {SMALLEST_DENOMINATOR} THEN retained_share_28d END AS retained_share_28d
            FROM marts.segments ORDER BY coalesce(kind = 'new', false), users DESC, segment_id""",
        table="marts.segments",
        cells={"users": SEGMENT_COLUMNS},
        total_known=True,
    )


def segment_profiles(con: Connection, /) -> Figure:
    """What sets each segment apart, what to do about it, what its people have more than others, when they come."""
    titles = ", ".join(f"titles[{place}] AS item_{place}" for place in (1, 2, 3))
    return ask(
        con,
        f"""SELECT name_zh, name_en, users, apart_zh, apart_en, play_zh, play_en, {titles},
            CASE WHEN list_max(days) > 0 THEN list_position(days, list_max(days)) END AS weekday, part_of_day FROM
            (SELECT *, list_transform(list_filter(CAST(json_extract(top_items, '$[*]') AS JSON[]),
             lambda item: CAST(json_extract(item, '$.lift') AS DOUBLE) > 1),
             lambda item: json_extract_string(item, '$.title')) AS titles,
             CAST(json_extract(typical_week, '$.weekdays') AS DOUBLE[]) AS days,
             (SELECT max_by(part, share ORDER BY part) FROM (VALUES
              ('night', CAST(json_extract(typical_week, '$.parts.night') AS DOUBLE)),
              ('morning', CAST(json_extract(typical_week, '$.parts.morning') AS DOUBLE)),
              ('afternoon', CAST(json_extract(typical_week, '$.parts.afternoon') AS DOUBLE)),
              ('evening', CAST(json_extract(typical_week, '$.parts.evening') AS DOUBLE))) AS parts(part, share)
              WHERE share > 0) AS part_of_day FROM marts.segments)
            ORDER BY coalesce(kind = 'new', false), users DESC, segment_id""",
        table="marts.segments",
        cells={
            "users": (
                *("apart_zh", "apart_en", "play_zh", "play_en", "item_1", "item_2", "item_3"),
                *("weekday", "part_of_day"),
            )
        },
    )


def demographics(con: Connection, /) -> Figure:
    """What the people of each segment said of themselves: the most frequent values of each attribute, with counts.

    Cells under ten people, and those that would give one away, are null in the table already and are left out.
    """
    return ask(
        con,
        f"""SELECT name_zh, name_en, attribute, string_agg(value || ' ' || people, ' · ' ORDER BY people DESC, value)
            AS people_by_value FROM
            (SELECT s.name_zh, s.name_en, s.users, s.segment_id, s.kind, a.key AS attribute, v.key AS value,
             TRY_CAST(v.value AS BIGINT) AS people FROM marts.segments s, json_each(s.demographics) a,
             json_each(a.value) v WHERE people >= {SMALLEST_CELL} QUALIFY row_number()
             OVER (PARTITION BY s.segment_id, attribute ORDER BY people DESC, v.key) <= {VALUES_SHOWN})
            GROUP BY name_zh, name_en, users, segment_id, kind, attribute
            ORDER BY coalesce(kind = 'new', false), users DESC, segment_id, attribute""",
        table="marts.segments",
    )


def segment_nodes(con: Connection, /) -> Figure:
    """The people of each segment the week before and this week, under the same frozen model."""
    return ask(
        con,
        """SELECT segment_id, name_zh, name_en, CAST(sum(before) AS BIGINT) AS before, CAST(sum(now) AS BIGINT) AS now
           FROM (SELECT from_segment_id AS segment_id, users AS before, 0 AS now FROM marts.segment_migration
                 UNION ALL SELECT to_segment_id, 0, users FROM marts.segment_migration)
           LEFT JOIN marts.segments s USING (segment_id) WHERE segment_id >= 0
           GROUP BY segment_id, name_zh, name_en, s.users
           ORDER BY segment_id = 0, s.users DESC NULLS LAST, segment_id""",
        table="marts.segment_migration",
        cells={"before": ("now",), "now": ("before",)},
        total_known=True,
    )


def segment_moves(con: Connection, /) -> Figure:
    """Moves of ten people or more from one segment to another, largest first; -1 = in no segment.

    Those of fewer people are in no row. Who can take the rows from a segment's size before or now, or from the number
    of all moves, is left with what is untold; where that is 1 to 9 people, the smallest of the rows is untold too.
    """
    few = f"BETWEEN 1 AND {SMALLEST_CELL - 1}"
    untold = "sum(users) OVER {0} - coalesce(sum(users) FILTER (told) OVER {0}, 0)"
    return ask(
        con,
        f"""WITH flows AS (SELECT *, from_segment_id <> to_segment_id AS move,
              from_segment_id >= 0 AND to_segment_id >= 0 AS inside,
              from_segment_id <> to_segment_id AND users >= {SMALLEST_CELL} AS told FROM marts.segment_migration),
            rests AS (SELECT *, {untold.format("(PARTITION BY from_segment_id)")} AS left_before,
              {untold.format("(PARTITION BY to_segment_id)")} AS left_now,
              sum(users) FILTER (move AND inside AND NOT told) OVER () AS left_moves FROM flows),
            placed AS (SELECT *,
              row_number() OVER (PARTITION BY from_segment_id ORDER BY users, to_segment_id) AS out,
              row_number() OVER (PARTITION BY to_segment_id ORDER BY users, from_segment_id) AS came,
              row_number() OVER (PARTITION BY inside ORDER BY users, from_segment_id, to_segment_id) AS place
              FROM rests WHERE told)
            SELECT from_segment_id, f.name_zh AS from_zh, f.name_en AS from_en, to_segment_id, t.name_zh AS to_zh,
            t.name_en AS to_en, m.users FROM placed m
            LEFT JOIN marts.segments f ON f.segment_id = from_segment_id
            LEFT JOIN marts.segments t ON t.segment_id = to_segment_id
            WHERE NOT (from_segment_id >= 0 AND out = 1 AND left_before {few})
            AND NOT (to_segment_id >= 0 AND came = 1 AND left_now {few})
            AND NOT (inside AND place = 1 AND coalesce(left_moves, 0) {few})
            ORDER BY m.users DESC, from_segment_id, to_segment_id""",
        table="marts.segment_migration",
    )


def segment_change(con: Connection, /, *, week: date) -> Figure:
    """How many changed segment in the week: told, by chance alone, and truly; shares of fewer than 30 are null."""
    shares = ("moved_share", "moved_by_chance", "moved_truly", "low_95", "high_95", "model_changed")
    enough = ", ".join(f"CASE WHEN people >= {SMALLEST_DENOMINATOR} THEN {name} END AS {name}" for name in shares)
    return ask(
        con,
        f"""SELECT people, moved, {enough}, jaccard_min FROM marts.segment_changes WHERE week = DATE '{week}'""",
        table="marts.segment_changes",
        cells={"people": ("moved", *shares), "moved": shares[:-1]},
    )


def explained(con: Connection, /) -> Figure:
    """How much of what follows segments tell, beside RFM quintiles and both together: shares of deviance."""
    return ask(
        con,
        """SELECT metric, estimator, value, low_95, high_95 FROM quality.model_metrics
           WHERE model = 'segments' AND metric IN ('explained_spend_28d', 'explained_retention_28d')
           AND slice = 'all' ORDER BY metric, estimator""",
        table="quality.model_metrics",
    )


def interests(con: Connection, /) -> Figure:
    """What people are interested in, the largest topic first, with the segments that care more than all do."""
    ranked = ", ".join(
        f"max({column}) FILTER (place = {place}) AS {column}_{place}"
        for place in (1, 2, 3)
        for column in ("name_zh", "name_en", "lift")
    )
    return ask(
        con,
        f"""WITH more AS (SELECT i.topic, s.name_zh, s.name_en, i.lift,
              row_number() OVER (PARTITION BY i.topic ORDER BY i.lift DESC, i.segment_id) AS place
              FROM marts.segment_interests i JOIN marts.segments s USING (segment_id)
              WHERE i.lift >= {LEAST_LIFT} AND i.weight >= {LEAST_WEIGHT} AND s.users >= {SMALLEST_DENOMINATOR})
            SELECT t.topic_id, t.label_zh, t.label_en, {WORDS} AS words, t.method,
            t.share, {ranked}
            FROM marts.topics t LEFT JOIN more ON more.topic = t.topic
            GROUP BY t.topic_id, t.label_zh, t.label_en, t.words, t.method, t.share
            ORDER BY t.share DESC NULLS LAST, t.topic_id LIMIT 12""",
        table="marts.segment_interests",
    )


def segment_interests(con: Connection, /) -> Figure:
    """How many times as much as everybody each segment of 30 people or more cares for the largest topics."""
    return ask(
        con,
        f"""SELECT s.name_zh, s.name_en, t.label_zh, t.label_en, i.lift FROM marts.segment_interests i
            JOIN marts.segments s USING (segment_id)
            JOIN (SELECT * FROM marts.topics ORDER BY share DESC NULLS LAST, topic_id LIMIT {TOPICS_DRAWN}) t
            ON i.topic = t.topic WHERE s.users >= {SMALLEST_DENOMINATOR} AND i.lift IS NOT NULL
            ORDER BY coalesce(s.kind = 'new', false), s.users DESC, s.segment_id, t.share DESC NULLS LAST,
            t.topic_id""",
        table="marts.segment_interests",
    )


def voices(con: Connection, /) -> Figure:
    """What reviews, complaints and questions are about, the most told of each kind, with the trend.

    Topics of fewer than ten people are left out: their words might point to a person.
    """
    numbers = {
        place: f"CAST(json_extract_string(top_segments, '$[{place - 1}].segment_id') AS BIGINT)" for place in (1, 2)
    }
    joins = " ".join(
        f"LEFT JOIN marts.segments s{place} ON s{place}.segment_id = {n}" for place, n in numbers.items()
    )
    names = ", ".join(f"s{place}.name_{x} AS name_{x}_{place}" for place in numbers for x in ("zh", "en"))
    return ask(
        con,
        f"""SELECT v.kind, topic, label_zh, label_en, people, people_before, trend, low_95,
            high_95, unusual, {names} FROM marts.voice_topics v {joins}
            WHERE people >= {SMALLEST_CELL}
            QUALIFY row_number() OVER (PARTITION BY v.kind ORDER BY people DESC, topic) <= {VOICES_SHOWN}
            ORDER BY v.kind, people DESC, topic""",
        table="marts.voice_topics",
    )


def behaviours(con: Connection, /) -> Figure:
    """The ways in which people take part in the community, largest first."""
    return ask(
        con,
        """SELECT behaviour_id, name_zh, name_en, kind, users, share, texts, replies_given, days_mean,
           retention_28d_mean FROM marts.community_behaviours
           ORDER BY behaviour_id = 0, users DESC, behaviour_id""",
        table="marts.community_behaviours",
        cells={"users": ("share", "texts", "replies_given", "days_mean", "retention_28d_mean")},
        total_known=True,
    )
