"""An open-model load: requests leave at their own times, whether or not earlier ones have come back."""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

CONNECTIONS = 64


@dataclass(frozen=True)
class Request:
    """One HTTP request, ready to be written, and the status that is right for it."""

    content: bytes
    expects: int


@dataclass(frozen=True)
class Load:
    """What came of a run: seconds from when a request was due until its answer was whole."""

    latencies: list[float]
    statuses: dict[int, int]
    unexpected: int
    seconds: float

    @property
    def per_second(self) -> float:
        return len(self.latencies) / self.seconds

    def percentile(self, share: float) -> float:
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def get(path: str, host: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()


def post(path: str, host: str, body: bytes) -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def run(requests: Sequence[Request], address: tuple[str, int], rate: float) -> Load:
    """Send the requests at `rate` a second and wait for all answers."""
    return asyncio.run(_run(requests, address, rate))


class _Client:
    """Connections that take due requests from one queue and note what came of them."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.address = address
        self.queue: asyncio.Queue[tuple[float, Request] | None] = asyncio.Queue()
        self.latencies: list[float] = []
        self.statuses: Counter[int] = Counter()
        self.unexpected = 0

    async def work(self) -> None:
        line: _Line | None = None
        while item := await self.queue.get():
            due, request = item
            line, status = await self._ask(line, request.content)
            self.latencies.append(time.perf_counter() - due)
            self.statuses[status] += 1
            self.unexpected += status != request.expects
        if line:
            line[1].close()

    async def _ask(self, line: "_Line | None", content: bytes) -> "tuple[_Line | None, int]":
        """The answer over a standing connection; over a new one where the server had just closed it."""
        for _ in range(3):
            try:
                line = line or await asyncio.open_connection(*self.address)
                status, closes = await _exchange(*line, content)
            except (ConnectionError, asyncio.IncompleteReadError):
                line = None
                continue
            if closes:
                line[1].close()
            return (None if closes else line), status
        return None, 0


_Line = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def _run(requests: Sequence[Request], address: tuple[str, int], rate: float) -> Load:
    client = _Client(address)
    workers = [asyncio.create_task(client.work()) for _ in range(CONNECTIONS)]
    began = time.perf_counter()
    for number, request in enumerate(requests):
        due = began + number / rate
        if (wait := due - time.perf_counter()) > 0:
            await asyncio.sleep(wait)
        client.queue.put_nowait((due, request))
    for _ in workers:
        client.queue.put_nowait(None)
    await asyncio.gather(*workers)
    return Load(client.latencies, dict(client.statuses), client.unexpected, time.perf_counter() - began)


async def _exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, content: bytes) -> tuple[int, bool]:
    """Send one request, read one answer; its status, and whether the server closes after it."""
    writer.write(content)
    head = await reader.readuntil(b"\r\n\r\n")
    lines = head.decode("latin-1").lower().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines[1:] if ": " in line)
    await reader.readexactly(int(headers.get("content-length", 0)))
    return int(lines[0].split(" ")[1]), headers.get("connection") == "close"
