"""How far somebody gets in what they learn, how fast beside others, and where it stops."""

import ibis
import ibis.expr.types as ir

from features.joining import ITEM, USER, beside
from features.windows import FeatureSet, Past, ratio, total
from lyceum.tables.features_behaviour import LEAST_LEARNERS, PROGRESSED, QUARTER, STALLED_DAYS, WINDOWS

TEN_THOUSAND = 10_000
WEEK = 7


def _progress(past: Past) -> ir.Table:
    latest = _latest(past)
    of_all = _latest(past.of_everybody) if "user_id" in past.moments.columns else latest
    return beside(_so_far(past), _windowed(past), _stands(latest), _current(latest, _medians(of_all)), key=USER)


def _so_far(past: Past) -> ir.Table:
    seen = past.seen("item_ends")
    return seen.group_by(*USER).agg(items_begun_total=total(seen.begun), items_finished_total=total(seen.finished))


def _windowed(past: Past) -> ir.Table:
    seen = past.seen("item_states", within=QUARTER)
    newest = _is_newest(seen)  # so that each item counts once, by its last day before the moment
    return seen.group_by(*USER).agg(
        **{f"items_learnt_{n}d": seen.count(where=newest & (seen.ago <= n)) for n in WINDOWS},
        **{f"lessons_reached_{n}d": total(seen.reached, where=seen.ago <= n) for n in WINDOWS},
        stalled_items_84d=seen.count(where=newest & (seen.ago > STALLED_DAYS) & (seen.finished_so_far == 0)),
    )


def _is_newest(seen: ir.Table) -> ir.BooleanValue:
    return seen.until.isnull() | (seen.until >= seen.as_of)


def _latest(past: Past) -> ir.Table:
    """Each item learnt in the window, as the person stood, with `size`: its lessons that anybody had reached."""
    seen = past.seen("item_states", within=QUARTER)
    lessons = past.seen("course_lessons")
    sizes = lessons.group_by(*ITEM).agg(size=lessons.count())
    rows = beside(seen.filter(_is_newest(seen)), sizes, key=ITEM)  # no size where no lessons are told apart
    age = rows.as_of.delta(rows.started, unit="day").cast("int64")
    return rows.mutate(age=age, pace=rows.reached_so_far * WEEK / ibis.greatest(age, WEEK))


def _stands(latest: ir.Table) -> ir.Table:
    share = latest.reached_so_far * TEN_THOUSAND // latest["size"]  # whole, so that the order of items is no matter
    mean = ratio(total(share.cast("int64")), latest["size"].count() * TEN_THOUSAND)
    return latest.group_by(*USER).agg(
        progress_mean_84d=mean, progress_max_84d=(latest.reached_so_far / latest["size"]).max()
    )


def _current(latest: ir.Table, medians: ir.Table) -> ir.Table:
    """The item learnt last, beside the median learner of it."""
    now = latest.filter(latest.until_any.isnull() | (latest.until_any >= latest.as_of))
    rows = beside(now, medians, key=ITEM)
    return rows.select(
        *USER,
        current_progress=rows.reached_so_far / rows["size"],
        current_item_days=rows.age,
        current_pace_ratio=ratio(rows.pace, rows.median_pace),
    )


def _medians(latest: ir.Table) -> ir.Table:
    """The pace of the median learner of each item (the slower one of an even number)."""
    item = ibis.window(group_by=[latest[key] for key in ITEM])
    ranked = latest.mutate(
        place=ibis.row_number().over(ibis.window(group_by=[latest[key] for key in ITEM], order_by=latest.pace)),
        learners=latest.count().over(item),
    )
    middle = ranked.filter((ranked.place == (ranked.learners - 1) // 2) & (ranked.learners >= LEAST_LEARNERS))
    return middle.select(*ITEM, median_pace=middle.pace)


PROGRESS_SET = FeatureSet(
    "progress",
    "user",
    (*WINDOWS,),
    {
        "item_ends": ("user_id", "event_date", "begun", "finished"),
        "item_states": (
            *("user_id", "item_id", "event_date", "until", "until_any", "started"),
            *("reached", "reached_so_far", "finished_so_far"),
        ),
        "course_lessons": ("item_id", "lesson_id", "event_date"),
    },
    PROGRESSED,
    _progress,
)
