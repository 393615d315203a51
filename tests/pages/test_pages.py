"""The page mechanism: what executes and what does not, how a failing page fails, what parameters are refused."""

import ast
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import types
import zipfile
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup

from lib import pages, runs
from lib.base import digests, files
from lib.base.errors import InputError
from lib.pages import archive, execution, provenance, source, sphinx_extension
from lib.pages import book as book_module
from lib.runs import store

HEADER = "# ---\n# jupyter:\n#   kernelspec:\n#     display_name: Python 3\n#     language: python\n#     name: python3\n# ---\n\n"
ONE = HEADER + (
    "# %% [markdown]\n# # One\n# Some prose.\n\n"
    '# %% tags=["parameters"]\nfactor: int = 2\n\n'
    '# %%\nfrom lib.report.output import say\n\nsay(f"The number is {1.5 * factor:.1f}.")\nprint("computed", factor)\n'
)
TWO = HEADER + "# %% [markdown]\n# # Two\n\n# %%\nprint('second page')\n"


@pytest.fixture(scope="module")
def first_build(tmp_path_factory):
    """A book of two pages with the configuration of the real one, built: its folder, a copy of it, and what the build said."""
    folder = tmp_path_factory.mktemp("book") / "own"
    shutil.copytree(files.ROOT / "book" / "_static", folder / "_static")
    shutil.copy(files.ROOT / "_config.yml", folder)
    (folder / "_toc.yml").write_text("format: jb-book\nroot: index\nchapters:\n  - file: one\n  - file: two\n")
    (folder / "index.md").write_text("# Book\n\nSee [the first page](one).\n")
    (folder / "references.bib").write_text("")
    (folder / "one.py").write_text(ONE)
    (folder / "two.py").write_text(TWO)
    result = build(folder)
    return folder, shutil.copytree(folder, folder.with_name("as built")), result


@pytest.fixture
def book(first_build):
    """The book as it was first built, in its place: Sphinx reads a book that lies elsewhere anew."""
    folder, as_built, _ = first_build
    shutil.rmtree(folder)
    return shutil.copytree(as_built, folder)


def build(book: Path, folder: Path | None = None, **environment: str) -> subprocess.CompletedProcess:
    command = [Path(sys.executable).parent / "jupyter-book", "build", book, "-W", "-n"]
    return subprocess.run(
        command, cwd=folder or book.parent, env=os.environ | environment, capture_output=True, text=True
    )


def executed(result: subprocess.CompletedProcess) -> set[str]:
    assert result.returncode == 0, result.stderr[-3000:]
    return set(re.findall(r"executing (\w+) \.\.\.", result.stdout))


def html(book: Path, page: str) -> str:
    return (book / "_build" / "html" / f"{page}.html").read_text()


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_only_what_has_changed_executes(book, first_build):
    assert executed(first_build[2]) == {"one", "two"}
    assert "computed 2" in html(book, "one")
    assert "<p>The number is 3.0.</p>" in html(book, "one")
    assert "Computed 20" in html(book, "two"), "the provenance foot"
    notebook = nbformat.read(book / "_build" / "html" / "_executed" / "one.ipynb", as_version=4)
    assert any(cell.get("outputs") for cell in notebook.cells), "the download has its outputs"
    texts = [
        output.data["text/markdown"]
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if "data" in output
    ]
    assert texts == ["The number is 3.0."], "Jupyter shows the sentence, too"

    assert executed(build(book, Path("/"))) == set(), "nothing changed; built from another folder"

    change(book / "one.py", "Some prose.", "Better prose.")
    assert executed(build(book)) == set(), "prose alone"
    assert "Better prose." in html(book, "one")
    assert "computed 2" in html(book, "one")

    change(book / "two.py", "second page", "page the second")
    assert executed(build(book)) == {"two"}, "the code of one page"
    assert "page the second" in html(book, "two")

    (book / "_build" / "executed" / "one.ipynb").write_text("{")
    assert executed(build(book)) == {"one"}, "a damaged notebook"


FIGURE = """
# %%
import pandas as pd
from matplotlib.figure import Figure

from lib.report import numbers, output, style

style.use_style()
rows = pd.DataFrame({"latent_dim": [2, 3], "slope": [0.25, 0.5]})
parts = [Figure(figsize=(2, 2)) for _ in range(2)]
for run, part in zip(("mnist", "digits"), parts):
    part.subplots().plot(rows["latent_dim"], rows["slope"], label=run)
    numbers.record(part, rows, run=run)
output.show_figure(parts, name="fig-slopes", caption="Slopes of $J_L$.", alt="Two rising lines.")

# %%
output.show_table("| a |\\n| :-- |\\n| 1 |", name="tab-one", caption="One row, beside [it](#fig-slopes).")
say("> **In brief.** It rises.")
"""


def test_a_figure_and_a_table_are_numbered_in_the_book_and_whole_in_the_notebook(book):
    (book / "one.py").write_text(ONE + FIGURE)
    change(book / "two.py", "# # Two\n", "# # Two\n# See [the slopes](#fig-slopes) and {numref}`tab-one`.\n")
    executed(build(book))
    page = BeautifulSoup(html(book, "one"), "html.parser").article
    (figure,) = page.select("figure#fig-slopes")
    assert [image["alt"] for image in figure.select("img")] == ["Two rising lines."] * 2
    assert figure.figcaption.get_text().split()[:4] == ["Fig.", "1", "Slopes", "of"]
    assert page.select_one("table#tab-one caption").get_text().startswith("Table 1 One row")
    assert "Figure." not in page.get_text(), "the caption is the figure's"
    assert (
        page.select_one("section > blockquote, section > div blockquote").find_next("p").get_text()
        == "In brief. It rises."
    )
    assert page.get_text().index("In brief") < page.get_text().index("factor: int")
    code = page.select_one("details.origin pre").get_text()
    assert "show_figure" in code
    other = BeautifulSoup(html(book, "two"), "html.parser").article
    assert [link["href"] for link in other.select("p a.internal")] == ["one.html#fig-slopes", "one.html#tab-one"]
    downloads = book / "_build" / "html" / "_executed"
    assert (downloads / "one-slopes.csv").read_text() == (
        "run,latent_dim,slope\nmnist,2,0.25\nmnist,3,0.5\ndigits,2,0.25\ndigits,3,0.5\n"
    )
    notebook = nbformat.read(downloads / "one.ipynb", as_version=4)
    shown = [output.data for cell in notebook.cells for output in cell.get("outputs", []) if "data" in output]
    assert sum("image/svg+xml" in data for data in shown) == 2
    texts = [data["text/markdown"] for data in shown if "text/markdown" in data]
    assert "**Figure.** Slopes of $J_L$." in texts
    assert "**Table.** One row, beside [it](#fig-slopes).\n\n| a |\n| :-- |\n| 1 |" in texts


def test_after_a_new_title_or_a_page_less_nothing_old_is_left(book):
    assert "Second of all" not in html(book, "one")
    change(book / "two.py", "# # Two", "# # Second of all")
    executed(build(book))
    assert all("Second of all" in html(book, page) for page in ("index", "one", "two")), "in every list of contents"
    change(book / "_static" / "custom.js", "// A box", "// Any box")
    executed(build(book))
    assert "// Any box" in (book / "_build" / "html" / "_static" / "custom.js").read_text()
    change(book / "_toc.yml", "  - file: two\n", "")
    executed(build(book))
    pages_left = book / "_build" / "html"
    assert not (pages_left / "two.html").exists()
    assert not list(pages_left.glob("_sources/two*"))
    assert not [path for path in pages_left.glob("*.html") if "Second of all" in path.read_text()]
    assert "Second of all" not in (pages_left / "searchindex.js").read_text()


def test_what_cannot_be_built_is_refused_in_a_sentence(book):
    (book / "chapters").mkdir()
    (book / "chapters" / "mine.py").write_text(TWO)
    toc = (book / "_toc.yml").read_text()
    (book / "_toc.yml").write_text(toc + "  - file: chapters/mine\n")
    command = [Path(sys.executable).parent / "jupyter-book", "build"]
    wanted = {
        (book,): "The page chapters/mine.py lies in a folder of its own",
        (book, "--builder", "latex"): "The builder latex cannot show its figures; choose one of: html",
    }
    for arguments, words in wanted.items():
        result = subprocess.run([*command, *arguments], capture_output=True, text=True)
        assert result.returncode != 0
        assert words in result.stdout + result.stderr
        assert "Traceback" not in result.stdout + result.stderr
    app = types.SimpleNamespace(srcdir=files.ROOT)
    with pytest.raises(SystemExit, match="build it with: jupyter-book build book/"):
        sphinx_extension.refuse_top(app, None)


def test_a_build_answers_an_interrupt_within_seconds(book):
    change(book / "two.py", "print('second page')", "import time\n\nopen('SLEEPS', 'w').close()\ntime.sleep(300)")
    change(book / "two.py", "SLEEPS", str(book / "sleeps"))
    change(book / "one.py", "1.5 *", "2.5 *")  # both pages execute: their kernels are forked
    command = [Path(sys.executable).parent / "jupyter-book", "build", book]
    started = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(
            signal.SIGINT, signal.SIG_DFL
        ),  # tests that a shell runs behind have it ignored
    )
    until = time.monotonic() + 120
    while not (book / "sleeps").exists() and time.monotonic() < until:
        time.sleep(0.2)
    os.killpg(started.pid, signal.SIGINT)
    output, _ = started.communicate(timeout=30)
    assert "It was interrupted" in output
    assert "Traceback" not in output


def test_a_page_that_raises_ends_the_build_every_time_and_says_where(book):
    change(book / "two.py", "print('second page')", "values = [1, 2]\nvalues[7]")
    for _ in range(2):
        result = build(book)
        assert result.returncode != 0
        output = result.stdout + result.stderr
        assert "Page two raised IndexError in code cell 1: list index out of range" in output
        assert "values[7]" in output
    change(book / "two.py", "values[7]", "values[1]")
    assert executed(build(book)) == {"two"}


def test_a_wrong_run_in_the_environment_is_one_sentence(book):
    change(book / "one.py", "factor: int = 2", "factor: int = 2\nruns: list[str] = ['smoke']")
    result = build(book, BOOK_RUNS="absent")
    assert result.returncode != 0
    assert "Unknown run 'absent'; choose one of" in result.stdout + result.stderr


def test_a_reference_follows_the_number_of_its_table_in_a_warm_build(book):
    table = "# ```{table} A caption\n# :name: NAME\n#\n# | a |\n# | :-- |\n# | b |\n# ```\n"
    change(book / "two.py", "# # Two\n", "# # Two\n# See {numref}`second`.\n")
    change(book / "one.py", "# # One\n", "# # One\n#\n" + table.replace("NAME", "second"))
    executed(build(book))
    assert "Table 1" in html(book, "two")
    change(book / "one.py", "# # One\n", "# # One\n#\n" + table.replace("NAME", "first"))
    executed(build(book))
    assert "Table 2" in html(book, "two")


def test_a_kept_run_that_is_absent_or_damaged_is_left_out_and_the_page_says_so(book, tmp_path):
    """The rest of the book is built; of a page with no other run to show there is the title, and the reason."""
    results = tmp_path / "kept"
    change(book / "one.py", "factor: int = 2", "factor: int = 2\nruns: list[str] = ['mnist', 'smoke']")
    change(book / "one.py", '"computed", factor', '"computed", runs')
    assert executed(build(book, GEOMETRY_RESULTS=str(results))) == {"one"}
    assert "The run mnist is not shown here. Run mnist has no results yet" in html(book, "one")
    assert "python -m lib run mnist" in html(book, "one")
    assert "['smoke']" in BeautifulSoup(html(book, "one"), "html.parser").get_text()
    assert "not shown here" not in html(book, "two")

    shutil.copytree(files.ROOT / "results" / "mnist", results / "mnist")
    kept = min((results / "mnist").glob("*-s0.json.gz"))
    kept.write_bytes(kept.read_bytes()[:-200])
    assert executed(build(book, GEOMETRY_RESULTS=str(results))) == set(), "the same run is shown, with another reason"
    assert f"{kept.name} is damaged" in html(book, "one")

    assert executed(build(book, GEOMETRY_RESULTS=str(results), BOOK_RUNS="mnist")) == set()
    bare = BeautifulSoup(html(book, "one"), "html.parser").find("article").get_text()
    assert bare.lstrip().startswith("One")
    assert f"{kept.name} is damaged" in bare
    assert "computed" not in bare


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("print('second page')", "print('second page'", "Code cell 1 of page two is no Python"),
        ("print('second page')", "import os\nos._exit(1)", "Page two: code cell 1 ended its kernel"),
        ("# # Two", "# # Two\n# {ref}`nowhere`", "two.py, cell 1"),
    ],
    ids=["syntax", "kernel", "reference"],
)
def test_what_ends_a_build_is_named_by_page_and_cell(book, old, new, words):
    change(book / "two.py", old, new)
    result = build(book)
    assert result.returncode != 0
    output = result.stdout + result.stderr
    assert words in output
    assert "Traceback" not in output


def test_one_line_of_configuration_gives_the_book_its_repository_and_launch_buttons(book):
    """Without the line, no page names a repository or a place to launch; with it, pages that are notebooks have both."""
    change(book / "one.py", "# # One", "# # One\n# [A link](two).")
    executed(build(book))
    for page in ("index", "one"):
        assert not re.search(
            "binder|jupyterhub|executablebooks/jupyter-book|/edit/|/issues/", html(book, page).split("</main>")[0]
        )
    change(
        book / "_config.yml",
        "# repository: {url: ADDRESS}",
        'repository: {url: "https://gitlab.example.org/owner/name"}',
    )
    assert executed(build(book)) == set()
    buttons = [
        link["href"] for link in BeautifulSoup(html(book, "one"), "html.parser").select(".article-header-buttons a")
    ]
    launch = "https://mybinder.org/v2/git/https%3A//gitlab.example.org/owner/name/main?urlpath=notebooks/book/one.py"
    assert f"{launch}%3Ffactory%3DJupytext%2520Notebook" in buttons
    assert "https://gitlab.example.org/owner/name" in buttons
    assert any("/edit/main/book/one.py" in one for one in buttons)
    assert any("/issues/new" in one for one in buttons)


# --- keys --------------------------------------------------------------------------------------------------------


def test_the_key_follows_code_parameters_library_and_data_but_not_prose(tmp_path, monkeypatch):
    shutil.copytree(files.ROOT / "lib", tmp_path / "lib")
    monkeypatch.setattr(files, "ROOT", tmp_path)
    text = ONE + "\n# %%\nfrom lib.measures import regression\n"

    def key(text=text, **parameters):
        digests.code_digest.cache_clear()
        digests._code.cache_clear()
        digests.imported.cache_clear()
        page = source.parse_page("one", text)
        return execution.key(page, source.checked_parameters(page, parameters))

    first = key()
    assert key(text.replace("Some prose", "Other prose")) == first
    assert key(text.replace("1.5 *", "2.5 *")) != first
    assert key(factor=3) != first
    change(tmp_path / "lib" / "report" / "style.py", "GREEN", "VERT")
    assert key() == first, "a module the page does not import"
    change(
        tmp_path / "lib" / "measures" / "regression.py",
        "The slope of the error on a predictor X with controls held fixed",
        "The slope, with controls",
    )
    assert key() == first, "a docstring of a module it imports"
    change(tmp_path / "lib" / "base" / "errors.py", 'or "none"', 'or "nothing"')
    second = key()
    assert second != first, "a module that a module it imports imports"
    change(tmp_path / "lib" / "analysis" / "published_table_1.csv", "-0.0144", "-0.0145")
    third = key()
    assert third != second, "a printed number"
    table = tmp_path / "results" / "tables" / "made.csv"
    table.parent.mkdir(parents=True)
    table.write_text("a\n1\n")
    assert key() != third, "a table that took minutes to compute"
    digests.code_digest.cache_clear()
    digests._code.cache_clear()
    digests.imported.cache_clear()


def test_summaries_are_downloads_where_making_them_anew_takes_hours():
    assert provenance.downloadable(["mnist", "digits", "smoke"]) == ["mnist"]


def test_the_key_follows_the_summaries(monkeypatch):
    page = source.parse_page("one", HEADER + '# %% tags=["parameters"]\nruns: list[str] = ["smoke"]\n')
    keys = []
    for digest in ("first", "second"):
        monkeypatch.setattr(execution.runs, "summary_digest", lambda name, digest=digest: digest)
        keys.append(execution.key(page, source.checked_parameters(page, {})))
    assert keys[0] != keys[1]


def test_a_page_that_follows_training_reads_the_companions_of_its_runs():
    text = HEADER + '# %% tags=["parameters"]\nruns: list[str] = ["digits", "smoke"]\n\n# %%\n'
    codes = ("with_snapshots_of = {}  # with_snapshots(runs)\n", "list(with_snapshots(runs))\n")
    plain, following = (source.parse_page("one", text + code) for code in codes)
    assert plain.reads(source.checked_parameters(plain, {})) == ["digits", "smoke"]
    assert following.reads(source.checked_parameters(following, {})) == ["digits", "smoke", "digits-training"]
    assert "digits-training" in source.load_page("training_dynamics").reads({"runs": ["digits"]})


def test_the_key_and_the_provenance_hold_what_a_page_reads(monkeypatch):
    page = source.parse_page(
        "one", HEADER + '# %% tags=["parameters"]\nruns: list[str] = ["digits"]\n\n# %%\nwith_snapshots(runs)\n'
    )
    asked = []
    monkeypatch.setattr(execution.runs, "summary_digest", lambda name: asked.append(name) or name)
    execution.key(page, source.checked_parameters(page, {}))
    assert asked == ["digits", "digits-training"]


def test_a_page_whose_run_has_grown_meanwhile_is_shown_but_not_stored(tmp_path, monkeypatch):
    page, notebook = source.parse_page("one", TWO), nbformat.v4.new_notebook()
    monkeypatch.setattr(execution, "execute_page", lambda *_: notebook)
    for meanwhile in ("as it was", "grown"):
        monkeypatch.setattr(execution, "key", lambda *_, meanwhile=meanwhile: meanwhile)
        shown = book_module.BookPage(page, {}, [], "as it was")
        book_module.execute_and_store(shown, tmp_path / meanwhile)
        assert shown.notebook == notebook
        assert (execution.stored(tmp_path / meanwhile, "one", "as it was") is None) == (meanwhile == "grown")


def test_a_page_whose_code_changes_during_the_build_ends_it_and_one_whose_prose_does_is_shown():
    book = sphinx_extension.Book()
    book.pages = {"two": book_module.BookPage(source.parse_page("two", TWO), {}, [])}
    app = types.SimpleNamespace(env=types.SimpleNamespace(doc2path=lambda name: f"{name}.py"))
    text = [TWO.replace("# Two", "# Second")]
    book.show_executed(app, "two", text)
    assert nbformat.reads(text[0], as_version=4).cells[0].source.startswith("# Second")
    for name, changed in (("two", TWO.replace("second", "third")), ("three", TWO)):
        with pytest.raises(SystemExit, match="build again"):
            book.show_executed(app, name, [changed])


def test_where_a_runs_results_come_from_is_found_once(monkeypatch):
    calls, manifest = [], runs.manifest
    monkeypatch.setattr(execution.runs, "manifest", lambda run: calls.append(run) or manifest(run))
    first, again, second = (execution.origin("mnist", digest) for digest in ("first", "first", "second"))
    assert first == again == second
    assert len(calls) == 2


def test_a_page_that_shows_the_parameters_of_all_pages_follows_them(monkeypatch):
    text = HEADER + "# %%\nfrom lib.pages import source\n"
    pages_read = [source.parse_page("one", text), source.parse_page("one", text.replace("lib.pages", "lib"))]
    before = [execution.key(page, {}) for page in pages_read]
    monkeypatch.setattr(execution, "parameter_table", lambda: source.parameter_table().iloc[1:])
    assert [execution.key(page, {}) == key for page, key in zip(pages_read, before, strict=True)] == [False, True]


# --- parameters --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("page", "given", "words"),
    [
        ("dance", {}, "Unknown page 'dance'"),
        ("prediction", {"steps": "2"}, "Unknown parameter of page prediction 'steps'; choose one of: runs"),
        ("prediction", {"runs": "digits"}, r"is 'digits'; give a list\[str\]"),
        ("prediction", {"runs": "[1]"}, r"is \[1\]; give a list\[str\]"),
        ("prediction", {"runs": "[oops"}, r"give a list\[str\]"),
        ("prediction", {"runs": "[absent]"}, "Unknown run 'absent'"),
        ("prediction", {"runs": "[]"}, "is empty"),
    ],
    ids=["page", "parameter", "text", "numbers", "yaml", "run", "none"],
)
def test_unusable_parameters_are_refused_and_nothing_is_written(tmp_path, page, given, words):
    with pytest.raises(InputError, match=words):
        pages.run_page(page, given, tmp_path / "out.ipynb")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("annotation", "default", "good", "bad"),
    [
        ("int", "3", "4", "4.5"),
        ("int", "3", "4", "true"),
        ("float", "0.5", "1", "one"),
        ("float", "0.5", "-1e300", ".nan"),
        ("list[float]", "[0.5]", "[1, 2.5]", "[.inf]"),
        ("str", "'a'", "7", None),
        ("bool", "False", "true", "1"),
        ("list[int]", "[2]", "[3, 4]", "[3, x]"),
    ],
)
def test_types_are_those_of_the_annotations(annotation, default, good, bad):
    page = source.parse_page("toy", HEADER + f'# %% tags=["parameters"]\nvalue: {annotation} = {default}\n')
    assert source.checked_parameters(page, {})["value"] == page.parameters["value"].default
    source.checked_parameters(page, {"value": good})
    if bad is not None:
        with pytest.raises(InputError, match="Parameter 'value' of page toy"):
            source.checked_parameters(page, {"value": bad})


def test_a_page_in_another_encoding_is_refused_and_a_byte_order_mark_is_no_matter(tmp_path):
    (tmp_path / "a.py").write_text(HEADER + "# %%\nx = 'é'\n", "latin-1")
    (tmp_path / "b.py").write_text(HEADER + "# %%\nx = 'é'\n", "utf-8-sig")
    with pytest.raises(InputError, match=r"book/a.py is no text in UTF-8 .*; save it as UTF-8"):
        source.load_page("a", tmp_path)
    assert source.load_page("b", tmp_path).code == ["x = 'é'"]


def test_a_leading_zero_changes_no_parameter_and_minutes_are_refused():
    page = source.load_page("diagnose", source.TEMPLATES)
    assert source.checked_parameters(page, {"points": "010"})["points"] == 10
    with pytest.raises(InputError, match="Parameter 'points' of page diagnose is '1:30'; give a int"):
        source.checked_parameters(page, {"points": "1:30"})


def test_the_table_of_parameters_is_that_of_the_pages():
    (row,) = source.parameter_table().loc[[("controls", "simulated_points")]].to_dict("records")
    assert row == {"default": 20000, "type": "int", "meaning": "of the simulation"}


def test_a_parameters_cell_that_cannot_be_read_is_refused():
    with pytest.raises(InputError, match="cannot be read"):
        source.parse_page("toy", HEADER + '# %% tags=["parameters"]\nvalue = 3\n')
    with pytest.raises(InputError, match="cannot be read"):
        source.parse_page("toy", HEADER + '# %% tags=["parameters"]\nvalue: dict = {}\n')
    twice = '# %% tags=["parameters"]\nvalue: int = 3\n\n' * 2
    with pytest.raises(InputError, match="2 cells tagged parameters"):
        source.parse_page("toy", HEADER + twice)


def test_a_page_runs_with_other_parameters_and_a_failing_one_writes_nothing(tmp_path):
    (tmp_path / "one.py").write_text(ONE)
    pages.run_page("one", {"factor": "5"}, tmp_path / "out.ipynb", book=tmp_path)
    notebook = nbformat.read(tmp_path / "out.ipynb", as_version=4)
    assert "computed 5" in str(notebook.cells)
    assert notebook.metadata["provenance"]["parameters"] == {"factor": 5}
    change(tmp_path / "one.py", "1.5 *", "1 / 0 *")
    before = (tmp_path / "out.ipynb").read_bytes()
    environment = dict(os.environ)
    with pytest.raises(pages.PageError, match="Page one raised ZeroDivisionError in code cell 2"):
        pages.run_page("one", {"factor": "5"}, tmp_path / "out.ipynb", book=tmp_path)
    assert os.environ == environment
    assert (tmp_path / "out.ipynb").read_bytes() == before


def test_what_a_page_refuses_is_refused_and_a_page_whose_process_ends_is_an_error(tmp_path):
    refusing = (
        ONE + "\n# %%\nfrom lib.base.errors import InputError\n\nraise InputError('Unknown factor 5; choose 2.')\n"
    )
    (tmp_path / "one.py").write_text(refusing)
    with pytest.raises(InputError, match=r"^Unknown factor 5; choose 2\.$"):
        pages.run_page("one", {"factor": "5"}, tmp_path / "out.ipynb", book=tmp_path)
    (tmp_path / "one.py").write_text(ONE + "\n# %%\nimport os\n\nos._exit(9)\n")
    with pytest.raises(pages.PageError, match="code cell 3 ended its kernel"):
        pages.run_page("one", {"factor": "5"}, tmp_path / "out.ipynb", book=tmp_path)
    assert not (tmp_path / "out.ipynb").exists()


def test_an_output_that_cannot_be_written_is_refused_before_the_page_executes(tmp_path, monkeypatch):
    (tmp_path / "one.py").write_text(ONE)
    (tmp_path / "file").touch()
    monkeypatch.setattr(execution, "execute_page", lambda *_: pytest.fail("it executes"))
    with pytest.raises(InputError, match=r"file/out.ipynb cannot be written \("):
        pages.run_page("one", {}, tmp_path / "file" / "out.ipynb", book=tmp_path)


def test_pages_run_with_this_python_whatever_kernel_is_called_python3(tmp_path, monkeypatch):
    kernel = tmp_path / "site" / "kernels" / "python3"
    kernel.mkdir(parents=True)
    command = ["/usr/bin/no-such-python", "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec = {"argv": command, "display_name": "Site Python", "language": "python"}
    (kernel / "kernel.json").write_text(json.dumps(spec))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "site"))
    (tmp_path / "one.py").write_text(HEADER + "# %%\nimport sys\n\nprint('with', sys.executable)\n")
    pages.run_page("one", {}, tmp_path / "out.ipynb", book=tmp_path)
    assert f"with {sys.executable}" in (tmp_path / "out.ipynb").read_text()


def test_kernels_have_one_thread(tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    (tmp_path / "one.py").write_text(HEADER + "# %%\nimport os\n\nprint('threads', os.environ['OMP_NUM_THREADS'])\n")
    pages.run_page("one", {}, tmp_path / "out.ipynb", book=tmp_path)
    assert "threads 1" in (tmp_path / "out.ipynb").read_text()
    assert os.environ["OMP_NUM_THREADS"] == "7"


def test_every_page_of_the_book_has_its_parameters_cell_and_short_cells():
    for name in source.page_names():
        page = source.load_page(name)
        without = ("introduction", "performance", "diagnose", "rerun", "topology", "unseen")
        assert any(map(source.holds_runs, page.parameters)) or name in without, name
        for cell in page.notebook.cells:
            if cell.cell_type != "code" or "parameters" in cell.metadata.get("tags", []):
                continue  # parameters may list many runs
            assert len([line for line in cell.source.splitlines() if line.strip()]) <= 14, f"{name}: {cell.source}"


def test_every_figure_has_an_alt_text_of_its_own():
    for name in source.page_names():
        for call in (node for tree in source.load_page(name).trees() for node in ast.walk(tree)):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "show_figure":
                given = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
                assert len(given["alt"]) > 40, f"{name}: {given}"
                assert given["alt"] != given["caption"], f"{name}: {given}"


# --- the archive -------------------------------------------------------------------------------------------------


def test_the_archive_holds_book_notebooks_results_and_environment_with_checksums(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "ARTIFACTS", tmp_path / "artifacts")
    files.write(tmp_path / "artifacts" / "own" / "0123" / "manifest.json", "{}")
    html = tmp_path / "html"
    (html / "_executed").mkdir(parents=True)
    with pytest.raises(InputError, match="build it with: make book"):
        archive.write_archive(tmp_path / "book.zip", html)
    (html / "index.html").write_text("<html></html>")
    (html / "_executed" / "one.ipynb").write_text("{}")
    for name in ("first.zip", "second.zip"):
        archive.write_archive(tmp_path / name, html)
    assert (tmp_path / "first.zip").read_bytes() == (tmp_path / "second.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "first.zip") as found:
        sums = dict(line.split("  ")[::-1] for line in found.read("SHA256SUMS").decode().splitlines())
        assert set(found.namelist()) == {*sums, "SHA256SUMS"}
        assert all(files.sha256(found.read(name)) == digest for name, digest in sums.items())
    assert {"html/index.html", "notebooks/one.ipynb", "source/requirements.txt", "source/LICENSE"} <= set(sums)
    assert {"source/results/mnist/manifest.json", "manifests/own-0123.json"} <= set(sums)
    monkeypatch.setattr(files, "ROOT", tmp_path)
    with pytest.raises(InputError, match="from a clone of its repository"):
        archive.write_archive(tmp_path / "third.zip", html)
    assert not (tmp_path / "third.zip").exists()


def test_the_bibliography_is_whole():
    from pybtex.database import parse_file

    entries = parse_file(str(files.ROOT / "book" / "references.bib")).entries
    assert len(entries) == (files.ROOT / "book" / "references.bib").read_text().count("\n@") + 1
    for key, entry in entries.items():
        fields = entry.fields
        assert fields.keys() & {"doi", "url", "eprint"} or "\\url{" in fields.get("howpublished", ""), (
            f"{key} has no address"
        )
        assert re.fullmatch(r"10\.\d{4,}/[^\s{}]+", fields.get("doi", "10.1000/none")), key
        assert re.fullmatch(r"\d{4}\.\d{4,5}", fields.get("eprint", "0000.0000")), key
        assert ("eprint" in fields) == (fields.get("archiveprefix") == "arXiv"), key
