"""What a run will take: memory and time of each job, estimated before it is begun."""

import json
from collections.abc import Sequence

from lib.base import files
from lib.runs.jobs import STACKED_WEIGHTS, Job, weights_of

BASE_BYTES = 450 * 2**20  # Python, torch, scipy, pandas
MEASURED = files.ROOT / "benchmarks" / "training.json"


def bytes_of(job: Job) -> int:
    """The memory (bytes) that a job takes, at the most, its process included.

    Measuring needs most: 32 bytes a pixel (the points in single and double precision, while they are joined) and 80 bytes
    an element of a point's d x d matrices (four of them, and what is made of them); fitted to MNIST, where d = 2 peaked
    at 2.1 GiB and d = 20 at 3.8. Training: weights, gradients and Adam's two moments.
    """
    largest = max(member.latent_dim for member in job.members)
    return BASE_BYTES + job.points * (32 * job.input_dim + 80 * largest**2) + 16 * sum(_weights(job))


def operations_of(job: Job) -> float:
    """Floating-point operations of a job's training: 6 a weight, training point and epoch, but none for the input's gradient."""
    first = [2.0 * job.input_dim * job.run.widths(member, job.input_dim)[1] for member in job.members]
    return (6.0 * sum(_weights(job)) - sum(first)) * job.train_points * job.run.epochs


def seconds_of(job: Job) -> float:
    """Seconds of a job's training on one thread, at the rate of this repository's benchmark (benchmarks/training.json)."""
    measured = json.loads(MEASURED.read_bytes())
    large, family = measured["large"]["gigaflops"]["ours"], measured["family"]["gigaflops"]
    return operations_of(job) / (large if max(_weights(job)) * 2 > STACKED_WEIGHTS else family) / 1e9


def _weights(job: Job) -> list[int]:
    return [weights_of(job.run.widths(member, job.input_dim)) for member in job.members]


def table(jobs: Sequence[Job], trained: Sequence[Job]) -> str:
    """The jobs as text for a terminal; of what is `trained` already, only measuring is left."""
    rows = [f"{'job':16}{'members':>8}{'GiB':>8}{'minutes of a core':>20}"]
    rows += [f"{job.name:16}{len(job.members):8}{bytes_of(job) / 2**30:8.1f}{'measuring':>20}" for job in trained]
    for job in jobs:
        rows.append(f"{job.name:16}{len(job.members):8}{bytes_of(job) / 2**30:8.1f}{seconds_of(job) / 60:20.1f}")
    rows.append(
        f"{len(jobs)} jobs to train, {sum(map(seconds_of, jobs)) / 3600:.1f} hours of a core; measuring adds to it."
    )
    return "\n".join(rows)
