"""The demo business, brought in by the commands and pages that any business would use."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import click
from flask import Flask
from flask.cli import ScriptInfo
from flask_migrate import upgrade
from sqlalchemy import func, select, update
from werkzeug.test import Client

from survey.accounts.models import ROLES
from survey.clock import now, today
from survey.customers.models import Customer
from survey.database import committed, writing
from survey.defections import definitions
from survey.defections.models import Defection
from survey.demo.answers import Answer
from survey.demo.calling import ask_by_phone, asked_by, call_people
from survey.demo.generating import DemoBusiness, generate
from survey.demo.investing import add_investments
from survey.demo.reviewing import review_answers
from survey.demo.visiting import visit
from survey.extensions import db
from survey.invitations.links import answer_link
from survey.invitations.models import ContactPolicy, Invitation, Mailing
from survey.responses.models import Response
from survey.web import settings

SEED = 7
CUSTOMERS = 5000
#: the business has run Whyleft for two years: it looked every thirty days
LOOKS = 24
DAYS_BETWEEN = 30
#: how many of those invited last have not answered yet, so that there is somebody to answer as
STILL_TO_ANSWER = 5
#: the policy that an installation begins with
POLICY = {
    "quarantine_days": 180, "most_mails": 3, "window_days": 30, "quiet_from": 20, "quiet_until": 8,
    "domain_per_minute": 600,
}  # fmt: skip
#: what the night works out before investments are checked
NIGHTLY = ("value", "watch", "find_themes", "shares", "figures", "alert", "cases")
#: after two, enough of the sample has been read that the shares of a year have honest intervals
SITTINGS = 2


@dataclass(frozen=True)
class Person:
    role: str
    email: str
    password: str


@dataclass(frozen=True)
class Welcome:
    """What somebody needs to look around."""

    address: str
    people: list[Person]
    link: str
    mail: Path


def load(
    app: Flask,
    customers: int = CUSTOMERS,
    looks: int = LOOKS,
    days_between: int = DAYS_BETWEEN,
    until: date | None = None,
) -> Welcome:
    """Make the demo business in an empty database; where it stands already, only the sign-ins are made anew.

    `looks`: how many times it has looked who left, `days_between` them; `until`: the last day of its history, today
    where it is not given.
    """
    folder: Path = app.settings.instance / "demo"  # type: ignore[attr-defined]  # an app of create_app
    with app.app_context():
        upgrade()
        empty = not db.session.scalar(select(func.count(Customer.id)))
        day = until or today()
        db.session.remove()
    if not empty and not (folder / "truth.json").exists():
        raise click.ClickException("This installation has customers of its own. The demo wants an empty one.")
    people = list(_add_people(app))
    if empty:
        business = generate(SEED, day, customers)
        business.write(folder)
        _fill(app, business, [day - timedelta(days=look * days_between) for look in reversed(range(looks))])
    with app.app_context():
        link = answer_link(_somebody_asked())
        address = settings().base_url
    return Welcome(address, people, link, app.settings.instance / "mail")  # type: ignore[attr-defined]


def _fill(app: Flask, business: DemoBusiness, days: list[date]) -> None:
    folder: Path = app.settings.instance / "demo"  # type: ignore[attr-defined]  # an app of create_app
    run(app, "customers", "import", str(folder / "customers.csv"))
    run(app, "contracts", "import", str(folder / "contracts.csv"))
    run(app, "transactions", "import", str(folder / "transactions.csv"))
    with app.app_context():
        rule = business.definition
        draft = definitions.Draft("Standard", rule.kind, rule.parameters)
        committed(db.session, lambda: definitions.revise(draft, None))
    with app.app_context():
        committed(db.session, _lift_policy)
    for day in days:
        if day == days[-1]:
            with app.app_context():
                committed(db.session, ask_by_phone)
        run(app, "defections", "detect", "--as-of", str(day))
    run(app, "invitations", "send")
    with app.app_context():
        committed(db.session, lambda: _set_policy(**POLICY))
    _answer_all(app, business)
    click.echo(f"{visit(app, business)} people answer by the card of a branch")
    run(app, "answers", "classify")
    run(app, "jobs", "run", "draw")
    _read_some(app, business)
    run(app, "answers", "train")
    for kind in NIGHTLY:
        run(app, "jobs", "run", kind)
    _invest(app, business)


def _lift_policy() -> None:
    """Two years are told in a minute, at any hour: until they are, nothing is too often or too much and never night."""
    _set_policy(
        quarantine_days=0, most_mails=100, window_days=1, quiet_from=0, quiet_until=0, domain_per_minute=1_000_000
    )


def _set_policy(**values: int) -> None:
    db.session.execute(update(ContactPolicy).values(**values))


def _invest(app: Flask, business: DemoBusiness) -> None:
    """The manager keeps a register of what is spent; every night it is checked."""
    with app.app_context():
        added = committed(db.session, lambda: add_investments(business.story.investments))
        click.echo(f"{added} investments put into the register")
    run(app, "jobs", "run", "check_investments")


def run(app: Flask, *command: str) -> None:
    """Run a command as a person would type it, and say so."""
    click.secho(f"$ flask --app wsgi {' '.join(command)}", bold=True)
    app.cli.main(args=list(command), standalone_mode=False, obj=ScriptInfo(create_app=lambda: app))


def _add_people(app: Flask) -> Iterator[Person]:
    for role in ROLES:
        person = Person(role, f"{role}@delinde.example.org", f"linde-{secrets.token_hex(4)}")
        done = app.test_cli_runner().invoke(
            args=["users", "add", person.email, "--role", role, "--password-stdin"], input=person.password
        )
        if done.exit_code:
            raise click.ClickException(done.output)
        yield person


def _answer_all(app: Flask, business: DemoBusiness) -> None:
    """Everybody who would answer does, through the form itself but for the last few, or on the phone."""
    with app.app_context():
        asked = asked_by("mail")
        answers = [(row.id, answer_link(row.id), business.answer(row.external_id, row.language)) for row in asked]
    given = [(number, link, answer) for number, link, answer in answers if answer][:-STILL_TO_ANSWER]
    browser = Client(app)
    with click.progressbar(given, label=f"{len(given)} of {len(asked)} people answer the form") as bar:
        for _, link, answer in bar:
            _send(browser, app.settings.base_url, link, answer)  # type: ignore[attr-defined]
    with app.app_context():
        called = call_people(business)
        click.echo(f"Answers on the phone: {len(called)}")
        written = {number: answer.delay_days for number, _, answer in given}
        committed(db.session, lambda: _date_back(written | called))


def _read_some(app: Flask, business: DemoBusiness) -> None:
    """People read answers, one by one from the queue, in two sittings; the queue is filled up again after each."""
    for _ in range(SITTINGS):
        with app.app_context(), writing():
            read = review_answers(business)
            click.echo(f"{read} answers read by the analyst and the administrator")
        run(app, "jobs", "run", "draw")


def _date_back(delays: dict[int, int]) -> None:
    """All of this happened just now; put every mail and answer on the day it would have come, had time passed."""
    rows = db.session.execute(select(Invitation.id, Defection.noticed_on).join(Defection)).all()
    asked = {number: datetime.combine(day, time(10, tzinfo=UTC)) for number, day in rows}
    lasts = timedelta(days=settings().link_days)
    db.session.execute(
        update(Invitation), [{"id": n, "created_at": at, "expires_at": at + lasts} for n, at in asked.items()]
    )
    mailings = db.session.execute(select(Mailing.id, Mailing.invitation_id).where(Mailing.state == "sent"))
    db.session.execute(update(Mailing), [{"id": key, "sent_at": asked[number]} for key, number in mailings])
    answers = db.session.execute(select(Response.id, Response.invitation_id)).all()
    latest = now()
    days = {n: min(asked[n] + timedelta(days=delays[n]), latest) for _, n in answers}
    db.session.execute(update(Response), [{"id": key, "created_at": days[n]} for key, n in answers])
    db.session.execute(update(Invitation), [{"id": n, "started_at": day} for n, day in days.items()])


def _send(browser: Client, base_url: str, link: str, answer: Answer) -> None:
    fields = {"reason": answer.main, "also": list(answer.others), "words": answer.words or ""}
    if answer.may_contact:
        fields["contact"] = "y"
    response = browser.post(link.removeprefix(base_url), base_url=base_url, data=fields)
    if response.status_code != 303:
        raise click.ClickException(f"The form answered {response.status} to a good answer.")


def _somebody_asked() -> int:
    """The invitation asked last that is still open."""
    found = db.session.scalar(
        select(Invitation.id)
        .where(Invitation.state == "open", Invitation.channel == "mail")
        .order_by(Invitation.id.desc())
        .limit(1)
    )
    if found is None:
        raise click.ClickException("Everybody has answered: remove the instance folder and make the demo again.")
    return found
