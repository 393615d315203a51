"""The companions' claims: each is made true, then contradicted, then undecided; noise measured on networks with known answers."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
import torch

from lib import runs
from lib.analysis import claims, noise
from lib.runs import Member
from lib.training import corruptions

LATENT_DIMS, EPOCHS = (2, 20), (0, 10, 300)
NOISE = pd.DataFrame(
    {"set": ["uniform", "sparse"], "apart": 0.1, "elsewhere": 0.2, "usual": 0.4, "far": [0.1, 0.9]}
    | dict.fromkeys([f"{part}_se" for part in noise.PARTS], 0.005)
)
CHANGES = {  # made to contradict, and to leave undecided: the epoch or the part, and its values
    "noise-one-image": (("apart", 0.3), ("apart", 0.2)),
    "noise-another-network": (("elsewhere", 0.05), ("elsewhere", 0.1)),
    "noise-codes-far": (("far", 0.2), ("far", 0.5)),
    "spectra-differ": ((0, 0.9), (0, 0.75)),
    "spectra-alike-early": ((10, 1e-3), (10, 0.75)),
}


def made(changed: tuple | None = None) -> tuple[runs.Summary, pd.DataFrame]:
    """A summary and its noise in which every claim holds, or all but what is changed."""
    medians: dict = {0: 1e-4, 10: 0.95, 300: 1.0}
    table = NOISE
    if changed and changed[0] in medians:
        medians[changed[0]] = changed[1]
    elif changed:
        table = NOISE.assign(**{changed[0]: changed[1]})
    rows = [
        {"depth": 4, "latent_dim": d, "seed": 0, "epoch": epoch, "label": -1, "space": "input", "split": "test"}
        | {"quantity": "geometric_mean", "count": 100.0, "median": median}
        | {"q25": median * 10**-0.0625, "q75": median * 10**0.0625}
        for d in LATENT_DIMS
        for epoch, median in medians.items()
    ]
    smoke = runs.summary("smoke")
    run = dataclasses.replace(smoke.run, latent_dims=LATENT_DIMS, epochs=300, snapshots=EPOCHS[:2])
    return dataclasses.replace(smoke, run=run, progress_statistics=pd.DataFrame(rows)), table


def verdict(monkeypatch, claim: str, changed: tuple | None = None) -> str:
    summary, table = made(changed)
    monkeypatch.setattr(noise, "noise_of", lambda *_: table)
    (found,) = claims.evaluate_claims(summary, [one for one in claims.COMPANION_CLAIMS if one.id == claim])
    return found.verdict


def test_every_claim_has_changes_and_is_a_companion_s():
    assert set(CHANGES) == {claim.id for claim in claims.COMPANION_CLAIMS}
    assert {claim.source for claim in claims.COMPANION_CLAIMS} == {"arXiv 2201.11902", "arXiv 2201.11813"}


@pytest.mark.parametrize("claim", CHANGES)
def test_a_claim_is_reproduced_contradicted_or_undecided_by_what_the_run_shows(monkeypatch, claim):
    against, between = CHANGES[claim]
    assert verdict(monkeypatch, claim) == claims.REPRODUCED
    assert verdict(monkeypatch, claim, against) == claims.CONTRADICTED
    assert verdict(monkeypatch, claim, between) == claims.UNDECIDED


def test_without_snapshots_or_other_networks_or_weights_nothing_is_testable(monkeypatch):
    summary, table = made()
    short = dataclasses.replace(summary, run=dataclasses.replace(summary.run, epochs=99))
    monkeypatch.setattr(noise, "noise_of", lambda *_: table.assign(elsewhere=np.nan))
    found = {one.id: one for one in claims.evaluate_claims(short, claims.COMPANION_CLAIMS)}
    assert "no snapshots of a training of 100 epochs" in found["spectra-differ"].reason
    assert found["noise-another-network"].reason == "the run has one network at this d."
    assert found["noise-one-image"].verdict == claims.REPRODUCED
    monkeypatch.setattr(noise, "noise_of", lambda *_: None)
    (found,) = claims.evaluate_claims(summary, claims.COMPANION_CLAIMS[:1])
    assert found.reason == "the weights of the network were not kept."


def test_a_logarithm_that_does_not_exist_leaves_its_dimension_out(monkeypatch):
    summary, _ = made()
    rows = summary.progress_statistics
    rows.loc[(rows["latent_dim"] == 2) & (rows["epoch"] == 0), "q25"] = 0.0
    (found,) = claims.evaluate_claims(summary, [one for one in claims.COMPANION_CLAIMS if one.id == "spectra-differ"])
    assert (found.held, found.estimates) == (1, 1)


@pytest.fixture(scope="module")
def measured():
    return noise.noise_of(runs.summary("smoke"), 3)


def test_noise_is_measured_by_its_definitions(measured):
    """Recomputed, kind by kind, without the library's helpers."""
    run = runs.read("smoke")
    data = run.load_dataset()
    train = data.train.images.numpy()
    kinds = {kind: torch.from_numpy(corruptions.noise(kind, train, noise.COUNT)) for kind in ("uniform", "sparse")}

    def output(depth, images):
        encoder, decoder = runs.member("smoke", depth, 3)
        with torch.no_grad():
            return decoder(encoder(images))

    row = measured.set_index("set").loc["uniform"]
    apart = (output(4, kinds["uniform"]) - output(3, kinds["uniform"])).square().mean(dim=1).sqrt()
    assert row["elsewhere"] == pytest.approx(apart.mean().item(), rel=1e-5)
    assert row["elsewhere_se"] == pytest.approx(apart.std(correction=0).item() / noise.COUNT**0.5, rel=1e-4)
    others = [
        (output(4, kinds["uniform"]) - output(4, torch.from_numpy(corruptions.noise(kind, train, noise.COUNT))))
        for kind in corruptions.DISTRIBUTIONS
        if kind != "uniform"
    ]
    means = torch.stack([one.square().mean(dim=1).sqrt() for one in others]).mean(dim=0)
    assert row["apart"] == pytest.approx(means.mean().item(), rel=1e-5)
    assert set(measured["set"]) == set(corruptions.DISTRIBUTIONS)
    assert measured["usual"].nunique() == 1


def test_a_network_that_ignores_its_input_makes_one_image_of_all_noise(monkeypatch):
    run, data = runs.read("smoke"), runs.read("smoke").load_dataset()
    inputs = data.train.images.shape[1]
    encoder, decoder = torch.nn.Linear(inputs, 3), torch.nn.Linear(3, inputs)
    torch.nn.init.zeros_(decoder.weight)
    monkeypatch.setattr(noise, "network", lambda *_: (encoder, decoder))
    rows = noise._measured_noise(run, Member(4, 3, 0), data)
    assert rows["apart"].max() == rows["usual"].max() == rows["elsewhere"].max() == 0
    assert rows["far"].max() > 0.5, "pure noise has codes that no digit has"
