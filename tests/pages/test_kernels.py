"""Forked kernels: what they have when they start, that they end with those who asked, and that plain ones take their place."""

import os
import subprocess
import sys
import time
from contextlib import suppress

import psutil
import pytest

from lib import runs
from lib.pages import book, execution, kernels, source

HEADER = "# ---\n# jupyter:\n#   kernelspec:\n#     display_name: Python 3\n#     language: python\n#     name: python3\n# ---\n\n"
PAGE = HEADER + (
    "# %%\nimport os, sys\n\nprint('statsmodels' in sys.modules)\n"
    "print(os.environ.get('OF_THE_BUILD'), os.environ['OMP_NUM_THREADS'], os.getcwd() in sys.path or '' in sys.path)\n"
    "print(os.getpid())\n\nimport pandas\n\nprint(pandas.get_option('display.max_columns'))\n"
)
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="kernels are forked on Linux alone")


def printed(manager, page=PAGE):
    """The lines that a page prints."""
    with execution.one_thread():
        notebook = execution.execute_page(source.parse_page("one", page), {}, manager)
    return "".join(output.text for cell in notebook.cells for output in cell.get("outputs", [])).splitlines()


def test_a_forked_kernel_has_the_modules_and_the_environment_of_its_request(monkeypatch):
    with execution.one_thread(), kernels.forked_kernels(["statsmodels", "pandas"]) as manager:
        monkeypatch.setenv("OF_THE_BUILD", "set later")
        first, second = printed(manager), printed(manager)
    assert first[:2] == second[:2] == ["True", "set later 1 True"]
    assert first[2] != second[2], "a process each"
    plain = printed(kernels.AsyncKernelManager)
    assert plain[0] == "False"
    assert plain[3] == first[3], "tables are printed alike"


def test_a_build_s_kernels_are_forked_with_all_that_its_pages_load():
    """Else each would load it again, and nothing but the time would tell."""
    modules = book.preloaded(map(source.load_page, ("predictors", "twice")))
    asked = (
        HEADER
        + "# %%\nimport sys\n\nprint({'lib.pages.warm', 'torch._dynamo', 'lib.analysis.tournament'} <= set(sys.modules))\n"
    )
    runs.ensure("smoke")
    held = HEADER + "# %%\nfrom lib.runs import results\n\nprint(len(results._held))\n"
    with execution.one_thread(), kernels.forked_kernels(modules) as manager:
        assert printed(manager, asked) == ["True"]
        assert printed(manager, held) == ["0"]
        manager.prepare(["smoke", "no run of this name"])
        assert printed(manager, held) == ["1"], "the summaries that several pages read"


@pytest.mark.parametrize(
    "fault",
    ["import nothing_of_this_name", "import threading, time\nthreading.Thread(target=time.sleep, args=(9,)).start()"],
)
def test_where_modules_cannot_be_imported_or_start_a_thread_kernels_start_as_usual(tmp_path, monkeypatch, fault):
    (tmp_path / "faulty.py").write_text(fault)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    with execution.one_thread(), kernels.forked_kernels(["statsmodels", "faulty"]) as manager:
        assert printed(manager)[0] == "False"


def test_a_forked_kernel_that_dies_is_an_error_and_one_whose_build_is_killed_ends():
    with execution.one_thread(), kernels.forked_kernels([]) as manager:
        with pytest.raises(execution.PageError, match="code cell 1 ended its kernel"):
            printed(manager, HEADER + "# %%\nimport os\n\nos._exit(1)\n")
        assert len(printed(manager)) == 4, "the next page has its kernel"
    code = (
        "from lib.pages import execution, kernels, source\n"
        f"page = source.parse_page('one', {(HEADER + '# %%' + chr(10) + 'import time' + chr(10) + 'time.sleep(60)')!r})\n"
        "with execution.one_thread(), kernels.forked_kernels(['statsmodels']) as manager:\n"
        "    execution.execute_page(page, {}, manager)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL) as build:
        # the build's child is the server, whose child is the kernel
        family = psutil.Process(build.pid).children

        def kernels_of():
            with suppress(psutil.NoSuchProcess):  # another child, git, has ended meanwhile
                return [kernel for server in family() for kernel in server.children()]

        wait_for(kernels_of)
        started = [*family(), *kernels_of()]
        build.kill()
    wait_for(lambda: not any(process.is_running() for process in started))


def wait_for(condition):
    """The first true value of a condition, within 30 seconds."""
    end = time.monotonic() + 30
    while not (value := condition()):
        assert time.monotonic() < end
        time.sleep(0.1)
    return value
