"""Settings: typed, listed, loud."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from survey.config import PREFIX, Settings, SettingsError, load_config

GOOD = {
    "WHYLEFT_SECRET_KEY": "x" * 32,
    "WHYLEFT_BASE_URL": "https://why.example.nl/",
    "WHYLEFT_MAIL_URL": "smtp://mail.example.nl:587",
}


def test_good_settings_are_typed() -> None:
    settings = load_config(GOOD | {"WHYLEFT_HOSTS": "a.example.nl, b.example.nl", "WHYLEFT_LINK_DAYS": "30"})
    assert settings.base_url == "https://why.example.nl"
    assert settings.hosts == ["a.example.nl", "b.example.nl"]
    assert settings.link_days == 30
    assert settings.database_url == f"sqlite:///{Path('instance').absolute() / 'whyleft.db'}"


@pytest.mark.parametrize("name", sorted(GOOD))
def test_what_is_missing_is_named(name: str) -> None:
    with pytest.raises(SettingsError, match=f"{name} is not set"):
        load_config({key: value for key, value in GOOD.items() if key != name})


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("SECRET_KEY", "short", "at least 32"),
        ("BASE_URL", "why.example.nl", "must start with http"),
        ("MAIL_URL", "mail.example.nl", "must be folder:PATH"),
        ("DATABASE_URL", "mysql://x", "must start with sqlite:/// or postgresql"),
        ("TIME_ZONE", "Amsterdam", "Europe/Amsterdam"),
        ("LINK_DAYS", "many", "integer"),
        ("LINK_DAYS", "0", "greater than or equal to 1"),
        ("CURRENCY", "euro", "pattern"),
        ("COLOUR", "blue", "is not a setting"),
    ],
)
def test_what_is_wrong_is_named(name: str, value: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says) as error:
        load_config(GOOD | {f"{PREFIX}{name}": value})
    assert f"{PREFIX}{name}" in str(error.value)


def test_no_secret_has_a_default() -> None:
    assert Settings.model_fields["secret_key"].is_required()


def test_every_setting_is_in_the_list_of_settings() -> None:
    page = (Path(__file__).parent.parent / "docs" / "settings.md").read_text()
    assert [name for name in Settings.model_fields if f"`{PREFIX}{name.upper()}`" not in page] == []


def test_command_says_what_is_wrong_without_a_traceback() -> None:
    environment = {"PATH": os.environ["PATH"], "WHYLEFT_BASE_URL": "nowhere"}
    run = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", "doctor"],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        cwd=Path(__file__).parents[1],
    )
    assert run.returncode == 1
    assert run.stderr.startswith("Error: ")
    assert "WHYLEFT_SECRET_KEY is not set" in run.stderr
    assert "Traceback" not in run.stderr
