"""Neighbour distances of a data set, computed once for all of its runs."""

import numpy as np
import pyarrow as pa

from lib.base import files
from lib.base.digests import code_digest
from lib.measures import baselines
from lib.runs import store
from lib.training.datasets import Dataset


def neighbours(dataset: Dataset) -> dict[str, np.ndarray]:
    """`lib.measures.baselines.neighbours` of a data set, kept in artifacts/neighbours/."""
    made_by = code_digest(("lib.measures.baselines",))
    path = store.ARTIFACTS / "neighbours" / f"{dataset.sha256[:12]}-{made_by[:12]}.parquet"
    if not path.exists():
        files.write(path, store.encoded_points(pa.table(baselines.neighbours(dataset))))
    table = store.load_points(path)
    return {name: table[name].to_numpy() for name in table.column_names}
