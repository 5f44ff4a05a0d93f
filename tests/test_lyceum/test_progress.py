"""What long work says where nobody watches a terminal."""

import os
import pty
import subprocess
import sys

from lyceum.progress import progress


def test_plain_lines_go_to_standard_error(capsys):
    with progress() as say:
        say("one")
        say("another")
    out, err = capsys.readouterr()
    assert out == ""
    assert [line.split(" s  ")[1] for line in err.splitlines()] == ["one", "another"]


def test_a_count_that_goes_on_is_not_repeated_line_by_line(capsys):
    with progress() as say:
        for week in range(1, 500):
            say(f"week {week} of 499")
        say("done")
    said = [line.split(" s  ")[1] for line in capsys.readouterr().err.splitlines()]
    assert said[0] == "week 1 of 499"
    assert said[-1] == "done"
    assert len(said) < 10


def test_on_a_terminal_markup_in_a_name_is_text():
    script = "from lyceum.progress import progress\nwith progress() as say: say('file [bold]x[/nonsense].csv')"
    reader, writer = pty.openpty()
    env = {**os.environ, "TERM": "xterm", "COLUMNS": "200"}
    found = subprocess.run([sys.executable, "-c", script], stderr=writer, stdout=subprocess.PIPE, env=env, check=True)
    os.close(writer)
    shown = os.read(reader, 10_000).decode()
    os.close(reader)
    assert "file [bold]x[/nonsense].csv" in shown
    assert found.stdout == b""
