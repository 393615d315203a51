"""The kernels that execute pages: always of the Python that runs the build, and forks of one process for several pages."""

import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, ClassVar
from weakref import WeakSet

from ipykernel.kernelspec import make_ipkernel_cmd
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager

from lib.base import files
from lib.pages import fork_server

INLINE = "module://matplotlib_inline.backend_inline"  # the backend that ipykernel chooses for its kernels


class PageKernels(AsyncKernelManager):
    """Kernels of this Python, whatever kernel a folder of JUPYTER_PATH calls python3."""

    begun: ClassVar[WeakSet["PageKernels"]] = WeakSet()

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.begun.add(self)

    @property
    def kernel_spec(self) -> KernelSpec:
        # What IPython's kernel warns of, or meets when it is ended, is not about the page.
        quiet = ["--log-level=CRITICAL"]
        return KernelSpec(argv=make_ipkernel_cmd(extra_arguments=quiet), display_name="Python 3", language="python")

    @classmethod
    def prepare(cls, names: Iterable[str]) -> None:
        """Have the summaries of these runs at hand in every kernel that starts from now on, where kernels are forked."""

    @classmethod
    def end_all(cls) -> None:
        """Kill every kernel that still runs: the threads that wait for them go on within a second or two."""
        for manager in list(cls.begun):
            process = getattr(manager.provisioner, "process", None)
            if process is not None:
                process.kill()


@contextmanager
def forked_kernels(modules: Iterable[str]) -> Iterator[type[PageKernels]]:
    """A class of kernel managers whose kernels have these modules imported when they start; on Linux alone.

    Elsewhere, and if the modules cannot be imported or start a thread, kernels start as usual.
    """
    if sys.platform != "linux":
        yield PageKernels
        return
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as listener:
        path = str(Path(folder, "kernels"))
        listener.bind(path)
        listener.listen()
        server = subprocess.Popen(
            [sys.executable, fork_server.__file__, "serve", str(listener.fileno()), *modules],
            stdin=subprocess.PIPE,
            bufsize=0,
            pass_fds=[listener.fileno()],
            cwd=files.ROOT,
            env={"MPLBACKEND": INLINE} | os.environ | {"JE_ARROW_MALLOC_CONF": "background_thread:false"},
            start_new_session=True,  # Ctrl-C reaches the build alone
        )
        listener.close()

        class ForkedKernels(PageKernels):
            def format_kernel_cmd(self, extra_arguments: list[str] | None = None) -> list[str]:
                command = super().format_kernel_cmd(extra_arguments)
                return [sys.executable, "-I", "-S", fork_server.__file__, "request", path, *command]

            @classmethod
            def prepare(cls, names: Iterable[str]) -> None:
                assert server.stdin is not None
                with suppress(OSError):  # the server has ended
                    server.stdin.write(json.dumps(list(names)).encode() + b"\n")

        with server:  # closes its standard input, at which it ends, and waits
            yield ForkedKernels
