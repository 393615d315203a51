"""Random numbers, uniform between 0 and 1: the measure that knows nothing, against which the others are seen."""

from lib.measures.protocol import Measure

random_numbers = Measure(
    "random",
    "random numbers",
    lambda subject: subject.generator().random(len(subject)),
    needs=(),
    cost=lambda sizes: 0,
    predicts=15,
)
