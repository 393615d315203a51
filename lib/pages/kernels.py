"""Kernels that start in a fraction of a second: forks of a process that has imported what the pages import."""

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from jupyter_client.manager import AsyncKernelManager

from lib.base import files
from lib.pages import fork_server

INLINE = "module://matplotlib_inline.backend_inline"  # the backend that ipykernel chooses for its kernels


@contextmanager
def forked_kernels(modules: Iterable[str]) -> Iterator[type[AsyncKernelManager]]:
    """A class of kernel managers whose kernels have these modules imported when they start; on Linux alone.

    Elsewhere, and if the modules cannot be imported or start a thread, kernels start as usual.
    """
    if sys.platform != "linux":
        yield AsyncKernelManager
        return
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as listener:
        path = str(Path(folder, "kernels"))
        listener.bind(path)
        listener.listen()
        server = subprocess.Popen(
            [sys.executable, fork_server.__file__, "serve", str(listener.fileno()), *modules],
            stdin=subprocess.PIPE,
            pass_fds=[listener.fileno()],
            cwd=files.ROOT,
            env={"MPLBACKEND": INLINE} | os.environ | {"JE_ARROW_MALLOC_CONF": "background_thread:false"},
            start_new_session=True,  # Ctrl-C reaches the build alone
        )
        listener.close()

        class ForkedKernelManager(AsyncKernelManager):
            def format_kernel_cmd(self, extra_arguments: list[str] | None = None) -> list[str]:
                command = super().format_kernel_cmd(extra_arguments)
                if command[0] != sys.executable or "ipykernel_launcher" not in command:
                    return command  # another Python
                return [sys.executable, "-I", "-S", fork_server.__file__, "request", path, *command]

        with server:  # closes its standard input, at which it ends, and waits
            yield ForkedKernelManager
