"""Sending over several connections at once, so that one server or mail that hangs does not hold up the others."""

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait

from flask import Flask, current_app

from survey.database import committed, writing
from survey.extensions import db
from survey.invitations.outbox import Run, Sender, begin
from survey.mail import open_mailer
from survey.web import settings

#: how often the count goes to who waits for it
TOLD_SECONDS = 2.0


def send_all(on_batch: Callable[[int], None] = lambda done: None) -> dict[str, int]:
    """Send every mail that is due when this begins, over the connections of the settings.

    Gives how many came to which state. Commits as it goes; `on_batch` is told now and then how many are done. When
    that raises, as it does when the job was taken over by another worker, each connection ends after its batch.
    """
    run, told = committed(db.session, begin), Told()
    app = current_app._get_current_object()  # type: ignore[attr-defined]  # werkzeug's proxy does not say so
    number = settings().mail_connections
    with ThreadPoolExecutor(number, thread_name_prefix="sender") as pool:
        senders = [pool.submit(_send, app, run, told) for _ in range(number)]
        try:
            _watch(senders, lambda: on_batch(told.total))
        finally:
            run.stop.set()
    return dict(+sum((sender.result() for sender in senders), Counter()))


class Told:
    """How many mails all connections together have dealt with."""

    def __init__(self) -> None:
        self.total = 0
        self._lock = threading.Lock()

    def add(self, count: int) -> None:
        with self._lock:
            self.total += count


def _watch(senders: list[Future[Counter[str]]], tell: Callable[[], None]) -> None:
    """Tell now and then until all have ended or one has failed."""
    waiting = set(senders)
    while waiting:
        ended, waiting = wait(waiting, TOLD_SECONDS, FIRST_EXCEPTION)
        tell()
        if any(sender.exception() for sender in ended):
            return


def _send(app: Flask, run: Run, told: Told) -> Counter[str]:
    with app.app_context(), writing(), open_mailer() as mailer:
        sender, before = Sender(mailer, run), 0
        for _ in sender.batches():
            told.add(sender.counts.total() - before)
            before = sender.counts.total()
        return sender.counts
