"""The doctor: looks at everything this installation needs, and says what to do where something is wrong."""

from collections.abc import Iterable
from typing import Any

import click
import structlog
from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from survey.accounts.access import allow
from survey.checks import Finding, database, machine, mail_domain, work
from survey.database import reading
from survey.extensions import db
from survey.web import settings

blueprint = Blueprint("doctor", __name__)

#: quick enough for a page
CHECKS = (
    machine.settings_check,
    database.rules_check,
    database.sqlite_check,
    database.migrations_check,
    machine.mail_check,
    mail_domain.sender_check,
    machine.mailbox_check,
    machine.broker_check,
    work.queue_check,
    work.schedule_check,
    work.model_check,
    machine.disk_check,
    machine.clock_check,
)
#: read everything that is stored
THOROUGH = (database.file_check, work.audit_check)

log = structlog.get_logger()


def examine(checks: Iterable[Any]) -> list[Finding]:
    """What each check found. A check that cannot be made is a finding too."""
    with reading():
        return [_examined(check) for check in checks if applies(check)]


def applies(check: Any) -> bool:
    return settings().on_sqlite or check is not database.sqlite_check


def _examined(check: Any) -> Finding:
    try:
        found: Finding = check()
        return found
    except Exception as error:  # whatever is broken, the other checks are still worth making
        log.warning("check failed", check=check.__name__, error=type(error).__name__)
        return Finding(
            check.__name__.removesuffix("_check"),
            "fail",
            _("This could not be checked: %(error)s.", error=type(error).__name__),
            _("See the first thing above that failed, and the log."),
        )
    finally:
        db.session.rollback()


@click.command("doctor")
def command() -> None:
    """Check everything this installation needs; ends with 1 where something is broken."""
    db.session.rollback()
    findings = examine(CHECKS + THOROUGH)
    for finding in findings:
        click.echo(f"{finding.level:<8} {finding.name}: {finding.sentence}")
        if finding.level != "ok":
            click.echo(f"{'':<8} -> {finding.advice}")
    if broken := sum(finding.level == "fail" for finding in findings):
        raise click.ClickException(f"{broken} of {len(findings)} checks failed.")


@blueprint.get("/doctor")
@allow("administrator")
def page() -> ResponseReturnValue:
    return render_template("doctor/page.html", findings=examine(CHECKS))
