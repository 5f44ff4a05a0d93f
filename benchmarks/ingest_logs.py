"""Logs of a platform to measure ingestion with: daily JSON-lines or CSV files, and the source that reads them."""

from datetime import date, timedelta
from pathlib import Path

from lyceum.engine import connect, quoted

START = date(2026, 1, 5)  # a Monday
KINDS = ("view", "view", "learn", "click", "purchase", "like", "comment", "favourite")
FIELDS = ("id", "uid", "type", "ts", "course", "lesson", "target", "session", "amount", "seconds", "channel", "props")

SOURCE = """
name = "bench"
title = "A measured platform"
timezone = "Asia/Shanghai"
currency = "CNY"
language = "zh"
ids = "raw"
duplicates = "drop"

[files.events]
glob = "events-*.{format}"
format = "{format}"
columns = [{columns}]

[[events]]
file = "events"

[events.columns]
event_id = "id"
user_id = "uid"
event_type = "type"
occurred_at = "iso(ts)"
item_id = "course"
target_user_id = "target"
object_id = "lesson"
session_id = "session"
amount = "money(amount)"
duration_ms = "whole(seconds) * 1000"
channel = "channel"
properties = "props"
"""


def write_logs(folder: Path, /, *, events: int, days: int, seed: int, form: str = "jsonl") -> Path:
    """Write `events` lines, in order of time, into a file per local day, and the source beside; the source's path.

    About 2 % are of nobody known, 0.3 % repeat one of the 20,000 lines before, 0.2 % are no event: an unknown word
    or no time.
    """
    folder.mkdir(parents=True)
    options = "FORMAT json" if form == "jsonl" else "FORMAT csv, HEADER"
    with connect() as con:
        for day in range(days):
            numbers = f"range({events * day // days}, {events * (day + 1) // days})"
            query = _lines(numbers, step=days * 86_400_000_000 // events, users=max(events // 25, 10), seed=seed)
            target = folder / f"events-{START + timedelta(days=day)}.{form}"
            con.execute(f"COPY ({query}) TO {quoted(target)} ({options})")
    source = folder.with_name(f"{folder.name}.toml")
    columns = ", ".join(f'"{name}"' for name in FIELDS)
    source.write_text(SOURCE.format(format=form, columns=columns), encoding="utf-8")
    return source


def _lines(numbers: str, *, step: int, users: int, seed: int) -> str:
    """A query of the lines of some events, `step` microseconds apart; everything hangs on the event's number n."""

    def drawn(use: int, below: int) -> str:
        return f"(hash(n, {seed}, {use}) % {below})::INTEGER"

    begin = f"TIMESTAMP '{START}' - INTERVAL 8 HOUR"  # local midnight
    at = f"strftime({begin} + to_microseconds(n * {step}), '%Y-%m-%dT%H:%M:%S.%gZ')"
    kinds = ", ".join(quoted(kind) for kind in KINDS)
    fields = {
        "id": "printf('e%012d', n)",
        "uid": f"CASE WHEN {drawn(1, 50)} > 0 THEN 'u' || {drawn(2, users)} END",
        "type": f"CASE WHEN {drawn(3, 1000)} = 0 THEN 'unheard_of' ELSE [{kinds}][1 + {drawn(4, len(KINDS))}] END",
        "ts": f"CASE WHEN {drawn(3, 1000)} <> 1 THEN {at} END",
        "course": f"'c' || {drawn(5, 500)}",
        "lesson": f"CASE WHEN {drawn(4, len(KINDS))} = 2 THEN 'l' || {drawn(6, 9000)} END",
        "target": f"CASE WHEN {drawn(4, len(KINDS))} IN (5, 6) THEN 'u' || {drawn(7, users)} END",
        "session": "'s' || n // 7",
        "amount": f"CASE WHEN {drawn(4, len(KINDS))} = 4 THEN ({drawn(8, 30000)} / 100)::DECIMAL(18,2)::VARCHAR END",
        "seconds": f"CASE WHEN {drawn(4, len(KINDS))} = 2 THEN {drawn(9, 3600)} END",
        "channel": f"['app', 'web', '小程序'][1 + {drawn(10, 3)}]",
        "props": f"CASE WHEN {drawn(11, 10)} = 0 THEN '来自《写作课》第' || {drawn(12, 40)} || '讲' END",
    }
    listed = ", ".join(f"{sql} AS {name}" for name, sql in fields.items())
    repeated = f"hash(range, {seed}, 0) % 1000 < 3"
    earlier = f"greatest(range - 1 - (hash(range, {seed}, 99) % 20000)::BIGINT, 0)"
    return f"SELECT {listed} FROM (SELECT CASE WHEN {repeated} THEN {earlier} ELSE range END AS n FROM {numbers})"
