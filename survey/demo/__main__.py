"""`python -m survey.demo`: from nothing to a running site with a demo business. SERVE=0 stops before serving."""

import os
import secrets
import signal
import subprocess
import sys
from pathlib import Path

import click
from flask.cli import ScriptInfo

from survey import create_app
from survey.config import SettingsError, load_config
from survey.demo.loading import Welcome, load

ADDRESS = "127.0.0.1:8000"


def demo_environment(environment: dict[str, str]) -> dict[str, str]:
    """What the demo sets where the person has not: all of it stays in the instance folder."""
    instance = Path(environment.get("WHYLEFT_INSTANCE", "instance")).absolute()
    instance.mkdir(parents=True, exist_ok=True)
    defaults = {
        "WHYLEFT_INSTANCE": str(instance),
        "WHYLEFT_SECRET_KEY": _kept_secret(instance / "demo-secret"),
        "WHYLEFT_BASE_URL": f"http://{ADDRESS}",
        "WHYLEFT_MAIL_URL": f"folder:{instance / 'mail'}",
        "WHYLEFT_ORGANISATION": "Autobedrijf De Linde",
        "WHYLEFT_PRIVACY_CONTACT": "privacy@delinde.example.org",
        "WHYLEFT_DEMO": "true",
    }
    return defaults | environment


def _kept_secret(path: Path) -> str:
    """Made once, so that links and sessions of the demo live as long as its folder."""
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(48))
    return path.read_text()


def main() -> int:
    os.environ.update(demo_environment(dict(os.environ)))
    try:
        app = create_app(load_config(os.environ))
        welcome = load(app)
    except (SettingsError, click.ClickException) as error:
        click.echo(error, err=True)
        return 1
    say(welcome)
    return 0 if os.environ.get("SERVE", "1") == "0" else serve()


@click.command()
def command() -> None:
    """Fill an empty database with the demo business."""
    say(load(click.get_current_context().ensure_object(ScriptInfo).load_app()))


def say(welcome: Welcome) -> None:
    """Where to go, and as whom."""
    lines = [
        "",
        f"Whyleft stands ready at {welcome.address}",
        "",
        "Sign in as            with this e-mail address              and this password",
        *(f"  {who.role:<20}{who.email:<38}{who.password}" for who in welcome.people),
        "",
        f"Answer as a customer: {welcome.link}",
        f"Mail that was sent:   {welcome.mail}",
        "",
    ]
    click.echo("\n".join(lines))


def serve() -> int:
    """The site and its jobs, until Ctrl-C."""
    commands = (
        [sys.executable, "-m", "gunicorn", "--config", "survey/server.py", "--bind", ADDRESS, "wsgi:app"],
        [sys.executable, "-m", "flask", "--app", "wsgi", "work"],
    )
    processes = [subprocess.Popen(command) for command in commands]  # noqa: S603  # our own commands

    def stop(*_: object) -> None:
        for process in processes:
            process.terminate()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    site, work = processes
    code = site.wait()
    work.terminate()
    work.wait()
    return 0 if code in (0, -signal.SIGTERM) else code


if __name__ == "__main__":
    sys.exit(main())
