"""An open-model load: requests leave at their own times, whether or not earlier ones have come back."""

import asyncio
import time
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


async def _run(requests: Sequence[Request], address: tuple[str, int], rate: float) -> Load:
    queue: asyncio.Queue[tuple[float, Request] | None] = asyncio.Queue()
    latencies: list[float] = []
    statuses: dict[int, int] = {}
    wrong: list[int] = []

    async def connection() -> None:
        reader = writer = None
        while item := await queue.get():
            due, request = item
            for _ in range(3):
                try:
                    if writer is None or reader is None:
                        reader, writer = await asyncio.open_connection(*address)
                    status, closes = await _exchange(reader, writer, request.content)
                    break
                except (ConnectionError, asyncio.IncompleteReadError):
                    # the server closed an idle connection just when it was used again
                    writer = None
            else:
                status, closes = 0, True
            latencies.append(time.perf_counter() - due)
            statuses[status] = statuses.get(status, 0) + 1
            if status != request.expects:
                wrong.append(status)
            if closes and writer is not None:
                writer.close()
                writer = None

    workers = [asyncio.create_task(connection()) for _ in range(CONNECTIONS)]
    began = time.perf_counter()
    for number, request in enumerate(requests):
        due = began + number / rate
        if (wait := due - time.perf_counter()) > 0:
            await asyncio.sleep(wait)
        queue.put_nowait((due, request))
    for _ in workers:
        queue.put_nowait(None)
    await asyncio.gather(*workers)
    return Load(latencies, statuses, len(wrong), time.perf_counter() - began)


async def _exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, content: bytes) -> tuple[int, bool]:
    """Send one request, read one answer; its status, and whether the server closes after it."""
    writer.write(content)
    head = await reader.readuntil(b"\r\n\r\n")
    lines = head.decode("latin-1").lower().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines[1:] if ": " in line)
    await reader.readexactly(int(headers.get("content-length", 0)))
    return int(lines[0].split(" ")[1]), headers.get("connection") == "close"
