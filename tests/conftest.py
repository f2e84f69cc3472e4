"""Fixtures that several folders of tests share."""

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gravity.agents.endpoint import manners
from gravity.frameworks.loader import Library
from gravity.store.database import Database
from tests import chromium
from tests.stub.server import Stub


@pytest.fixture(scope="session", autouse=True)
def interruptible() -> None:
    """Started in a shell's background the suite, and every process that it starts, would ignore a Ctrl-C."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def library() -> Library:
    """The material that ships with Gravity."""
    return Library()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A running Chromium. While it runs, no test can run a loop of its own."""
    yield from chromium.started()


@pytest.fixture(autouse=True)
def strangers() -> Iterator[None]:
    """What is learned of a server ends with the test: another one may get its port."""
    yield
    manners.forget()


@pytest.fixture
def stub() -> Iterator[Stub]:
    """A server that answers from planted truth, without faults."""
    with Stub() as server:
        yield server


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """An empty SQLite database in a file."""
    made = Database(f"sqlite:///{tmp_path / 'test.sqlite'}")
    yield made
    made.close()
