"""What a parser takes, by its own source: operands, choices, required options. What it takes is never called wrong."""

from __future__ import annotations

import pytest
from tests.checking.test_kinds import check, last

CLAP = {
    "Cargo.toml": "[package]\nname = 'sorter'\n",
    "src/drain.rs": "#[derive(Args)]\npub struct Args {\n    queue: String,\n    #[arg(long)]\n    into: String,\n}\n",
    "src/main.rs": """
mod drain;
#[derive(Parser)]
struct Cli {
    /// how long to wait
    #[arg(long, global = true, default_value = "http://x", help = "where, short of localhost")]
    endpoint: String,
    #[command(subcommand)]
    command: Command,
}
#[derive(Subcommand)]
enum Command {
    Halt { chute: u16, #[arg(long, value_enum)] reason: Reason, #[arg(short, long)] note: Option<String> },
    Restore { snapshot: PathBuf, label: String },
    Drain(drain::Args),
    Purge { #[arg(required = true)] codes: Vec<String> },
    Keep { #[arg(long, env = "KEEP")] days: u32, #[arg(default_value_t = 3)] copies: u8,
        #[arg(last = true)] rest: Vec<String> },
    Stats,
    #[clap(trailing_var_arg = true)]
    Exec { #[clap(allow_hyphen_values = true)] args: Vec<String> },
}
#[derive(ValueEnum, Clone)]
enum Reason { Jam, #[value(name = "power-cut")] Power, ManualStop }
#[derive(Parser)]
struct Args { other: u8 }
""",
}
ARGPARSE = {
    "t.py": """
import argparse
SPEEDS = {"slow": 1, "fast": 2}
def shared(p, name):
    p.add_argument(name)
    p.add_argument("--tolerance", type=float, required=True)
def build():
    top = argparse.ArgumentParser()
    top.add_argument("--speed", choices=SPEEDS)
    sub = top.add_subparsers(required=True)
    a = sub.add_parser("compare", aliases=["c"])
    shared(a, "source")
    a.add_argument("target", nargs="?")
    g = a.add_mutually_exclusive_group()
    g.add_argument("--dry-run", action="store_true")
    g.add_argument("--force", action="store_true")
    b = sub.add_parser("drop")
    b.add_argument("ids", nargs="+", type=int)
    b.add_argument("--only", nargs="*")
    for name in ("up", "down"):
        sub.add_parser(name)
    return top
if __name__ == "__main__":
    build().parse_args()
""",
    "loop.py": "import argparse\np = argparse.ArgumentParser()\n"
    "for each in [p]:\n    each.add_argument('--x', required=True)\n",
    "lost.py": "import argparse\nparsers = {1: argparse.ArgumentParser()}\n"
    "for p in parsers.values():\n    p.add_argument('--x')\n",
    "lent.py": "import argparse, shop.cli\np = argparse.ArgumentParser()\np.add_argument('x')\n"
    "shop.cli.extend(p)\np.parse_args()\n",
}
CLICK = {
    "c.py": """
import click
from shop import shared_options
@click.group()
@click.option("--dsn", required=True, envvar="DSN")
def cli(dsn): pass
@cli.command()
@click.option("--window", type=click.Choice(["5m", "1h"], case_sensitive=False), required=True)
@click.argument("days", type=int, nargs=2)
def build_it(window, days): pass
@cli.command("warm")
@shared_options
def warm(): pass
@cli.command()
@click.argument("shards", nargs=-1)
@click.confirmation_option()
def wipe(shards): pass
cli()
""",
    "y.py": """
import enum, typer
class Level(str, enum.Enum):
    low = "low"
    high = "very-high"
app = typer.Typer()
@app.command()
def raise_it(name: str, level: Level = Level.low, count: int = typer.Option(...), force: bool = False): pass
@app.command()
def lower(names: list[str], by: Annotated[str, typer.Option("--by-whom", "-b", envvar="BY")]): pass
app()
""",
}


@pytest.mark.parametrize(
    ("files", "fence"),
    [
        (CLAP, "sorter halt 12 --reason=power-cut -n 'all of it'"),
        (CLAP, "sorter halt --reason manual-stop --endpoint http://y <CHUTE>"),
        (CLAP, "sorter restore today.bin main"),
        (CLAP, "sorter restore today /mnt/main"),
        (CLAP, "sorter drain a --into b"),
        (CLAP, "sorter purge a b c"),
        (CLAP, "sorter keep -- a b"),
        (CLAP, "sorter halt --help"),
        (CLAP, "sorter help halt"),
        (CLAP, "sorter exec ls -la --color"),
        (ARGPARSE, "python3 t.py --speed fast compare a --tol 0.1"),
        (ARGPARSE, "python3 t.py c a b --tolerance=-1e3 --dry-run"),
        (ARGPARSE, "python3 t.py drop 1 2 3 --only a b"),
        (ARGPARSE, "python3 t.py down"),
        (ARGPARSE, "python3 loop.py --x 1"),
        (ARGPARSE, "python3 lost.py --x 1"),
        (ARGPARSE, "python3 lent.py a b --more"),
        (CLICK, "python3 c.py build-it --window 1H 3 4"),
        (CLICK, "python3 c.py warm --anything at all"),
        (CLICK, "python3 c.py --dsn x wipe --yes"),
        (CLICK, "python3 y.py raise-it x --count 3 --level very-high --no-force"),
        (CLICK, "python3 y.py lower a b c"),
    ],
)
def test_what_a_parser_takes_matches(files: dict[str, str], fence: str) -> None:
    row = check(files, fence)[-1]
    assert row.verdict == "matches", row.findings


@pytest.mark.parametrize(
    ("files", "fence", "verdict", "what"),
    [
        (CLAP, "sorter halt 12 --reason eclipse", "missing", "value eclipse of --reason of sorter halt"),
        (CLAP, "sorter halt 12 --reason power", "missing", "value power of --reason"),
        (CLAP, "sorter halt 12", "missing", "arguments of sorter halt: --reason"),
        (CLAP, "sorter halt --reason jam", "missing", "arguments of sorter halt: chute"),
        (CLAP, "sorter halt twelve --reason jam", "missing", "argument twelve of sorter halt (chute)"),
        (CLAP, "sorter restore main /b/today.bin", "ambiguous", "in another order"),
        (CLAP, "sorter drain a", "missing", "arguments of sorter drain: --into"),
        (CLAP, "sorter purge", "missing", "arguments of sorter purge: codes"),
        (CLAP, "sorter stats 7", "ambiguous", "arguments of sorter stats: 7"),
        (ARGPARSE, "python3 t.py --speed quick down", "missing", "value quick of --speed"),
        (ARGPARSE, "python3 t.py compare a", "missing", "arguments of t.py compare: --tolerance"),
        (ARGPARSE, "python3 t.py c --tolerance 1", "missing", "arguments of t.py compare: source"),
        (ARGPARSE, "python3 t.py compare a b c --tolerance 1", "ambiguous", "c is ignored"),
        (ARGPARSE, "python3 t.py compare a --tolerance wide", "missing", "value wide of --tolerance"),
        (ARGPARSE, "python3 t.py c a --tolerance 1 --dry-run --force", "missing", "flags --dry-run and --force"),
        (ARGPARSE, "python3 t.py drop one", "missing", "argument one of t.py drop (ids)"),
        (ARGPARSE, "python3 loop.py", "missing", "arguments of loop.py: --x"),
        (CLICK, "python3 c.py build-it --window 10m 3 4", "missing", "value 10m of --window"),
        (CLICK, "python3 c.py build-it --window 1h 3", "missing", "arguments of c.py build-it: days"),
        (CLICK, "python3 c.py wipe 3", "ambiguous", "asks on a terminal (confirmation_option)"),
        (CLICK, "python3 y.py raise-it x", "missing", "arguments of y.py raise-it: --count"),
        (CLICK, "python3 y.py raise-it x --count 3 --level high", "missing", "value high of --level"),
        (CLICK, "python3 y.py lower", "missing", "arguments of y.py lower: names"),
    ],
)
def test_what_a_parser_refuses_is_found(files: dict[str, str], fence: str, verdict: str, what: str) -> None:
    found = last(files, fence)
    assert found[0] == verdict and what in found[1], check(files, fence)[-1].findings
