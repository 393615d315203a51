"""What a run is: a validated runs/NAME.yml, its members, and its digest."""

import dataclasses
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    TypeAdapter,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic_core import PydanticCustomError

from lib.base import documents, files
from lib.base.errors import InputError, check_known
from lib.base.validation import one_of, refusal, wanted
from lib.training.options import DATASETS, HIDDEN_WIDTHS, INITIALISATIONS, LOSSES, OUTPUTS, PRECISIONS, widths

if TYPE_CHECKING:
    from lib.training.datasets import Dataset

FOLDER = files.ROOT / "runs"
EXAMPLE = "runs/digits.yml"
DIMS = (2, 5, 10, 20)  # latent dimensions that are looked at more closely, of those that a run has
MOST = 100_000  # members of a run
DEEPEST = 1000
ADMINISTRATIVE = ("name", "committed", "table_depth")  # fields of a run that change no result
HASHED_AT_DEFAULT = ("weight_decay", "precision", "train_points", "test_points", "snapshots")


# --- what a run file may hold --------------------------------------------------------------------------------------


def _spelled_out(value: Any) -> Any:
    """The text FIRST..LAST as a list; any other value as it is."""
    if isinstance(value, str) and (ends := re.fullmatch(r"([0-9]{1,9})\.\.([0-9]{1,9})", value)):
        first, last = map(int, ends.groups())
        return list(range(first, min(last, first + MOST) + 1))  # so many are refused anyway; more would fill the memory
    return value


def _listed(value: Any) -> list:
    if not isinstance(value, list):  # pydantic would take a set as well, whose order is not that of the file
        raise ValueError("no list")
    return value


def _different(values: tuple[int, ...]) -> tuple[int, ...]:
    if len(set(values)) != len(values):
        raise ValueError("a number stands twice")
    return values


def _name_or_file(value: Any, validate: ValidatorFunctionWrapHandler) -> str:
    """A data set's name, or the absolute path of a user's .npz file."""
    if not isinstance(value, str) or not value.endswith(".npz"):
        return validate(value)
    try:
        path = (files.ROOT / value).resolve()
        exists = path.is_file()
    except (OSError, ValueError, RuntimeError):  # a name that no file can have, or a link to itself
        exists = False
    if not exists:
        remedy = "give the path of a file that exists, from the project's root: no such file is there"
        raise PydanticCustomError("wanted", remedy)
    return str(path)


WHOLE = "different whole numbers from {} to {}, as a list or as FIRST..LAST"
SIZES = f"one of {', '.join(HIDDEN_WIDTHS)}, or lists of whole numbers by depth"
LARGEST = 2**31 - 1
Item = TypeVar("Item", bound=int)
Listed = Annotated[tuple[Item, ...], BeforeValidator(_listed)]
Different = Annotated[Listed[Item], Field(min_length=1), AfterValidator(_different), BeforeValidator(_spelled_out)]
Natural = Annotated[int, Field(strict=True, ge=0, le=LARGEST)]
Count = Annotated[int, Field(strict=True, ge=1, le=LARGEST), wanted("a whole number from 1 (below 2^31)")]
Depth = Annotated[int, Field(strict=True, ge=1, le=DEEPEST)]
Naturals = Annotated[Different[Natural], wanted(WHOLE.format(0, LARGEST))]
Counts = Annotated[Different[Count], wanted(WHOLE.format(1, LARGEST))]
Depths = Annotated[Different[Depth], wanted(WHOLE.format(1, DEEPEST))]
HiddenWidths = Annotated[
    Annotated[str, one_of(HIDDEN_WIDTHS)] | dict[Annotated[int, Field(strict=True)], Listed[Count]], wanted(SIZES)
]
Positive = Annotated[float, Field(strict=True, gt=0, lt=1e6), wanted("a number above 0")]
NotNegative = Annotated[float, Field(strict=True, ge=0, lt=1e6), wanted("a number from 0")]
Flag = Annotated[bool, Field(strict=True), wanted("true or false")]


# --- a run and its members ------------------------------------------------------------------------------------------


@dataclass(frozen=True, order=True)
class Member:
    """One autoencoder of a run: depth n, latent dimension d, seed."""

    depth: int
    latent_dim: int
    seed: int

    @property
    def name(self) -> str:
        """Its file name, such as n4-d20-s0."""
        return f"n{self.depth}-d{self.latent_dim}-s{self.seed}"

    @property
    def only(self) -> str:
        """What selects it on the command line, such as n=4,d=20,seed=0."""
        return f"n={self.depth},d={self.latent_dim},seed={self.seed}"


@dataclass(frozen=True)
class Run:
    """A run's specification. `hidden_widths` is "linear", "geometric", or the widths by depth.

    `snapshots`: epochs after which the weights are kept as well, to see how the spectra come about (0: untrained).
    `committed`: its summary belongs into results/ and is committed; else into artifacts/.
    """

    name: str
    dataset: Annotated[str, one_of(DATASETS), WrapValidator(_name_or_file)]
    latent_dims: Counts
    depths: Depths
    seeds: Naturals
    table_depth: Count
    hidden_widths: HiddenWidths
    initialisation: Annotated[str, one_of(INITIALISATIONS)]
    output: Annotated[str, one_of(OUTPUTS)]
    epochs: Count
    batch_size: Count
    learning_rate: Positive
    weight_decay: NotNegative = 0.0
    precision: Annotated[str, one_of(PRECISIONS)] = "float32"
    train_points: Count | None = None
    test_points: Count | None = None
    snapshots: Naturals = ()
    loss: Annotated[str, one_of(LOSSES)] = "squared"
    committed: Flag = False

    @cached_property
    def digest(self) -> str:
        """What identifies the results: the specification (not its name), and the file of a data set of the user's own."""
        values = {name: value for name, value in dataclasses.asdict(self).items() if name not in ADMINISTRATIVE}
        for field in dataclasses.fields(self):
            # A field that came after the first committed results is hashed only where it departs from its default:
            # else its mere existence would disown all of them.
            if field.name not in HASHED_AT_DEFAULT and values.get(field.name, ...) == field.default:
                values.pop(field.name)
        if self.dataset.endswith(".npz"):
            values["dataset"] = files.sha256(Path(self.dataset))
        return files.digest(values)

    def load_dataset(self) -> "Dataset":
        """The data set (`lib.training.datasets.Dataset`), cut to the run's numbers of points."""
        from lib.training import datasets  # torch: only where data are read

        return datasets.load(self.dataset, self.train_points, self.test_points)

    def widths(self, member: Member, input_dim: int) -> tuple[int, ...]:
        """The encoder's widths of a member."""
        hidden = self.hidden_widths if isinstance(self.hidden_widths, str) else self.hidden_widths[member.depth]
        return widths(input_dim, member.latent_dim, member.depth, hidden)


_VALIDATOR = TypeAdapter(Run)


def members(run: Run, only: Mapping[str, Collection[int]] | None = None) -> list[Member]:
    """The members of a run, the depth of its tables first; `only` keeps those whose n (depth), d, seed are among those given."""
    keys = {"n": "depth", "d": "latent_dim", "seed": "seed"}
    depths = sorted(run.depths, key=lambda depth: (depth != run.table_depth, depth))
    chosen = [Member(n, d, seed) for n in depths for d in run.latent_dims for seed in run.seeds]
    for key, values in (only or {}).items():
        check_known("member key", key, keys)
        known = sorted({getattr(member, keys[key]) for member in chosen})
        for value in values:
            check_known(f"{key} of run {run.name}", value, known)
        chosen = [member for member in chosen if getattr(member, keys[key]) in values]
    return chosen


def reference_members(run: Run) -> list[Member]:
    """The members that are looked at closely: at the tables' depth, of the first seed, d = 2, 5, 10, 20 (else its largest d)."""
    dims = [d for d in DIMS if d in run.latent_dims] or [max(run.latent_dims)]
    return [Member(run.table_depth, d, run.seeds[0]) for d in dims]


def names() -> list[str]:
    """The runs there are: the names of runs/*.yml."""
    return sorted(path.stem for path in FOLDER.glob("*.yml"))


def read(name: str, epochs: int | None = None) -> Run:
    """Read and validate runs/NAME.yml; `epochs` overrides its epochs, which makes it another run, never committed.

    Raises `InputError` for an unknown run, an unknown or missing key, or a value of the wrong kind.
    """
    if not isinstance(name, str) or not re.fullmatch(r"[a-z0-9-]+", name):
        raise InputError(
            f"Run name {name!r} is not usable; give the name of a file in runs/, without .yml, of a-z, 0-9 and hyphens."
        )
    if f"{name}.yaml" in {path.name for path in FOLDER.glob("*.yaml")} and name not in names():
        raise InputError(f"runs/{name}.yaml is not read; rename it to runs/{name}.yml.")
    check_known("run", name, names())
    where = f"runs/{name}.yml"
    values = documents.parse(documents.text(FOLDER / f"{name}.yml", where), where)
    run = validated(name, values, where)
    if epochs is None:
        return run
    return validated(name, values | {"epochs": epochs, "committed": False}, "the option --epochs")


def validated(name: str, values: Any, where: str) -> Run:
    """The run of these keys and values, which stand in `where`. Raises `InputError` as `read` does."""
    if not isinstance(values, dict):
        raise InputError(f"{where} holds {type(values).__name__}, not keys and values; see {EXAMPLE}.")
    keys = [field.name for field in dataclasses.fields(Run) if field.name != "name"]
    for key in values:
        check_known(f"key in {where}", key, keys)
    try:
        run = _VALIDATOR.validate_python(values | {"name": name})
    except ValidationError as error:
        raise refusal(error, where, example=EXAMPLE) from error
    size = len(run.depths) * len(run.latent_dims) * len(run.seeds)
    if size > MOST:
        raise InputError(f"{where} has {size} members (depths x latent_dims x seeds); give at most {MOST}.")
    check_known(f"table_depth in {where}", run.table_depth, run.depths)
    if (run.loss, run.output) == ("cross-entropy", "affine"):
        raise InputError(f"The loss cross-entropy in {where} needs outputs in [0, 1]; add `output: sigmoid`.")
    if isinstance(run.hidden_widths, dict):
        for depth in run.depths:
            if depth not in run.hidden_widths:
                raise InputError(f"hidden_widths in {where} lack the depth {depth}; add its {depth - 1} widths.")
            if len(run.hidden_widths[depth]) != depth - 1:
                raise InputError(
                    f"hidden_widths of depth {depth} in {where} are {list(run.hidden_widths[depth])}; list {depth - 1}."
                )
    return run
