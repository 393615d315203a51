"""Verdicts: how well a measure told a target. Each page that judges measures gives its verdicts in this form."""

from collections.abc import Iterable
from typing import Any

from lib.measures.protocol import Measure

VERDICT = ["measure", "label", "level", "needs", "sees_error", "target", "statistic", "value", "low", "high", "chance"]


def verdict(
    measure: Measure | str, target: str, statistic: str, band: Iterable[float], chance: float = 0.0, **stated: Any
) -> dict[str, Any]:
    """A row of verdicts, with the fields `VERDICT`; larger is better.

    `measure`: one of the library, or a name; `stated`: its label, level, needs and `sees_error` where they differ from the
    measure's, and by default those of a score of points that does not see the error. `target`: in words; `band`: the
    value of the `statistic` and the ends of its 95 % interval; `chance`: the value of a random score.
    """
    row: dict[str, Any] = {"measure": measure, "level": "point", "sees_error": False}
    if isinstance(measure, Measure):
        row = {"measure": measure.name, "label": measure.label, "level": measure.level, "needs": measure.scarcest}
        row["sees_error"] = measure.sees_error
    row |= stated | {"target": target, "statistic": statistic, "chance": chance}
    row["value"], row["low"], row["high"] = band
    return {name: row[name] for name in VERDICT}
