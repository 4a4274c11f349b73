"""`python -m estimators losses | capacity | plot`: from checkpoints to numbers and figures."""

from pathlib import Path

from datagen.command_line import OneLineParser, one_line_errors
from datagen.wording import subject_names
from estimators.capacity import capacity, format_table, load_capacities, save_capacities
from estimators.checkpoint import open_checkpoint
from estimators.losses import TABLE, ensure_losses
from estimators.plots import plot_capacity

RUNS_HELP = "runs (the newest whole checkpoint of each) or checkpoint folders"


def losses_command(runs: list[Path]) -> None:
    """Measure the answer loss of every one-hop fact into losses.csv in each checkpoint's folder."""
    for path in runs:
        checkpoint = open_checkpoint(path)
        subjects = subject_names(checkpoint.world.profiles, checkpoint.world.pools)
        losses = ensure_losses(checkpoint, subjects)
        print(
            f"{checkpoint.path / TABLE}: {len(losses.nats):,} facts,"
            f" {losses.nats.mean():.4f} nats an answer"
        )


def capacity_command(runs: list[Path], out: Path) -> None:
    """Account for the bits of each run in OUT/capacity.csv, and print the table."""
    rows = sorted((capacity(path) for path in runs), key=lambda row: (row.parameters, row.run))
    table = save_capacities(rows, out)
    print(f"\n{format_table(rows)}\n\n{table}")


def plot_command(folder: Path) -> None:
    """Draw the figures of the result files in a folder."""
    for path in plot_capacity(load_capacities(folder), folder):
        print(path)


def main(args: list[str] | None = None) -> None:
    """Run the command line."""
    parser = OneLineParser(prog="python -m estimators", description=__doc__)
    commands = parser.add_subcommands(dest="command")

    def command(function: object) -> OneLineParser:
        return OneLineParser(description=function.__doc__)

    losses = command(losses_command)
    losses.add_argument("runs", nargs="+", type=Path, help=RUNS_HELP)
    account = command(capacity_command)
    account.add_argument("runs", nargs="+", type=Path, help=RUNS_HELP)
    account.add_argument("--out", type=Path, required=True, help="folder for capacity.csv")
    plot = command(plot_command)
    plot.add_argument("folder", type=Path, help="folder with capacity.csv")
    commands.add_subcommand("losses", losses, help=losses_command.__doc__)
    commands.add_subcommand("capacity", account, help=capacity_command.__doc__)
    commands.add_subcommand("plot", plot, help=plot_command.__doc__)
    with one_line_errors():
        parsed = parser.parse_args(args)
        run = {"losses": losses_command, "capacity": capacity_command, "plot": plot_command}
        run[parsed.command](**parsed[parsed.command].as_dict())


if __name__ == "__main__":
    main()
