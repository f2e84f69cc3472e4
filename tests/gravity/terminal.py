"""Commands in a terminal, and the keys that a person presses."""

import os
import pty
import select
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.gravity.support import environment


class Terminal:
    """A command at the other end of a pseudo-terminal."""

    def __init__(self, master: int) -> None:
        self._master = master
        # Unlike select(), it minds no number of open files.
        self._waiting = select.poll()
        self._waiting.register(master, select.POLLIN)

    def until(self, text: str, seconds: float = 60) -> str:
        """What is printed up to `text`, without colours."""
        shown, end = "", time.monotonic() + seconds
        while text not in shown:
            assert time.monotonic() < end, f"'{text}' did not come: {shown[-2000:]}"
            if self._waiting.poll(200):
                try:
                    shown += os.read(self._master, 1 << 16).decode(errors="replace")
                except OSError:
                    break
        return shown

    def press(self, key: str, until: str) -> str:
        """Presses a key and returns what is printed up to `until`."""
        # A key that comes before the program listens is thrown away, as at any terminal in raw mode.
        time.sleep(0.3)
        os.write(self._master, key.encode())
        return self.until(until)


@contextmanager
def terminal(folder: Path, *arguments: str, **changes: str) -> Iterator[Terminal]:
    """`gravity` in `folder`, in a terminal without colours."""
    command = [sys.executable, "-m", "gravity", *arguments]
    given = environment(TERM="dumb", NO_COLOR="1", **changes)
    child, master = pty.fork()
    if child == 0:
        os.chdir(folder)
        os.execve(sys.executable, command, given)
    try:
        yield Terminal(master)
    finally:
        os.close(master)
        os.waitpid(child, 0)
