"""Commands about people's own rights: forget."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli_options import Config, HomeFolder, opened

if TYPE_CHECKING:
    from pipelines.context import Context
    from pipelines.forget import Erasure
    from pipelines.forget_requests import Request


def register(app: typer.Typer, /) -> None:
    """Add these commands to the command line."""
    app.command()(forget)


def forget(
    ids: Annotated[
        str,
        typer.Option("--ids", help="File with the platform's own user ids, one a line; - reads them from a pipe."),
    ] = "",
    request: Annotated[str, typer.Option("--request", help="Carry out, or go on with, a request made before.")] = "",
    listed: Annotated[bool, typer.Option("--list", help="Show the requests.")] = False,
    later: Annotated[
        bool, typer.Option("--later", help="With --ids: keep the request for --request or a DAG.")
    ] = False,
    home: HomeFolder = None,
    config: Config = None,
) -> None:
    """Erase people who asked for it, everywhere in the home, and keep later deliveries from bringing them back.

    \b
    lyceum forget --ids ids.txt            erase these people now
    lyceum forget --ids ids.txt --later    keep the request, and print its id
    lyceum forget --request ID             carry it out
    lyceum forget --list                   requests and what became of them

    Ids are hashed in memory and are never taken as arguments, which stay in the shell's history. Whether somebody was
    known is not said. It can be run again at any time; the files that the platform delivered are yours to clean.
    """
    from lyceum.errors import UsageError

    if sum((bool(ids), bool(request), listed)) != 1 or (later and not ids):
        raise UsageError(
            "Say what to do.", remedy="Give one of --ids FILE, --request ID, --list; --later with --ids."
        )
    with opened(home, config) as ctx:
        if listed:
            _show(ctx)
        else:
            _do(ctx, request or _asked(ctx, ids), later=later)


def _show(ctx: "Context") -> None:
    from pipelines.forget_requests import listing

    found = listing(ctx.home)
    for one in found:
        typer.echo(_line(one))
    if not found:
        typer.echo("There are no requests.")


def _line(one: "Request") -> str:
    done = f"  done {one.done_at[:16]}" if one.done_at else ""
    return f"{one.request}  {one.state:8} asked {one.made_at[:16]}{done}  {one.count:>6,} ids"


def _asked(ctx: "Context", ids: str) -> str:
    from lyceum.errors import InputError
    from pipelines.forget_requests import ask, own_ids

    file = Path(ids)
    if ids != "-" and not file.is_file():
        raise InputError(f"There is no file of ids {file}.", remedy="Give --ids a file with one id a line, or -.")
    made = ask(ctx, own_ids(sys.stdin.buffer.read() if ids == "-" else file.read_bytes()))
    typer.echo(f"Request {made.request}: {made.count:,} ids.")
    return made.request


def _do(ctx: "Context", request: str, *, later: bool) -> None:
    from pipelines.forget import forget as carry_out

    if later:
        typer.echo(f"Kept. Carry it out by `lyceum forget --request {request}`, or let the DAG forget_users do so.")
        return
    for line in _told(carry_out(ctx, request)):
        typer.echo(line)


def _told(done: "Erasure") -> list[str]:
    releases = f"{len(done.rebuilt)} releases made anew, {len(done.removed)} removed"
    lines = [
        f"Done: {done.rows:,} rows removed, {done.references:,} rows of others name nobody there now, "
        f"{done.texts:,} lines kept as delivered emptied; {releases}.",
        "Later deliveries do not bring these people back.",
    ]
    return lines + [f"Not touched, the platform's own files: {folder}" for folder in done.left]
