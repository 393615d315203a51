"""The search for settings: what is compared, what goes on, what is refused before anything is trained; it goes on where it was."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from lib.analysis import search
from lib.base.errors import InputError
from lib.report import sensitivity as report
from lib.report.style import BY_RUN, GREY
from lib.runs import execution, store, summary_of

TEXT = """
base: smoke
latent_dims: [2]
epochs: [1, 2, 3]
keep: {2: 2}
finalists: 1
start: {hidden_widths: {4: [24, 20, 16]}, output: sigmoid, loss: squared, learning_rate: 1.0e-3}
vary: {output: [affine], loss: [cross-entropy], learning_rate: [1.0e-2]}
"""


@pytest.fixture
def written(tmp_path, monkeypatch):
    """Writes searches/tiny.yml in a folder of its own, where the results go, too."""
    monkeypatch.setattr(search, "SEARCHES", tmp_path)
    monkeypatch.setattr(store, "ARTIFACTS", tmp_path / "artifacts")
    monkeypatch.setattr(store, "RESULTS", tmp_path / "results")

    def write(old="", new=""):
        assert old in TEXT
        (tmp_path / "tiny.yml").write_text(TEXT.replace(old, new) if old else TEXT)
        return search.read_search("tiny")

    return write


def test_candidates_differ_from_the_start_in_one_or_two_settings(written):
    runs = search.candidates("tiny", written())
    settings = [(run.output, run.loss, run.learning_rate) for run in runs]
    assert settings == [
        ("sigmoid", "squared", 1e-3),
        ("affine", "squared", 1e-3),
        ("sigmoid", "cross-entropy", 1e-3),
        ("sigmoid", "squared", 1e-2),
        ("affine", "squared", 1e-2),
        ("sigmoid", "cross-entropy", 1e-2),
    ], "affine outputs have no cross-entropy"
    assert {(run.depths, run.latent_dims, run.seeds, run.epochs, run.snapshots) for run in runs} == {
        ((4,), (2,), (0,), 3, (1, 2))
    }
    assert "learning rate 0.01" in search.words(runs[-1])
    one_at_a_time = written("vary:", "together: 1\nvary:")
    assert search.candidates("tiny", one_at_a_time) == runs[:4]


def test_the_distance_is_the_mean_of_squares_in_its_units(written):
    table = search.course(search.candidates("tiny", written())[0])
    assert list(table["epochs"]) == [1, 2, 3]
    run = search.candidates("tiny", search.read_search("tiny"))[0]
    pd.testing.assert_frame_equal(search.along_training(summary_of(run), run.latent_dims), table)
    expected = (table["slopes"] / 0.06) ** 2 + (table["indicators"] / 0.06) ** 2 + table["small"] ** 2
    np.testing.assert_allclose(table["distance"], expected)


def test_the_nearest_go_on_the_finalist_has_a_second_seed_and_nothing_is_trained_twice(written, monkeypatch):
    written()
    table = search.run_search("tiny")
    firsts = table[table["seed"] == 0]
    by_setting = firsts.groupby(["output", "loss", "learning_rate"])["epochs"].max()
    assert sorted(by_setting) == [2, 2, 2, 2, 3, 3]
    after_two = firsts[firsts["epochs"] <= 2].groupby(["output", "loss", "learning_rate"])["distance"].min()
    assert set(by_setting[by_setting == 3].index) == set(after_two.nsmallest(2).index)
    again = table[(table["seed"] == 1) & table["finalist"]]
    assert list(again["epochs"]) == [1, 2, 3]
    written_before = search.path_of("tiny").read_bytes()
    assert len(pd.read_csv(search.path_of("tiny"))) == len(table)

    monkeypatch.setattr(execution, "execute", lambda *_, **__: pytest.fail("something is trained again"))
    search.run_search("tiny")
    assert search.path_of("tiny").read_bytes() == written_before


def test_a_search_goes_on_from_its_table_on_another_machine(written, monkeypatch):
    """What is missing is trained, and the table comes out the same; rows of other settings are left alone."""
    written()
    search.run_search("tiny")
    whole = pd.read_csv(search.path_of("tiny"))
    cut = whole[(whole["seed"] == 0) & (whole["epochs"] < 3)]
    search.path_of("tiny").write_text(cut.to_csv(index=False))
    trained = []
    course = search.course
    monkeypatch.setattr(search, "course", lambda run, device: (trained.append(run), course(run, device))[1])
    monkeypatch.setattr(store, "ARTIFACTS", store.ARTIFACTS.with_name("of another machine"))
    search.run_search("tiny")
    assert [(run.epochs, run.seeds) for run in trained] == [(3, (0,)), (3, (0,)), (3, (1,))]
    keys = ["run", "epochs"]
    again = pd.read_csv(search.path_of("tiny"))
    pd.testing.assert_frame_equal(
        again.sort_values(keys, ignore_index=True), whole.sort_values(keys, ignore_index=True)
    )
    search.path_of("tiny").write_text("nothing\n")
    with pytest.raises(InputError, match=r"tiny\.csv"):
        search.run_search("tiny")


def test_rows_say_in_what_a_setting_differs_and_the_table_puts_the_nearest_first(written):
    written()
    with pytest.raises(InputError, match="python -m lib search tiny"):
        search.search_rows("tiny")
    table = search.run_search("tiny")
    rows = search.search_rows("tiny")
    assert set(rows["setting"]) == {
        *("the start", "output affine", "loss cross-entropy", "learning rate 0.01"),
        *("output affine, learning rate 0.01", "loss cross-entropy, learning rate 0.01"),
    }
    np.testing.assert_allclose(rows["distance"], table["distance"], rtol=1e-4)
    (search.SEARCHES / "other.yml").write_text(TEXT.replace("learning_rate: 1.0e-3", "learning_rate: 1.0e-2"))
    assert rows["setting"].iloc[0] == "the start"
    assert search.search_rows("tiny", beside="other")["setting"].iloc[0] == "learning rate 0.001"
    lines = report.search_table(rows).splitlines()[2:]
    distances = [float(line.split("|")[-2]) for line in lines]
    assert distances == sorted(distances)
    assert len(lines) == len(rows.groupby(["setting", "seed"]))


@pytest.mark.parametrize("rate", ["9.0e+5", "1.0"])  # the first diverges, the second gives one image for all points
def test_a_setting_that_diverges_or_collapses_is_counted_and_comes_last(written, rate):
    table = search.course(search.candidates("tiny", written("learning_rate: 1.0e-3", f"learning_rate: {rate}"))[1])
    assert list(table["epochs"]) == [1, 2, 3]
    assert table["distance"].isna().all()
    written("[1.0e-2]", f"[{rate}]")
    search.run_search("tiny")
    rows = search.search_rows("tiny")
    lines = report.search_table(rows).splitlines()[2:]
    assert f"learning rate {float(rate):g}" in lines[-1]
    assert not any(cell.strip() for cell in lines[-1].split("|")[4:]) and all(
        cell.strip() for cell in lines[0].split("|")[1:-1]
    )
    drawn = {line.get_color() for line in report.search_courses(rows).axes[0].lines}
    assert len(drawn) == 3, "the two followed to the end have colours, the others are grey"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("base: smoke", "base: absent", "Unknown run 'absent'"),
        ("finalists: 1", "finalists: 1\nextra: 2", "extra in searches/tiny.yml"),
        ("finalists: 1\n", "", "lacks the key 'finalists'"),
        ("keep: {2: 2}", "keep: {4: 2}", "Unknown epoch under keep in searches/tiny.yml 4"),
        ("learning_rate: [1.0e-2]", "momentum: [0.9]", "Unknown setting under vary in searches/tiny.yml 'momentum'"),
        ("loss: squared", "colour: squared", "Unknown setting under start in searches/tiny.yml 'colour'"),
        ("output: [affine]", "output: [round]", "Unknown output in searches/tiny.yml"),
        ("[24, 20, 16]", "[24, 20]", r"hidden_widths of depth 4 in searches/tiny.yml .* list 3"),
    ],
)
def test_what_cannot_be_searched_is_refused_before_anything_is_trained(written, monkeypatch, old, new, words):
    monkeypatch.setattr(execution, "execute", lambda *_, **__: pytest.fail("it is trained"))
    with pytest.raises(InputError, match=words):
        search.candidates("tiny", written(old, new))


def test_a_row_is_near_where_it_is_off_by_a_unit_at_most_in_each_respect():
    rows = pd.DataFrame(
        {"slopes": [0.06, 0.07, np.nan], "indicators": [0.01, 0.01, np.nan], "small": [1.0, 0.0, np.nan]}
    )
    assert search.near(rows).tolist() == [True, False, False]


def test_more_settings_than_looks_can_be_followed_to_the_end():
    """The figure draws as many in colour as there are looks, and the others in grey."""
    count = len(BY_RUN) + 2
    rows = pd.DataFrame({"setting": [f"setting {place}" for place in range(count)], "seed": 0, "epochs": 3})
    axis = report.search_courses(rows.assign(distance=np.arange(1.0, count + 1))).axes[0]
    drawn = [line.get_color() for line in axis.lines[:count]]
    assert drawn == [look[0] for look in BY_RUN] + [GREY] * 2
    assert len(axis.texts) == count


def test_the_dimensions_at_which_the_settings_of_a_run_were_compared(written):
    """Of a run of any epochs, seeds and depths, by its settings alone."""
    run = replace(search.candidates("tiny", written())[1], epochs=7, seeds=(3,), depths=(3, 4), latent_dims=(2, 9))
    assert search.looked_at(replace(run, hidden_widths={3: (24, 20), 4: (24, 20, 16)})) == (2,)
    for other in ({"learning_rate": 5e-4}, {"dataset": "mnist"}, {"hidden_widths": {4: (24, 20, 17)}}):
        assert search.looked_at(replace(run, **other)) == ()


def test_the_committed_searches_can_be_read():
    for path in search.SEARCHES.glob("*.yml"):
        runs = search.candidates(path.stem, search.read_search(path.stem))
        assert len({run.digest for run in runs}) == len(runs) > 1
