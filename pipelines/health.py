"""What was delivered and done (status), and what is wrong (doctor)."""

import shutil
import subprocess
from collections.abc import Iterator
from importlib.metadata import version
from platform import python_version

from lyceum import engine, privacy, releases, warehouse, weeks
from lyceum.errors import HomeError, LyceumError
from lyceum.releases import Release
from lyceum.schema import table
from lyceum.sources import load
from lyceum.tables.canonical import DELIVERIES, REJECTS
from pipelines import airflow_health, steps, timeliness
from pipelines.components import standing_at
from pipelines.context import Context
from pipelines.digest import digest, engine_version
from pipelines.finding import Finding
from pipelines.kept_rejects import LABEL, REPLAY
from pipelines.rejecting import KEPT
from pipelines.standing import is_free

LEAST_FREE_GB = 2
AIRFLOW_PORT = 8080  # the default of `lyceum up`
MEND = "Run `lyceum releases rollback` for the last whole release, or `lyceum publish` to publish the week anew."
REASONS = 10  # of rejects, the commonest first
LIBRARIES = ("apache-airflow", "duckdb", "deltalake", "great-expectations", "pandas", "scikit-learn")


def status_lines(ctx: Context, /) -> Iterator[str]:
    """The account of every delivered file, the newest week's steps, and the current release."""
    yield f"Platform {ctx.platform.name} (source {ctx.platform.source}) in {ctx.home.root}"
    yield from _deliveries(ctx)
    yield from _rejects(ctx)
    days = ctx.lake.partitions(table("events"))
    if days:
        yield f"Events from {days[0]} to {days[-1]} on {len(days)} days."
    done = sorted(path.name for path in ctx.home.runs.glob("????-??-??"))
    for entry in steps.records(ctx.home, weeks.parse_as_of(done[-1])) if done else []:
        skips = [part["part"] for part in entry["parts"] if part["status"] == steps.SKIPPED]
        note = f"  skipped: {', '.join(skips)}" if skips else ""
        yield f"{done[-1]} {entry['step']:10} {entry['seconds']:7.1f} s {entry['peak_mb']:7.0f} MB{note}"
    for finding in timeliness.findings(ctx):
        if not finding.good:
            yield f"{finding.what}: {finding.found} {finding.remedy}"
    try:
        yield f"Current release: {releases.current(ctx.home).name}"
    except HomeError as error:
        yield error.message


def _deliveries(ctx: Context) -> Iterator[str]:
    counts = ("rows", "mapped", "skipped", "anonymous", "duplicate", "rejected", "blank")
    sums = ", ".join(f"sum({name})::BIGINT" for name in counts)
    con = engine.connect()
    name = f"{LABEL} || CASE WHEN starts_with(batch_id, '{REPLAY}') THEN ' (replayed)' ELSE '' END"
    query = f"SELECT {name}, count(*), {sums} FROM ({ctx.lake.source(DELIVERIES)}) GROUP BY 1"
    yield f"{'mapping':34}{'files':>6}" + "".join(f"{name:>11}" for name in counts)
    for name, files, *figures in con.execute(query + " ORDER BY 1").fetchall():
        held = figures[0] == sum(figures[1:])
        yield (
            f"{name:34}{files:>6}"
            + "".join(f"{value:>11,}" for value in figures)
            + ("" if held else "  DOES NOT ADD UP")
        )


def _rejects(ctx: Context) -> Iterator[str]:
    """Where the rows lie that could not be used, why, and what to do; no row is quoted."""
    kept = f"SELECT *, {LABEL} AS label FROM ({ctx.lake.source(REJECTS)})"
    with engine.connect() as con:
        rows, files, oldest = con.execute(
            f"SELECT count(*), count(DISTINCT file), min(ingested_at) FROM ({kept})"
        ).fetchall()[0]
        reasons = con.execute(
            f"SELECT label, code, count(*), count(DISTINCT file), min(file) FROM ({kept}) "
            f"GROUP BY ALL ORDER BY 3 DESC, 1, 2 LIMIT {REASONS}"
        ).fetchall()
    if not rows:
        return
    until = f"the oldest until {oldest + KEPT:%Y-%m-%d}"
    yield f"{rows:,} rejected rows of {files:,} files lie in {ctx.lake.path(REJECTS)}, {until}:"
    for label, code, count, where, first in reasons:
        others = f" and {where - 1:,} more" if where > 1 else ""
        yield f"  {label:32}{code:26}{count:>9,}  {first}{others}"
    yield "  Mend the mapping or the export; then `lyceum ingest --replay-rejects` takes what is good now."


def diagnose(ctx: Context, /) -> list[Finding]:
    """Everything that the doctor looks at."""
    return [
        _disk(ctx),
        _lock(ctx),
        _key(ctx),
        _release(ctx),
        _kept(ctx),
        *timeliness.findings(ctx),
        *airflow_health.findings(ctx.home, now=ctx.now),
        _ports(ctx),
        _fonts(),
        Finding("python", True, python_version()),
        *(Finding(name, True, version(name)) for name in LIBRARIES),
    ]


def _disk(ctx: Context) -> Finding:
    """Room for another release and lake as large as those that are there, or for LEAST_FREE_GB."""
    free = shutil.disk_usage(ctx.home.root).free / 1e9
    needed = max(LEAST_FREE_GB, 2 * max((_size(each) for each in releases.listing(ctx.home)), default=0) / 1e9)
    remedy = f"A week needs {needed:.1f} GB: make room, or lower `kept_weeks` and run `lyceum maintain`."
    return Finding("disk", free >= needed, f"{free:.1f} GB free", "" if free >= needed else remedy)


def _size(release: Release) -> int:
    return sum(path.stat().st_size for path in release.path.rglob("*") if path.is_file())


def _lock(ctx: Context) -> Finding:
    try:
        with ctx.home.lock():
            return Finding("lock", True, "nobody is writing")
    except HomeError as error:
        return Finding("lock", False, error.message, error.remedy)


def _key(ctx: Context) -> Finding:
    if load(ctx.platform.source).pseudonymous:
        return Finding("key", True, "the source's ids are pseudonyms already")
    try:
        key = privacy.load_key(ctx.platform.name, create=False)
    except HomeError as error:
        return Finding("key", False, error.message, error.remedy)
    same = privacy.fingerprint(key) == ctx.platform.key_fingerprint
    return Finding("key", same, "the home's own" if same else "another home's", "" if same else "Restore the key.")


def _release(ctx: Context) -> Finding:
    try:
        release = releases.current(ctx.home)
        wrong = release.altered_files() or _altered_tables(release)
    except LyceumError as error:
        return Finding("release", False, error.message, error.remedy)
    if wrong:
        return Finding("release", False, f"{release.name} was altered: {', '.join(wrong)}.", _remedy(wrong))
    return Finding("release", True, f"{release.name} is what was published")


def _remedy(altered: list[str]) -> str:
    log = any(name.endswith(".wal") for name in altered)
    opened = "Somebody opened it for writing: open releases with read_only=True. " if log else ""
    return f"{opened}{MEND}"


def _altered_tables(release: releases.Release) -> list[str]:
    """The tables whose rows are not those that the manifest tells of, if this version of the engine can tell."""
    known = {each.name: each for each in releases.contents()}
    manifest = release.manifest()
    facts = manifest["tables"] if manifest.get("engine") == engine_version() else {}
    with warehouse.connect_release(release) as con:
        return [name for name in facts if name in known and digest(con, known[name]) != facts[name]]


def _kept(ctx: Context) -> Finding:
    """Whether one could go back to the other releases, and what runs that died have left."""
    here = ctx.home.current.resolve().name
    damaged = [each.name for each in releases.listing(ctx.home) if each.name != here and not releases.is_whole(each)]
    if damaged:
        found = f"one cannot go back to {', '.join(damaged)}: altered or damaged."
        return Finding("kept releases", False, found, "Run `lyceum publish --as-of` for their weeks.")
    left = releases.unfinished(ctx.home)
    note = f"; {len(left)} left by runs that died, which the next publish clears" if left else ""
    return Finding("kept releases", True, f"whole{note}")


def _ports(ctx: Context) -> Finding:
    """Whether Airflow's usual port is free, where it does not stand here; another can be named, so it is no fault."""
    if standing_at(ctx.home) or is_free(AIRFLOW_PORT):
        return Finding("ports", True, f"{AIRFLOW_PORT} is ours to use")
    return Finding("ports", True, f"{AIRFLOW_PORT} is taken; `lyceum up --port` names another")


def _fonts() -> Finding:
    """Chinese letters are drawn by the reader's machine; only pictures made on this one need a font here."""
    listed = (
        subprocess.run(["fc-list", ":lang=zh"], capture_output=True, check=False) if shutil.which("fc-list") else None
    )
    if listed is None or not listed.stdout:
        return Finding("fonts", True, "none for Chinese; pages need none, pictures of them taken here do")
    return Finding("fonts", True, "there are some for Chinese")
