"""Neighbour distances of a data set, computed once for all of its runs."""

import numpy as np
import pyarrow as pa

from lib import covariates, files
from lib.datasets import Dataset
from lib.runs import store
from lib.sources import code_digest


def neighbours(dataset: Dataset) -> dict[str, np.ndarray]:
    """`lib.covariates.neighbours` of a data set, kept in artifacts/neighbours/."""
    made_by = code_digest(("lib.covariates",))
    path = store.ARTIFACTS / "neighbours" / f"{dataset.sha256[:12]}-{made_by[:12]}.parquet"
    if not path.exists():
        files.write(path, store.encoded_points(pa.table(covariates.neighbours(dataset))))
    table = store.load_points(path)
    return {name: table[name].to_numpy() for name in table.column_names}
