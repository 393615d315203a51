"""Where a run's files lie, and how each is checked before it is used.

    artifacts/NAME/DIGEST/MEMBER.safetensors   weights, with the digest of the code that trained them
    artifacts/NAME/DIGEST/MEMBER.parquet       the per-point table
    artifacts/NAME/DIGEST/MEMBER.json          the summary (of a kept run: results/NAME/MEMBER.json)

The digest in the path is the run's, so a changed specification never meets old files. A file carries a checksum or a
digest of what it was made from; one that does not match is refused by name.
"""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from lib import files
from lib.autoencoders import Pair, build, linear_layers
from lib.errors import InputError
from lib.runs.specification import Member, Run

ARTIFACTS = files.ROOT / "artifacts"
RESULTS = files.ROOT / "results"


def folder(run: Run) -> Path:
    """The run's folder of artifacts."""
    return ARTIFACTS / run.name / run.digest[:12]


def weights_path(run: Run, member: Member) -> Path:
    """Where a member's weights lie."""
    return folder(run) / f"{member.name}.safetensors"


def points_path(run: Run, member: Member) -> Path:
    """Where a member's per-point table lies."""
    return folder(run) / f"{member.name}.parquet"


def summary_path(run: Run, member: Member) -> Path:
    """Where a member's summary lies."""
    return (RESULTS / run.name if run.kept else folder(run)) / f"{member.name}.json"


def damaged(path: Path, why: object) -> InputError:
    """The refusal of a file that is not what it should be."""
    return InputError(f"{path.relative_to(files.ROOT) if path.is_relative_to(files.ROOT) else path} is damaged ({why}); delete it and run again.")


def save_weights(path: Path, pair: Pair, metadata: dict[str, str]) -> None:
    """Write a member's weights, float32, as safetensors, its widths and output among the metadata."""
    encoder, decoder = pair
    chain = linear_layers(encoder) + linear_layers(decoder)
    tensors = {}
    for index, layer in enumerate(chain):
        tensors |= {f"{index}.weight": layer.weight.detach(), f"{index}.bias": layer.bias.detach()}
    checksum = files.digest([files.sha256(tensor.numpy().tobytes()) for tensor in tensors.values()])
    member_widths = [chain[0].in_features, *(layer.out_features for layer in chain[: len(chain) // 2])]
    output = "affine" if decoder[-1] is chain[-1] else "sigmoid"
    metadata = metadata | {"widths": json.dumps(member_widths), "output": output, "sha256": checksum}
    with files.replacing(path) as temporary:
        save_file(tensors, temporary, metadata)


def load_weights(path: Path) -> tuple[Pair, dict[str, str]]:
    """Read a member's weights back as a plain pair, with the metadata; `InputError` for a truncated or altered file."""
    try:
        with safe_open(path, "pt") as saved:
            metadata = saved.metadata()
            encoder, decoder = build(json.loads(metadata["widths"]), seed=0, output=metadata["output"])
            tensors = {}
            for index, layer in enumerate(linear_layers(encoder) + linear_layers(decoder)):
                for name in ("weight", "bias"):
                    tensors[f"{index}.{name}"] = saved.get_tensor(f"{index}.{name}")
                    getattr(layer, name).data.copy_(tensors[f"{index}.{name}"])
    except (SafetensorError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise damaged(path, error) from error
    if files.digest([files.sha256(tensor.numpy().tobytes()) for tensor in tensors.values()]) != metadata["sha256"]:
        raise damaged(path, "its checksum does not match")
    return (encoder, decoder), metadata


def save_points(path: Path, points: pa.Table) -> None:
    """Write a per-point table as Parquet, with page checksums."""
    with files.replacing(path) as temporary:
        pq.write_table(points, temporary, write_page_checksum=True, compression="zstd")


def load_points(path: Path) -> pa.Table:
    """Read a per-point table back; `InputError` for a truncated or altered file."""
    try:
        return pq.read_table(path, page_checksum_verification=True)
    except (pa.ArrowException, OSError) as error:
        raise damaged(path, error) from error


def save_summary(path: Path, content: dict[str, Any]) -> None:
    """Write a summary as JSON beside its own checksum."""
    files.write(path, json.dumps({"sha256": files.digest(content), "content": content}, indent=None) + "\n")


def load_summary(path: Path) -> dict[str, Any]:
    """Read a summary back; `InputError` for a truncated or altered file."""
    try:
        document = json.loads(path.read_bytes())
        content, expected = document["content"], document["sha256"]
    except (ValueError, KeyError, TypeError) as error:
        raise damaged(path, error) from error
    if files.digest(content) != expected:
        raise damaged(path, "its checksum does not match")
    return content


def json_text(value: object) -> str:
    """A readable JSON document."""
    return json.dumps(value, indent=1) + "\n"


def encoded_history(epochs: list[int], columns: dict[str, list[float]]) -> str:
    """A training history as JSON; NaN (not evaluated) is null."""
    values = {name: [None if value != value else value for value in column] for name, column in columns.items()}
    return json.dumps({"epoch": epochs} | values)


def decoded_history(text: str) -> list[dict[str, Any]]:
    """The history's rows: epoch, train_mse, test_mse (None where not evaluated)."""
    columns = json.loads(text)
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
