"""Rivals that look at no weight: the epochs of training, and a random number."""

from lib.measures.protocol import HISTORY, Measure

epochs = Measure(
    "epochs",
    "epochs of training",
    lambda subject: float(subject.history["epoch"].max()),
    needs=(HISTORY,),
    cost=lambda sizes: 0,
    level="network",
)
random_network = Measure(
    "random_network",
    "random number",
    lambda subject: subject.generator().random(),
    needs=(),
    cost=lambda sizes: 0,
    level="network",
)
