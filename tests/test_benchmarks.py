"""The benchmarks run, measure what they say, and the committed figures carry their environment."""

import dataclasses
import io
import json
import time

import numpy as np
import pandas as pd
import pytest
import torch

from benchmarks import BENCHMARKS, Timings, environment, interleaved
from benchmarks import training as training_benchmark
from benchmarks.jacobians import _memory
from lib.base import files
from lib.base.errors import InputError
from lib.report import numbers


def test_contenders_take_turns_and_the_first_round_does_not_count():
    calls = []
    timings = interleaved(
        {"a": lambda: calls.append("a"), "b": lambda: (calls.append("b"), time.sleep(0.01))}, rounds=3
    )
    assert "".join(calls) == "ab" * 4
    assert {name: len(seconds) for name, seconds in timings.seconds.items()} == {"a": 3, "b": 3}
    assert timings.best("b") > 0.009


def test_ratios_are_of_the_same_round():
    timings = Timings({"slow": [2.0, 30.0, 4.0], "fast": [1.0, 10.0, 2.0]})
    assert timings.ratio("slow", "fast") == 2.0


def test_an_epochs_operations_are_counted():
    """Two layers of 3 x 2 and 2 x 3: forward and weight gradients of both, the input gradient of the second alone."""
    assert training_benchmark.__globals__["operations"]((3, 2), 10) == 10 * (6 * 12 - 2 * 6)


@pytest.mark.parametrize("name", BENCHMARKS)
def test_committed_figures_name_what_they_were_taken_on(name):
    found = json.loads((files.ROOT / "benchmarks" / f"{name}.json").read_text())
    assert set(environment()) == set(found["environment"])


def test_the_committed_training_benchmark_is_whole():
    found = json.loads((files.ROOT / "benchmarks" / "training.json").read_text())
    large, family = found["large"], found["family"]
    assert set(large["seconds"]) == {"gemm", "ours", "ours, bfloat16", "DataLoader loop"}
    assert set(family["seconds"]) == {"ours", "loop in memory", "DataLoader loop"}
    ours = Timings(family["seconds"])
    assert family["loop_ratio"] == pytest.approx(ours.ratio("loop in memory", "ours"))
    assert 0 < large["share_of_gemm"] <= 1.5


def test_threads_are_given_back():
    from benchmarks.timing import threads

    before = torch.get_num_threads()
    with threads(1):
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == before


def test_all_routes_that_are_installed_lead_to_the_same_cores():
    from benchmarks.routes import LATENT_ONLY, ROUTES, installed, ours
    from lib.training.autoencoders import build

    encoder, decoder = (module.double() for module in build((12, 8, 6, 3), 0))
    x = torch.rand(5, 12, dtype=torch.float64)
    expected = ours(encoder, decoder, x)
    taken = [route for name, route in ROUTES.items() if installed(name)]
    assert len(taken) >= 6
    for route in taken:
        for found, core in zip(route(encoder, decoder, x), expected, strict=True):
            torch.testing.assert_close(found, core, rtol=0, atol=1e-12)
    for name, route in LATENT_ONLY.items():
        if installed(name):
            torch.testing.assert_close(route(encoder, decoder, x), expected[1], rtol=0, atol=1e-12)


def test_the_jacobians_operations_are_those_of_the_products():
    """6-4-3-2: one hidden product of 4 x 3 in each of three factors, G, and two closing products."""
    from benchmarks.jacobians import operations

    passes = 3 * (4 * 3 + 3 * 2) + 6 * 4 + 4 * 4
    assert operations((6, 4, 3, 2)) == 2 * (3 * 2 * 4 * 3 + 2 * 16 + 2 * 4 * 4 + passes)


def test_the_committed_benchmark_of_jacobians_bears_its_ratios():
    from lib.report.performance import AXES, CASES, growth_with_inputs, routes, routes_table

    found = json.loads((files.ROOT / "benchmarks" / "jacobians.json").read_text())
    for case in ("linear", "trained", "geometric"):
        points = found[case]["points"]
        a_point = {name: [s / points.get(name, 1) for s in values] for name, values in found[case]["seconds"].items()}
        for name, ratio in found[case]["ratio_to_ours"].items():
            assert ratio == pytest.approx(Timings(a_point).ratio(name, "ours"))
    assert max(found["agreement"].values()) < 1e-12
    assert {"stochman", "torchjd", "curvlinops", "backpack, J_L"} <= set(found["agreement"])
    for case in CASES:
        bars = pd.read_csv(io.StringIO(numbers.csv(routes(found, case))))
        assert bars["time_ratio"].is_monotonic_decreasing
        assert bars.set_index("route")["time_ratio"]["ours"] == 1
    for size in AXES:
        rows = pd.read_csv(io.StringIO(numbers.csv(growth_with_inputs(found, size))))
        assert rows["ours"].tolist() == pytest.approx([row["ours"] for row in found["growth"][size]], rel=1e-5)
    assert routes_table(found).count("\n") == len(found["linear"]["ratio_to_ours"]) + 2


# --- scaling -------------------------------------------------------------------------------------------------------


def test_the_committed_scaling_was_measured():
    found = json.loads((files.ROOT / "benchmarks" / "scaling.json").read_text())
    assert set(found["slice"]["seconds"]) == {"one process", "two processes", "two workers of Dask"}
    assert set(found["cases"]) == {"digits", "mnist", "a sweep of 10,000"}
    assert all(value > 0 for value in found["cost"].values())


def test_a_process_that_dies_is_not_waited_for(capfd):
    with pytest.raises(InputError, match="measures the memory of no such route died"):
        _memory("no such route", 1)


# --- the GPU --------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_the_benchmark_of_the_gpu_needs_a_gpu():
    with pytest.raises(InputError, match="needs a GPU, and torch sees none here"):
        BENCHMARKS["gpu"](1)


def test_the_committed_benchmark_of_the_gpu_follows_from_its_seconds():
    found = json.loads((files.ROOT / "benchmarks" / "gpu.json").read_text())
    assert found["environment"]["accelerator"]
    for case in ("training", "jacobians"):
        timings = Timings(found[case]["seconds"])
        for ways in ("one thread", "all threads"):
            ratio = found[case][f"ratio_{ways.replace(' ', '_')}"]
            assert ratio == pytest.approx(timings.ratio(ways, "gpu")) and ratio > 1
    assert found["jacobians"]["largest_difference"] < 1e-12


# --- the plain loop ------------------------------------------------------------------------------------------------


def test_a_plain_loop_lands_among_the_seeds_of_the_run():
    """Our numbers are those of the settings: a loop that shares no training code with the library gives them, too."""
    from benchmarks import plain_loop

    found = json.loads((files.ROOT / "benchmarks" / "plain_loop.json").read_text())
    for name in plain_loop.__globals__["QUANTITIES"]:
        one = found[name]
        assert len(one["seeds"]) == 5
        assert (one["low"], one["high"]) == pytest.approx(plain_loop.__globals__["predicted"](one["seeds"]))
        assert one["inside"] == sum(one["low"] <= value <= one["high"] for value in one["plain"])
    inside = sum(found[name]["inside"] for name in plain_loop.__globals__["QUANTITIES"])
    assert inside >= 0.75 * 4 * found["slopes"]["networks"]


def test_the_interval_for_one_more_value_holds_it_in_19_cases_of_20():
    from benchmarks.plain_loop import predicted

    draw, held = np.random.default_rng(0), 0
    for _ in range(2000):
        *values, one_more = draw.normal(size=6)
        low, high = predicted(values)
        held += low <= one_more <= high
    assert 0.935 < held / 2000 < 0.965


def test_the_plain_loop_trains_by_the_settings_of_the_run():
    """By hand: one batch of all points and one epoch is one step of Adam, of the rate's size in every weight with a gradient."""
    from benchmarks.plain_loop import _network, trained
    from lib.runs import read

    run = dataclasses.replace(read("smoke"), epochs=1, batch_size=50, learning_rate=1e-3)
    images = torch.rand(50, 12, generator=torch.Generator().manual_seed(0))
    widths = (12, 9, 8, 7, 3)
    encoder, decoder = trained(run, widths, images, 4)
    torch.manual_seed(4)
    before = _network(widths, run.output)
    for after, start in zip((encoder, decoder), before, strict=True):
        assert [type(layer) for layer in after] == [type(layer) for layer in start]
        for new, old in zip(after.parameters(), start.parameters(), strict=True):
            assert (new - old).abs().max().item() == pytest.approx(1e-3, rel=1e-2)
    again = trained(run, widths, images, 4)
    assert all(torch.equal(a, b) for a, b in zip(encoder.parameters(), again[0].parameters(), strict=True))
