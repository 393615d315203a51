r"""How undecided the softmax p of the logits is: 1 - max p, and the entropy -sum_k p_k log p_k in nats.

1 - max p is the baseline of misclassification detection (Hendrycks and Gimpel 2017).
"""

import torch

from lib.measures.classified import Classified
from lib.measures.protocol import Measure, as_measure

max_softmax = Measure(
    "max_softmax",
    "1 - largest softmax",
    lambda subject: 1 - subject.probabilities.amax(dim=1),
    cost=lambda sizes: sizes.encoder,
    level="classifier",
    source="hendrycks2017",
)


@as_measure(
    "entropy of the softmax",
    cost=lambda sizes: sizes.encoder,
    level="classifier",
)
def entropy(subject: Classified):
    """-sum p log p (points,)."""
    return torch.special.entr(subject.probabilities).sum(dim=1)
