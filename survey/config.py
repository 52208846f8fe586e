"""Every setting of Whyleft, typed, in one place. Each is an environment variable with the prefix WHYLEFT_."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self
from zoneinfo import ZoneInfo, available_timezones

import click
from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

PREFIX = "WHYLEFT_"


class SettingsError(click.ClickException):
    """The settings are not usable; the message says which and what to do. A command says that and ends."""


class Settings(BaseSettings):
    model_config = SettingsConfigDict(extra="forbid")

    #: Folder for everything this installation keeps: database, mail, uploads, models, locks.
    instance: Path = Path("instance")
    #: sqlite:///PATH or postgresql+psycopg://USER:PASSWORD@HOST/NAME; default: whyleft.db in the instance folder.
    database_url: str = ""
    #: Signs sessions and mailed links. Links die when it is lost: keep it with the backups.
    secret_key: str = Field(min_length=32)
    #: Keys that were retired but still open links that are out, newest first.
    old_secret_keys: list[str] = []
    #: The address people reach this site at; mail links are built from it, never from the Host header.
    base_url: str
    #: folder:PATH writes mail to a folder; smtp://[USER:PASSWORD@]HOST[:PORT] (or smtps://) sends it.
    mail_url: str
    mail_from: str = "whyleft@localhost"
    #: Where undeliverable mail goes back to (the envelope sender); empty: to the address of WHYLEFT_MAIL_FROM.
    mail_bounces_to: str = ""
    #: imaps://USER:PASSWORD@HOST[:PORT][/FOLDER] (or imap://, with STARTTLS): the mailbox that bounces come into.
    imap_url: str = ""
    #: Name under which the mail server publishes its DKIM key, so that `doctor` can look whether it is there.
    dkim_selector: str = ""
    #: Connections to the mail server at once.
    mail_connections: int = Field(4, ge=1, le=20)
    #: Shown to the people who are asked.
    organisation: str = "Whyleft"
    #: Where a respondent's question about privacy goes.
    privacy_contact: str = ""
    time_zone: str = "Europe/Amsterdam"
    currency: str = Field("EUR", pattern="^[A-Z]{3}$")
    #: redis://... or amqp://...; empty: the `work` command runs the jobs.
    broker_url: str = ""
    #: Further host names this site answers to, besides that of base_url.
    hosts: list[str] = []
    #: Proxies in front of the site whose X-Forwarded-For is believed.
    proxies: int = Field(0, ge=0, le=5)
    #: Days that a mailed link works.
    link_days: int = Field(60, ge=1)
    #: Seconds to wait for the write gate of SQLite before answering 503.
    gate_seconds: float = Field(5.0, gt=0)
    #: Largest file that may be uploaded, in bytes.
    upload_bytes: int = Field(500_000_000, gt=0)
    #: True only for the demo business: shows example sign-ins and allows http cookies.
    demo: bool = False

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource, *_: Any, **__: Any
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read only what is handed in: the environment is an argument of load_config."""
        return (init_settings,)

    @field_validator("old_secret_keys", "hosts", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError("is not a time zone; use a name such as Europe/Amsterdam")
        return value

    @field_validator("base_url")
    @classmethod
    def _web_address(cls, value: str) -> str:
        if not value.startswith(("http://", "https://")):
            raise ValueError("must start with http:// or https://")
        return value.rstrip("/")

    @field_validator("mail_url")
    @classmethod
    def _known_mailer(cls, value: str) -> str:
        if not value.startswith(("folder:", "smtp://", "smtps://")):
            raise ValueError("must be folder:PATH, smtp://HOST:PORT or smtps://HOST:PORT")
        return value

    @field_validator("imap_url")
    @classmethod
    def _known_mailbox(cls, value: str) -> str:
        if value and not value.startswith(("imap://", "imaps://")):
            raise ValueError("must be imaps://USER:PASSWORD@HOST or imap://USER:PASSWORD@HOST")
        return value

    @model_validator(mode="after")
    def _complete(self) -> Self:
        self.instance = self.instance.absolute()
        if not self.database_url:
            self.database_url = f"sqlite:///{self.instance / 'whyleft.db'}"
        if not self.database_url.startswith(("sqlite:///", "postgresql+psycopg://")):
            raise ValueError("WHYLEFT_DATABASE_URL must start with sqlite:/// or postgresql+psycopg://")
        return self

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @property
    def on_sqlite(self) -> bool:
        return self.database_url.startswith("sqlite")


def load_config(environment: Mapping[str, str]) -> Settings:
    """Read the settings from a mapping of environment variables.

    Raises SettingsError naming every variable that is missing, wrong or unknown.
    """
    given = {
        name.removeprefix(PREFIX).lower(): value
        for name, value in environment.items()
        if name.startswith(PREFIX) and value != ""
    }
    try:
        return Settings(**given)  # type: ignore[arg-type]  # pydantic turns the strings into the declared types
    except ValidationError as error:
        raise SettingsError("\n".join(_sentences(error))) from None


def _sentences(error: ValidationError) -> list[str]:
    return [_sentence(str(e["loc"][0]) if e["loc"] else "", e["type"], e["msg"]) for e in error.errors()]


def _sentence(field: str, kind: str, message: str) -> str:
    variable = f"{PREFIX}{field.upper()}" if field else ""
    if kind == "missing":
        return f"{variable} is not set. See docs/settings.md for what it is for."
    if kind == "extra_forbidden":
        return f"{variable} is not a setting of Whyleft. See docs/settings.md for the list."
    return f"{variable} {message.removeprefix('Value error, ')}".strip()
