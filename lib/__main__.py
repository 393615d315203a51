"""The command line: `python -m lib COMMAND`, also installed as `geometry`; `-h` lists the commands."""

import json
import os
import re
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from lib.base.disks import unusable
from lib.base.errors import InputError
from lib.base.progress import STREAM, error_stream

RESUMED = "Finished members are kept; the same command takes up the rest."
UNWRITTEN = "The output was not written; run the command again."
LEFT = dict.fromkeys(("run", "bounds", "shifts", "scores", "search"), RESUMED) | dict.fromkeys(
    ("page", "diagnose", "bench", "archive", "measure", "table"), UNWRITTEN
)


class Output(click.Path):
    """A file to write, of one type; nothing is written to the standard output."""

    def __init__(self, suffix: str) -> None:
        super().__init__(path_type=Path)
        self.suffix = suffix

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        path = Path(super().convert(value, param, ctx))
        if path.suffix != self.suffix or path.is_dir():
            raise InputError(
                f"The output {str(path)!r} is no file NAME{self.suffix}; give one, such as out{self.suffix}."
            )
        return path


def output_option(suffix: str, words: str, required: bool = True) -> Callable:
    """The option that names the file to write."""
    return click.option("--output", "-o", type=Output(suffix), required=required, help=words)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Train, measure, and render the book *Geometry and Generalization*."""


def _selection(context: click.Context, parameter: click.Parameter, value: str | None) -> dict[str, list[int]]:
    """ "n=4,d=2+5" as {"n": [4], "d": [2, 5]}."""
    pairs = [part.partition("=") for part in value.split(",")] if value is not None else []
    selection = {key.strip(): numbers.split("+") for key, _, numbers in pairs}
    wrong = [one for numbers in selection.values() for one in numbers if not re.fullmatch(r"\s*[0-9]{1,10}\s*", one)]
    if wrong or len(selection) < len(pairs):
        raise InputError(
            f"--only {value!r} is not a selection of members; write it as n=4,d=2+5 (keys n, d, seed, each once)."
        )
    return {key: [int(number) for number in numbers] for key, numbers in selection.items()}


@cli.command()
@click.argument("name")
@click.option("--only", callback=_selection, help="Members to do, such as n=4,d=2+5 or seed=1.")
@click.option("--epochs", type=int, help="Another number of epochs; makes it another run, kept in artifacts/ only.")
@click.option("--device", default="cpu", show_default=True, help="cpu, cuda, cuda:1 ...")
@click.option("--processes", type=click.IntRange(1), help="Worker processes on the CPU [default: one a processor].")
@click.option("--scheduler", help="A Dask cluster's: tcp://HOST:PORT, or the path of its scheduler file.")
@click.option("--plan", is_flag=True, help="Only say what is missing, and what memory and time it will take.")
def run(
    name: str,
    only: dict[str, list[int]],
    epochs: int | None,
    device: str,
    processes: int | None,
    scheduler: str | None,
    plan: bool,
) -> None:
    """Train and measure what is missing of the run NAME (runs/NAME.yml). An interrupted run is taken up again."""
    from lib.runs import members, read, store

    specification = read(name, epochs)
    chosen = members(specification, only)
    from lib.runs import execution  # torch: seconds, spent only on a run that exists

    if plan:
        click.echo(execution.plan(specification, only, device, processes))
        return
    before = set(store.missing(specification, chosen))
    done = execution.execute(specification, only, device, processes, scheduler)
    if not done:  # a driver that was killed may have left a manifest behind that is older than its members
        with suppress(OSError):  # nothing had to be done: where nothing can be written, it stays as it is
            store.write_manifest(specification)
    where = store.summary_path(specification, chosen[0]).parent
    lost = {member: epoch for member, epoch in store.diverged(specification).items() if member in chosen}
    there = len(chosen) - len(before | lost.keys())
    click.echo(f"Run {name}: {len(done)} members done, {there} were there; summaries in {where}.")
    if lost:
        click.echo(f"Error: {store.diverged_sentence(specification, lost)}", err=True)
        sys.exit(1)


@cli.command()
@click.argument("name")
@click.option("--parameter", "-p", "parameters", nargs=2, multiple=True, metavar="NAME VALUE", help="A page parameter.")
@output_option(".ipynb", "The executed notebook to write.")
def page(name: str, parameters: tuple[tuple[str, str], ...], output: Path) -> None:
    """Execute the page NAME (book/NAME.py) with other parameters: -p runs '["digits"]'."""
    _execute(name, dict(parameters), output)


def _execute(name: str, parameters: dict[str, object], output: Path, book: Path | None = None) -> None:
    from lib import pages

    try:
        pages.run_page(name, parameters, output, *([book] if book else []))
    except pages.PageError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(1)
    click.echo(f"Wrote {output}.")


@cli.command()
@click.argument("model")
@click.argument("data", nargs=-1, required=True)
@click.option("--reference", default="", metavar="REFERENCE", help="Points it is meant for, best unseen ones.")
@click.option(
    "--architecture", default="", metavar="FILE", help="Of a MODEL that does not state its own: JSON or YAML."
)
@click.option("--points", type=click.IntRange(1), default=1000, show_default=True, help="At most so many of a source.")
@click.option("--coverage", type=float, default=0.99, show_default=True, help="The central share that is ordinary.")
@click.option(
    "--passes",
    type=int,
    default=0,
    metavar="COUNT",
    help="Estimate from so many passes a point, for large d (80 or more).",
)
@click.option(
    "--measures", default="", metavar="NAME+NAME", help="Measures of points to compare as well, or all that can be had."
)
@output_option(".ipynb", "The report, a notebook, to write.")
def diagnose(model: str, data: tuple[str, ...], output: Path, **options: object) -> None:
    """Where will the autoencoder MODEL fail on DATA? (The page diagnose says what both may be.)

    package.module:function is imported and run, with all that it may do. Files are only read.
    """
    from lib.base.usercode import MODELS, check_sources, check_there, is_code

    architecture, reference, coverage = str(options["architecture"]), str(options["reference"]), options["coverage"]
    if not 0 < float(str(coverage)) < 1:
        raise InputError(f"--coverage is {coverage}; give a share between 0 and 1.")
    if passes := options["passes"]:
        from lib.geometry.estimates import check_passes  # torch: seconds, spent only where asked

        check_passes(int(str(passes)))
    check_there(model, suffixes=MODELS)
    if architecture and is_code(model):
        raise InputError(
            f"--architecture {architecture} goes with a file of weights, and {model} is code; leave it out."
        )
    if architecture and not Path(architecture).is_file():
        raise InputError(f"--architecture {architecture} is not a file; give one in JSON or YAML.")
    check_sources(data, reference)
    for source in filter(is_code, dict.fromkeys([model, *data, reference])):
        click.echo(f"{source} is code: it is imported and run, with all that it may do.", err=True)
    os.environ[STREAM] = error_stream()
    parameters = {"model": model, "data": list(data), "folder": str(Path.cwd()), **options}
    from lib.pages.source import TEMPLATES

    _execute("diagnose", parameters, output, TEMPLATES)


@cli.command()
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def claims(name: str, as_json: bool) -> None:
    """Hold the paper's claims, and ours, against the run NAME."""
    from lib.analysis import claims as ledger
    from lib.analysis import search as searching
    from lib.runs import summary

    of_run = summary(name)
    click.echo(ledger.claims_report(of_run, as_json, searching.looked_at(of_run.run)))


@cli.command()
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def bounds(name: str, as_json: bool) -> None:
    """Check the statements of the page proofs at every point of the run NAME (depth of the tables; d = 2, 5, 10, 20)."""
    from lib.runs import read

    read(name)

    from lib.analysis.bound_checks import bound_report  # torch: seconds, spent only on a run that exists

    click.echo(bound_report(name, as_json))


@cli.command()
@click.argument("name")
@click.option("--device", default="cpu", show_default=True, help="cpu, cuda, cuda:1 ...")
@click.option("--plan", is_flag=True, help="Only list the settings that are compared.")
def search(name: str, device: str, plan: bool) -> None:
    """Search for settings that come near the paper's numbers, as searches/NAME.yml says. A search that is stopped goes on."""
    from lib.analysis import search as searching

    settings = searching.candidates(name, searching.read_search(name))
    if plan:
        for run in settings:
            click.echo(searching.words(run))
        return
    table = searching.run_search(name, device)
    best = table.loc[table["distance"].idxmin()]
    click.echo(f"{len(settings)} settings; the nearest is {best['distance']:.2f} away after {best['epochs']} epochs.")
    click.echo(f"Wrote {searching.path_of(name)}.")


@cli.command()
@click.argument("name")
@click.argument("measures", nargs=-1)
@click.option(
    "--only",
    callback=_selection,
    help="Networks to measure, such as n=4,d=2+5 or seed=1 [default: n, d of the tables].",
)
@click.option("--output", "-o", type=Output(".csv"), help="A file for the values at every test point.")
def measure(name: str, measures: tuple[str, ...], only: dict[str, list[int]], output: Path | None) -> None:
    """Compute MEASURES, or all that can be had, of networks of the run NAME, and how well each tells where they fail."""
    from lib.runs import members, read

    members(read(name), only)
    from lib.analysis import measuring  # torch: seconds, spent only on a run that exists
    from lib.base import files

    os.environ[STREAM] = error_stream()
    rows, points = measuring.measure_run(name, measures, only)
    click.echo(measuring.measures_report(rows))
    if output:
        files.write(output, points.to_csv(index=False))
        click.echo(f"Wrote {output}.")


@cli.command()
@click.argument("name")
def table(name: str) -> None:
    """Compute the committed table NAME anew, such as orbits: results/tables/NAME.csv."""
    from lib.analysis.kept import kept_tables
    from lib.base.errors import check_known

    tables = kept_tables()
    check_known("table", name, tables)
    click.echo(f"Wrote {tables[name].write()}.")


@cli.command()
@click.argument("name")
def shifts(name: str) -> None:
    """What tells strange images from test images, for the kept run NAME: computed where its weights are, kept in results/."""
    _keep("shifts", name)


@cli.command()
@click.argument("name")
def scores(name: str) -> None:
    """The scores that the kept run NAME has no numbers for: computed where its weights are, kept in results/."""
    _keep("scores", name)


def _keep(kind: str, name: str) -> None:
    from lib.base.errors import check_known
    from lib.runs import names, read, store

    check_known("kept run", name, [one for one in names() if read(one).committed])
    from lib.analysis import tournament

    dims = [*(tournament.keep_scores(name) if kind == "scores" else tournament.detection_by_dim(name, compute=True))]
    click.echo(f"Run {name}: d = {', '.join(map(str, dims)) or 'none'}; {store.RESULTS / name}/*.{kind}.json.gz.")


@cli.command()
@click.argument("name")
@click.option("--rounds", type=click.IntRange(1), default=5, show_default=True, help="Rounds that are timed.")
@output_option(".json", "The file to write [default: benchmarks/NAME.json].", required=False)
def bench(name: str, rounds: int, output: Path | None) -> None:
    """Time the benchmark NAME (estimates, gpu, jacobians, plain_loop, scaling, training); write what was measured, and where."""
    from benchmarks import BENCHMARKS, FOLDER
    from lib.base import files
    from lib.base.errors import check_known

    check_known("benchmark", name, BENCHMARKS)
    result = BENCHMARKS[name](rounds)
    path = output or FOLDER / f"{name}.json"
    files.write(path, json.dumps(result, indent=1) + "\n")
    for case, values in result.items():
        for key, value in values.items():
            if isinstance(value, float):
                click.echo(f"{case}: {key.replace('_', ' ')} {value:.3g}")
    click.echo(f"Wrote {path}.")


@cli.command()
@output_option(".zip", "The zip file to write.")
def archive(output: Path) -> None:
    """Put the built book, its notebooks, manifests and sources into one file with checksums."""
    from lib.pages import archive as archives

    click.echo(f"Wrote {output}: {archives.write_archive(output)} files, and a checksum of each in SHA256SUMS.")


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def doctor(as_json: bool) -> None:
    """Check the installation, and say what is wrong and how to mend it; the exit code is 1 where anything is."""
    from lib.pages.doctor import examine

    findings = list(examine())
    if as_json:
        rows = [dict(zip(("check", "mark", "sentence"), finding, strict=True)) for finding in findings]
        click.echo(json.dumps(rows, indent=1))
    else:
        for check, mark, sentence in findings:
            click.echo(f"{mark:5}  {check:8}  {sentence}")
    sys.exit(any(mark == "wrong" for _, mark, _ in findings))


def main() -> None:
    """Run the command line; what the user can mend is one sentence and exit code 2."""
    try:
        cli(standalone_mode=False)
    except InputError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(2)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except OSError as error:
        click.echo(f"Error: {unusable(error)}", err=True)
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        click.echo(f"Interrupted. {LEFT.get(next(iter(sys.argv[1:]), ''), '')}".rstrip(), err=True)
        sys.exit(130)


if __name__ == "__main__":
    main()
