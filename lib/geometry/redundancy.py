"""How well a chunk of a layer's units predicts the other units, after Doimo et al. (2021), on points held out.

A linear map from `size` random units to all units outside the chunk is fitted on one set of points and judged on another;
units that are constant on the former are left out. R2 is averaged over units with the weights of their variances. The
residual correlation is the mean of |correlation| over pairs of predicted units: near sqrt(2 / (pi points)), its value for
independent residuals, where the units are copies with independent noise. A layer of low rank with independent noise gives
the same two numbers once the chunk is larger than its rank.
"""

import numpy as np


def predicted_by_chunk(fitted: np.ndarray, held_out: np.ndarray, size: int, seed: int) -> tuple[float, float]:
    """R2 and residual correlation, from activations `fitted` and `held_out` (points, units) and a random chunk of `size` units.

    A tiny ridge, 1e-8, settles which of the exact solutions is meant; in float64, for in float32 it would be lost.
    """
    from sklearn.linear_model import Ridge
    from sklearn.metrics import r2_score

    fitted, held_out = fitted.astype(np.float64), held_out.astype(np.float64)
    units = np.random.default_rng(seed).permutation(np.flatnonzero(np.ptp(fitted, axis=0) > 0))
    chunk, others = units[:size], units[size:]
    guess = Ridge(1e-8).fit(fitted[:, chunk], fitted[:, others]).predict(held_out[:, chunk])
    rest = held_out[:, others] - guess
    with np.errstate(invalid="ignore", divide="ignore"):  # a unit may be silent on the points held out
        pairs = np.abs(np.corrcoef(rest.T))[np.triu_indices(len(others), 1)]
    return float(r2_score(held_out[:, others], guess, multioutput="variance_weighted")), float(np.nanmean(pairs))
