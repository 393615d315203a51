"""What the tests of figures and tables share: the book's style, and the summary of the run `smoke`."""

import matplotlib
import pytest

from lib import runs
from lib.report import style


@pytest.fixture(autouse=True)
def book_style():
    with matplotlib.rc_context():
        style.use_style()
        yield


@pytest.fixture(scope="module")
def summaries():
    return {"smoke": runs.summary("smoke")}
