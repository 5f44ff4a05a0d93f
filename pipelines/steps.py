"""What a step leaves behind: a record of what it read, wrote and skipped, and why."""

import json
import resource
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from lyceum.home import Home, write_atomically
from lyceum.lake import Receipt
from lyceum.schema import Table
from lyceum.tables.canonical import FROM_SOURCES
from pipelines import shortages
from pipelines.context import Context

DONE = "done"
SKIPPED = "skipped"

STEPS: Mapping[str, str] = {  # imported when a step runs, because each brings heavy libraries
    "validate": "pipelines.validate:validate",
    "featurise": "pipelines.featurise:featurise",
    "train": "pipelines.train:train",
    "score": "pipelines.score:score",
    "publish": "pipelines.publish:publish",
}
ASKED: Mapping[str, str] = {"train": "pipelines.train:train_all"}  # done instead if a person asks for the step
ASIDE: Mapping[str, str] = {"readout": "pipelines.readout:readout"}  # done by themselves, for a week that was scored
PARTS: Mapping[str, str] = {  # of `train`, which may be done one by one and side by side
    name: f"pipelines.train:{name}" for name in ("predictions", "segments", "behaviours", "topics", "recommendation")
}
TRAIN = "train"
ORDER = ("ingest", "validate", "featurise", TRAIN, "score", "readout", "publish", "forget")

WHY = {
    "no_events_of_kind": "The platform's logs hold no event of the kind it needs.",
    "too_few_outcomes": "Too few people have a known outcome of either kind to train or measure anything.",
    "no_matured_week": "No earlier week's outcome is known yet, so nothing can be trained or measured.",
    "too_few_users": "Too few people were active for it to mean anything.",
    "no_items": "The logs name no items that people consume.",
    "no_texts": "There are too few texts with words to find topics in.",
    "no_communities": "The logs hold no interaction between people.",
    "not_yet_built": "Nothing computes it yet.",
    "no_predecessor": "The week before was never published, so there is nothing to compare with.",
    "nothing_to_show": "Nobody active lacks an item that is on sale and that others have had.",
    "no_neighbours": "No two items that people had together are there, or none of them is on sale.",
    "no_mature_list": "No list is 28 days old yet that some people were drawn to be left out of.",
    "nobody_at_risk": "Nobody's risk reaches the threshold of the list.",
    "promoted": "The challenger passed the gate; it scores from this week on.",
    "refused": "The challenger did not pass the gate; the champion goes on scoring.",
    "rule_ships": "No model beats the simple rule on a later week, so the rule ships.",
    "late_data": "The week was made from what had been delivered, which was not all of it.",
    "stale": "Until this release readers had that of an earlier week, because this one failed:",
    "champion_kept": "A trained model for this or an earlier week exists; it scores the week.",
}


@dataclass(frozen=True)
class Part:
    """One line of quality.runs: a table or model that a step wrote, or skipped with a reason."""

    part: str
    status: str = DONE
    code: str = ""
    why: str = ""
    rows: int | None = None
    digest: str = ""


def done(table: Table, receipt: Receipt, /, *, code: str = "") -> Part:
    """The part that a receipt proves, under the name that readers know the table by."""
    return Part(table.name, rows=receipt.rows, digest=receipt.digest, code=code, why=WHY.get(code, ""))


def skipped(part: str, code: str, /, *, detail: str = "") -> Part:
    """A part that was left out for one of the known reasons."""
    return Part(part, SKIPPED, code, f"{WHY[code]} {detail}".strip())


@dataclass(frozen=True)
class StepResult:
    """What one step of one week did."""

    step: str
    as_of: date
    parts: tuple[Part, ...]
    seconds: float

    @property
    def skips(self) -> list[Part]:
        """The parts left out."""
        return [part for part in self.parts if part.status == SKIPPED]


def perform(
    ctx: Context, step: str, work: Callable[[Context, date], Iterable[Part]], /, *, as_of: date, part: str = ""
) -> StepResult:
    """Do the work of one step and keep its record in the home; that of one `part` of it in a file beside.

    Raises:
        HomeError: the disk is full, or there was too little memory.
    """
    ctx.say(f"{step}{part and f', {part}'}: week before {as_of}")
    begin = time.monotonic()
    with shortages.explained(ctx, step):
        parts = tuple(work(ctx, as_of))
        result = StepResult(step, as_of, parts, round(time.monotonic() - begin, 3))
        file = _week_file(ctx.home, f"{step}.{part}" if part else step, as_of)
        keep_record(ctx, file, step, parts, seconds=result.seconds)
    return result


def keep_record(ctx: Context, file: Path, step: str, parts: Iterable[Part], /, *, seconds: float) -> None:
    """Write what a step did to `file`."""
    entry = {
        "step": step,
        "ran_at": ctx.now.isoformat(),
        "seconds": seconds,
        "peak_mb": peak_mb(),
        "reads": {table.name: ctx.lake.version(table) for table in FROM_SOURCES if ctx.lake.exists(table)},
        "parts": [asdict(part) for part in parts],
    }
    text = json.dumps(entry, indent=1, ensure_ascii=False, sort_keys=True)
    write_atomically(file, text + "\n")


def ingest_file(home: Home, /) -> Path:
    """Where the record of the newest ingest that took something in lies."""
    return home.runs / "ingest.json"


def ingested_at(home: Home, /) -> datetime | None:
    """When something was taken in last; None if nothing tells."""
    try:
        return datetime.fromisoformat(json.loads(ingest_file(home).read_text(encoding="utf-8"))["ran_at"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _week_file(home: Home, step: str, as_of: date) -> Path:
    return home.runs / as_of.isoformat() / f"{step}.json"


def records(home: Home, as_of: date, /) -> list[dict[str, Any]]:
    """The records of the newest ingest and erasure and of the week's steps, in the order in which they ran.

    What was done of a step both as a whole and in parts is told as it was done last.
    """
    files = [ingest_file(home), home.runs / "forget.json", *sorted((home.runs / as_of.isoformat()).glob("*.json"))]
    kept = [json.loads(file.read_text(encoding="utf-8")) for file in files if file.is_file()]
    kept.sort(key=lambda entry: (entry["ran_at"], ORDER.index(entry["step"])))
    newest = {(entry["step"], part["part"]): at for at, entry in enumerate(kept) for part in entry["parts"]}
    for at, entry in enumerate(kept):
        entry["parts"] = [part for part in entry["parts"] if newest[entry["step"], part["part"]] == at]
    return [entry for entry in kept if entry["parts"]]


def peak_mb() -> float:
    """Peak resident memory of this process, in MB."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)
