"""A server on loopback that tests start in a thread of its own: its app, its address, its beginning and end."""

import asyncio
import threading
from abc import ABC, abstractmethod
from typing import Self

from aiohttp import web


class Loopback(ABC):
    """As a context manager it serves on a free port, in a thread with an event loop of its own."""

    path = ""

    def __init__(self) -> None:
        self.port = 0
        self._stop = asyncio.Event()
        self._ready = threading.Event()

    @property
    def url(self) -> str:
        """The base URL for a client."""
        return f"http://127.0.0.1:{self.port}{self.path}"

    @abstractmethod
    def routes(self, app: web.Application) -> None:
        """Adds what the server has an address for."""

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=asyncio.run, args=(self.serve(),), daemon=True)
        self._thread.start()
        self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Ends it, if it still runs."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(10)

    async def serve(self, port: int = 0) -> None:
        """Serves until stopped."""
        self._loop = asyncio.get_running_loop()
        app = web.Application(client_max_size=8 << 20)
        self.routes(app)
        # Requests that hang are not waited for at the end.
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port, backlog=256).start()
        self.port = runner.addresses[0][1]
        self._ready.set()
        await self._stop.wait()
        await runner.cleanup()
