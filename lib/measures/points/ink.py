r"""The ink of an image: |x|^2, the sum of its squared grey levels."""

from lib.measures.protocol import POINTS, Measure

squared_ink = Measure(
    "ink",
    r"ink $\vert x\vert^2$",
    lambda subject: subject.column("ink"),
    needs=(POINTS,),
    cost=lambda sizes: sizes.inputs,
    short="ink",
    two_sided=True,
    held=True,
    predicts=14,
    detects=11,
)
