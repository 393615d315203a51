"""The committed timings, and how a run scales on paper: what jobs, transfers and scheduling cost (`benchmarks.scaling`)."""

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from lib.base import files
from lib.base.errors import check_known


def committed(name: str) -> dict[str, Any]:
    """What benchmarks/NAME.json holds: the last figures that were committed."""
    folder = files.ROOT / "benchmarks"
    check_known("benchmark", name, sorted(path.stem for path in folder.glob("*.json")))
    return json.loads((folder / f"{name}.json").read_text())


def makespan(case: Mapping[str, float], cost: Mapping[str, float], workers: int) -> float:
    """T(W) in seconds: `case` has jobs, job_seconds, result_bytes, data_bytes; `cost` has task_seconds, bytes_a_second."""
    sending = math.ceil(math.log2(workers + 1)) * case["data_bytes"] / cost["bytes_a_second"]
    driver = cost["task_seconds"] + case["result_bytes"] / cost["bytes_a_second"]
    return sending + max(math.ceil(case["jobs"] / workers) * case["job_seconds"], case["jobs"] * driver)


def gains(benchmark: Mapping[str, Any], most: int = 10_000) -> pd.DataFrame:
    """T(1) / T(W), a column a case, by the number of workers W up to `most`."""
    workers = np.unique(np.geomspace(1, most, 100).round().astype(int))
    cost = benchmark["cost"]
    columns = {
        name: [makespan(case, cost, 1) / makespan(case, cost, int(count)) for count in workers]
        for name, case in benchmark["cases"].items()
    }
    return pd.DataFrame(columns, index=workers)


def saturation(case: Mapping[str, float], cost: Mapping[str, float]) -> float:
    """W*, the number of workers that one driver keeps busy."""
    return case["job_seconds"] / (cost["task_seconds"] + case["result_bytes"] / cost["bytes_a_second"])
