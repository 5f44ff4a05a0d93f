"""The texts that are shipped (see pipelines.compiled): those that a week asks for, of a platform without a row.

`python -m pipelines.compiling > lyceum/tables/compiled.json` makes them anew; `make dictionary` does it.
"""

import sys
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from features.items import ITEM_SETS
from features.rates.registry import RATES
from features.snapshot import SETS
from lyceum import weeks
from lyceum.home import Home, Platform
from lyceum.settings import Settings
from pipelines import compiled
from pipelines.cataloguing import origins
from pipelines.context import Context
from pipelines.featurise import computed, item_snapshot_query, user_snapshot_query
from pipelines.score_rates import WEEKS, given, rate_query
from pipelines.workspace import Workspace, workspace

SOME_MONDAY = date(2024, 1, 1)  # no text hangs on it


def everything(folder: Path, /) -> str:
    """The texts as they are shipped; `folder` is an empty one."""
    compiled.forget()
    platform = Platform("none", "demo", folder, timezone="UTC", currency="CNY", language="en")
    now = datetime(2024, 1, 1, tzinfo=UTC)
    with workspace(Context(Settings(), Home(folder), platform, now, lambda _line: None)) as space:
        _snapshots(space)
        _rates(space)
    return compiled.as_json()


def _snapshots(space: Workspace) -> None:
    past = space.past([SOME_MONDAY])
    for each in (*SETS, *ITEM_SETS):
        space.query(each, past)  # of which the origins are made only where they are not kept
        origins(space, each, past)
    item_snapshot_query(space, past)
    user_snapshot_query(space, past, sets=computed(space, past))
    space.kept("learnt_from", "SELECT NULL::VARCHAR AS user_id, NULL::DATE AS as_of")
    past = space.past([SOME_MONDAY], people="learnt_from")
    user_snapshot_query(space, past, sets=computed(space, past))


def _rates(space: Workspace) -> None:
    known = given(space, SOME_MONDAY, first=SOME_MONDAY - WEEKS * weeks.WEEK)
    reads = compiled.fingerprint(known.tables)
    for rate in RATES:
        rate_query(space, rate, known, reads=reads)


if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        sys.stdout.write(everything(Path(folder)))
