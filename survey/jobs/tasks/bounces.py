"""Read what came back about our mail."""

from collections import Counter
from typing import Any

import structlog

from survey.clock import now
from survey.extensions import db
from survey.invitations.bounces import note
from survey.jobs.models import Job
from survey.mail.mailbox import Unread, open_mailbox
from survey.mail.reports import read_report
from survey.web import settings

BATCH = 50

log = structlog.get_logger()


def run(job: Job) -> dict[str, Any]:
    """Gives how many reports of which kind there were; `other`: mail that is no report, left for people to read.

    Each batch is stored before it is marked as seen, so a run that is killed reads some of it again, which changes
    nothing. Raises MailboxAway.
    """
    if not settings().imap_url:
        return {}
    counts: Counter[str] = Counter()
    # nobody waits for our turn at the database while a mail server thinks
    db.session.commit()
    with open_mailbox(settings().imap_url) as box:
        keys = box.keys()
        job.total = len(keys)
        for start in range(0, len(keys), BATCH):
            batch = keys[start : start + BATCH]
            counts += _take(box, batch)
            job.done = start + len(batch)
            db.session.commit()
            box.mark_seen(batch)
    return dict(+counts)


def _take(box: Unread, keys: list[str]) -> Counter[str]:
    counts: Counter[str] = Counter()
    reports = [read_report(box.read(key)) for key in keys]
    for report in reports:
        if report is None:
            counts["other"] += 1
            continue
        noted = note(report, now())
        counts[report.kind if noted.ours else "not_ours"] += noted.new
    return counts
