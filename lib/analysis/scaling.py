"""The committed timings."""

import json
from typing import Any

from lib.base import files
from lib.base.errors import check_known


def committed(name: str) -> dict[str, Any]:
    """What benchmarks/NAME.json holds: the last figures that were committed."""
    folder = files.ROOT / "benchmarks"
    check_known("benchmark", name, sorted(path.stem for path in folder.glob("*.json")))
    return json.loads((folder / f"{name}.json").read_text())
