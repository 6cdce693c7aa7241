"""`pishi simulate`: an office plays so many days on its own clock; exit 1 when something waited unseen or got stuck."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.commands.options import AsJson, note, read_settings, say
from gateway.commands.type_changes import progress, progress_over

if TYPE_CHECKING:
    from approval_core.store import Store
    from gateway.simulation import Figures

TEMPORARY = "temporary"
WIDTH = 30


def simulate(
    days: Annotated[int, typer.Option("--days", min=1, max=3660, help="Days of the calendar.")] = 30,
    people: Annotated[int, typer.Option("--people", min=1, max=20_000, help="How many take part.")] = 3000,
    seed: Annotated[int, typer.Option("--seed", help="The same seed plays the same office.")] = 1,
    filings: Annotated[
        float, typer.Option("--filings", min=0.0, max=10.0, help="What a person files a day.")
    ] = 0.1,
    database: Annotated[
        str, typer.Option("--database", help="A database without people, or `temporary`.")
    ] = TEMPORARY,
    json: AsJson = False,
) -> None:
    """Play an invented office for so many days and judge: nothing may wait unseen on somebody absent, nothing may be stuck."""
    from gateway.simulation import Plan
    from gateway.simulation import simulate as play

    plan = Plan(days=days, people=people, seed=seed, filings=filings)
    with _store(database) as store:
        figures = play(store, plan, read_settings(demo=True), progress=_bar)
    progress_over()
    say({"seed": seed, "ok": figures.ok, "figures": figures}, figures.lines(), json_wanted=json)
    if not figures.ok:
        note("a must has failed; the lines above name examples")
        raise typer.Exit(1)


@contextmanager
def _store(database: str) -> Iterator[Store]:
    """Brought to the newest schema; a temporary one is gone afterwards."""
    from approval_core.store import Store
    from gateway.databases import migrate_if_behind

    with TemporaryDirectory(prefix="pishi-simulated-") as folder:
        temporary = database == TEMPORARY
        url = (
            f"sqlite:///{Path(folder) / 'office.db'}"
            if temporary
            else read_settings(database=database).database
        )
        migrate_if_behind(url)
        store = Store(url)
        try:
            yield store
        finally:
            store.close()


def _bar(done: int, of: int, figures: Figures) -> None:
    full = WIDTH * done // of
    acts = sum(figures.acts.values())
    progress(f"[{'#' * full}{'.' * (WIDTH - full)}] day {done}/{of}, {acts:,} acts")
