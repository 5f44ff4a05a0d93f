"""The same on the real command line, and what needs a process of its own to be measured."""

import gzip
import os
import random
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

SOURCE = """
name = "shop"
title = "A shop"
timezone = "Asia/Shanghai"
currency = "CNY"
language = "zh"
ids = "raw"

[files.orders]
glob = "orders*"
format = "FORMAT"
columns = ["user", "at", "type", "course"]

[[events]]
file = "orders"

[events.columns]
user_id = "user"
event_type = "type"
occurred_at = "iso(at)"
item_id = "course"
"""
ROWS = "".join(f"u-secret-{n},2026-06-{n % 20 + 1:02}T09:00:00Z,view,c1\n" for n in range(300))
GOOD = "user,at,type,course\n" + ROWS
INGEST = ("ingest", "--init-key", "--source", "shop.toml", "--data", "logs", "--home", "home")


def plant(folder: Path, form: str = "csv") -> Path:
    (folder / "shop.toml").write_text(SOURCE.replace("FORMAT", form))
    (folder / "logs").mkdir()
    return folder / "logs"


def written(name: str, data: bytes):
    return lambda logs: (logs / name).write_bytes(data)


CASES = {
    "gzip cut off": (written("orders.csv.gz", gzip.compress(GOOD.encode())[:-9]), "orders.csv.gz is damaged"),
    "pipe": (lambda logs: os.mkfifo(logs / "orders.csv"), "orders.csv is no regular file"),
    "zip bomb": (written("orders.csv.gz", gzip.compress(bytes(70 << 20))), "300 times its size"),
    "UTF-16": (written("orders.csv", GOOD.encode("utf-16")), "holds UTF-16"),
    "GB18030": (written("orders.csv", "用户,时间\n".encode("gb18030")), "does not begin with a header line"),
    "missing column": (written("orders.csv", GOOD.replace("type", "kind").encode()), "has no column type"),
    "too many bad rows": (
        written("orders.csv", (GOOD + "u-secret-9,never,view,c1\n" * 9).encode()),
        "9 of 309 rows cannot be used, more than 1.0%; nothing was taken",
    ),
    "a long line": (
        written("orders.csv", (GOOD[:800] + "\nu-secret-9,never,view," + "x" * 40_000_000 + "\n").encode()),
        "cannot be used, more than",
    ),
}
QUICK = ("gzip cut off", "pipe")


@pytest.mark.parametrize("name", [n if n in QUICK else pytest.param(n, marks=pytest.mark.slow) for n in CASES])
def test_one_sentence_exit_code_1_and_no_lake(lyceum_cli, tmp_path, name):
    arrange, said = CASES[name]
    arrange(plant(tmp_path))
    found = lyceum_cli(tmp_path, *INGEST)
    assert found.code == 1, found.err
    assert said in found.err
    assert "Traceback" not in found.err + found.out
    assert "unexpected" not in found.err
    assert "u-secret" not in found.err + found.out
    assert not (tmp_path / "home" / "lake").exists()


def pack_line(path: Path, size: int) -> None:
    """A gzip with a good row, one line of `size` bytes, and a good row, made piece by piece."""
    row = b'{"user": "u1", "at": "2026-06-01T09:00:00Z", "type": "view", "course": "%s"}\n'
    draw, packer = random.Random(7), zlib.compressobj(1, wbits=31)
    with path.open("wb") as file:
        file.write(packer.compress(row % b"c1" + b'{"x": "'))
        for _ in range(size >> 20):
            file.write(packer.compress(draw.randbytes(1 << 19).hex().encode()))
        file.write(packer.compress(b'"}\n' + row % b"c2") + packer.flush())


MEASURED = (
    "import re, sys\n"
    "from pathlib import Path\n"
    "from pipelines import cli\n"
    "sys.argv = ['lyceum', *sys.argv[1:]]\n"
    "try:\n    cli.main()\n"
    # not ru_maxrss: a child inherits that of the process which starts it
    "finally:\n    held = re.search(r'VmHWM:\\s+(\\d+)', Path('/proc/self/status').read_text())\n"
    "    print('peak', int(held[1]) >> 10)\n"
)


@pytest.mark.slow
def test_a_line_of_600_mb_costs_itself_and_little_memory(tmp_path):
    logs = plant(tmp_path, "jsonl")
    pack_line(logs / "orders.jsonl.gz", 600 << 20)
    (tmp_path / "lyceum.toml").write_text("reject_limit = 0.5\n")
    found = subprocess.run(
        [sys.executable, "-c", MEASURED, *INGEST, "--config", "lyceum.toml"],
        cwd=tmp_path,
        env={**os.environ, "XDG_CONFIG_HOME": str(tmp_path / "config")},
        capture_output=True,
        text=True,
    )
    assert found.returncode == 0, found.stderr
    assert "Traceback" not in found.stderr
    assert int(found.stdout.split("peak")[1]) < 700  # MiB, of which the modules and the engine are 300
    from lyceum import schema
    from lyceum.engine import connect
    from lyceum.lake import Lake

    with connect() as con:
        lake = Lake(tmp_path / "home" / "lake")
        columns = "rows, mapped, rejected, blank"
        accounts = con.execute(f"SELECT {columns} FROM ({lake.source(schema.table('deliveries'))})").fetchall()
        codes = con.execute(f"SELECT line, code FROM ({lake.source(schema.table('rejects'))})").fetchall()
    assert accounts == [(3, 2, 1, 0)]
    assert codes == [(2, "line_too_long")]
