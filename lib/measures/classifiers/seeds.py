r"""How far networks that differ by their seed alone doubt the class y that the network chooses; without a unit.

Ensemble: 1 minus the mean over seeds of the softmax of y (Lakshminarayanan, Pritzel and Blundell 2017). Disagreement: the share
of the seeds that choose another class than y, as in "Can neural nets learn the same model twice?" (Somepalli et al. 2022).
"""

from lib.measures.classified import Classified
from lib.measures.protocol import POINTS, SEEDS, WEIGHTS, Measure, as_measure


@as_measure(
    "1 - mean softmax over seeds",
    needs=(POINTS, WEIGHTS, SEEDS),
    cost=lambda sizes: sizes.seeds * sizes.encoder,
    level="classifier",
    source="lakshminarayanan2017",
)
def ensemble(subject: Classified):
    """1 - mean_s p_s(y) (points,)."""
    return 1 - subject.seed_probabilities.mean(dim=0).gather(1, subject.chosen[:, None])[:, 0]


disagreement = Measure(
    "disagreement",
    "disagreement of seeds",
    lambda subject: (subject.seed_probabilities.argmax(dim=2) != subject.chosen).double().mean(dim=0),
    needs=(POINTS, WEIGHTS, SEEDS),
    cost=lambda sizes: sizes.seeds * sizes.encoder,
    level="classifier",
    source="somepalli2022",
)
