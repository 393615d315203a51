"""A process that has imported what the pages import, and forks a kernel for each page. A script that needs no packages.

`serve FD MODULE...` listens on the socket FD until its standard input closes; a line there, in JSON, is for the function
`prepare` of the last module. `request SOCKET COMMAND...` asks it for a kernel and stands for it: each ends when the other
does. If it gets none, it becomes the kernel of COMMAND.
"""

import gc
import json
import os
import select
import signal
import socket
import sys
from importlib import import_module
from threading import Thread


def serve(listener: socket.socket, modules: list[str]) -> None:
    """Import the modules, then fork a kernel for every connection."""
    sys.path[0] = ""  # in place of this script's folder
    gc.disable()  # until all is there: it takes a fifth of the time of the imports
    for module in ("ipykernel.kernelapp", *modules):
        last = import_module(module)
    # pandas takes a process that is no kernel for a terminal, with as many columns as fit its width.
    if "pandas" in sys.modules:
        sys.modules["pandas"].set_option("display.max_columns", 20)
    _check_that_forks_work()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # kernels that end leave nothing behind
    while ready := select.select([listener, sys.stdin], [], [])[0]:
        if sys.stdin in ready:  # before any request that came after it
            if not (line := sys.stdin.readline()):
                return
            last.prepare(json.loads(line))
            _check_that_forks_work()
            continue
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            become_kernel(connection)
        connection.close()


def _check_that_forks_work() -> None:
    """End this process, so that kernels start as usual, if it has other threads: a fork would keep their locks, without them."""
    gc.freeze()  # the kernels' garbage collectors need not look at what is here
    gc.enable()
    if len(os.listdir("/proc/self/task")) > 1:  # noqa: PTH208
        os._exit(1)


def become_kernel(connection: socket.socket) -> None:
    """Be the kernel of a request, in its folder and environment, while the connection lasts."""
    from ipykernel import kernelapp

    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    request = json.loads(connection.makefile().readline())
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["folder"])
    del sys.path[0]  # ipykernel puts the current folder there
    connection.sendall(b"+")
    Thread(target=_end_with, args=(connection,), daemon=True).start()
    try:
        kernelapp.launch_new_instance([*request["arguments"], f"--IPKernelApp.parent_handle={os.getppid()}"])
    finally:
        os._exit(0)


def _end_with(connection: socket.socket) -> None:
    connection.recv(1)
    os.kill(os.getpid(), signal.SIGKILL)


def request(path: str, command: list[str]) -> None:
    """Have the kernel of this command forked, and wait for its end."""
    arguments = command[command.index("ipykernel_launcher") + 1 :]
    wanted = {"arguments": arguments, "folder": os.getcwd(), "environment": dict(os.environ)}  # noqa: PTH109
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.connect(path)
        connection.sendall(json.dumps(wanted).encode() + b"\n")
        forked = connection.recv(1)
    except OSError:  # the server has ended
        forked = b""
    if not forked:
        os.execv(command[0], command)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Jupyter interrupts a kernel before it ends it
    connection.recv(1)


if __name__ == "__main__":
    action, place, *rest = sys.argv[1:]
    if action == "serve":
        serve(socket.socket(fileno=int(place)), rest)
    else:
        request(place, rest)
