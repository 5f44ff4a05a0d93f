"""Catching up: weeks that were published before the week right before them are run again, in order.

Backfills run weeks in any order, and a blocked week is mended after later ones were published. Each of these was made
without the models, segment names, lists and history of its predecessor; once that stands, it is made again. A week
that then says what it said before stops there: nothing after it changes.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from pipelines import succession
from pipelines.context import Context
from pipelines.week import run_week

OVER = ("success", "failed", "skipped", "upstream_failed", "removed")  # states of a task that will not run any more


def catch_up(ctx: Context, /) -> list[date]:
    """Run every outdated week again, oldest first, each holding the home's lock by itself; the weeks that were run.

    One that dies goes on, when it is called again, with what is left. No week is run twice.

    Raises:
        HomeError: another run is writing here.
        CheckError: a week is blocked now by a check; those after it stay as they are.
    """
    done: list[date] = []
    while left := [as_of for as_of in succession.outdated(ctx) if as_of not in done]:
        as_of = left[0]
        ctx.say(f"catch up: week before {as_of}, {len(left) - 1} known to follow")
        run_week(ctx, as_of=as_of)
        done.append(as_of)
    return done


def waiting(states: Mapping[str, Mapping[str, Any]], publish: str, /, *, but: str) -> list[str]:
    """The ids of other runs than `but` whose task `publish` is still to come: the last of them catches up for all.

    `states` has the states of tasks by run, as Airflow gives them.
    """
    return sorted(run for run, tasks in states.items() if run != but and tasks.get(publish, OVER[0]) not in OVER)
