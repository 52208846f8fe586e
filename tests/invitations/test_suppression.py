"""Addresses that are never written to again."""

import pytest
from flask import Flask
from sqlalchemy import select

from survey.extensions import db
from survey.invitations.models import Suppression
from survey.invitations.suppression import suppress, suppressed_among


def test_letters_do_not_matter_and_twice_is_once(context: None) -> None:
    suppress("Jan@Example.org", "bounced")
    suppress(" jan@example.org", "opted_out")

    assert suppressed_among(["jan@example.org", "JAN@example.org", "piet@example.org"]) == {
        "jan@example.org",
        "JAN@example.org",
    }
    assert db.session.scalars(select(Suppression.why)).all() == ["bounced"]


def test_the_address_cannot_be_read_back(context: None) -> None:
    suppress("jan@example.org", "bounced")
    digest = db.session.scalars(select(Suppression.address_digest)).one()
    assert len(digest) == 64
    assert "jan" not in digest


def test_it_outlives_a_change_of_key(app: Flask, context: None, monkeypatch: pytest.MonkeyPatch) -> None:
    suppress("jan@example.org", "bounced")
    settings = app.settings  # type: ignore[attr-defined]
    old = settings.secret_key

    monkeypatch.setattr(settings, "secret_key", "x" * 40)
    assert suppressed_among(["jan@example.org"]) == set()
    monkeypatch.setattr(settings, "old_secret_keys", ["y" * 40, old])
    assert suppressed_among(["jan@example.org"]) == {"jan@example.org"}


def test_many_addresses_at_once(context: None) -> None:
    suppress("person-7@example.org", "bounced")
    assert suppressed_among([f"person-{n}@example.org" for n in range(25_000)]) == {"person-7@example.org"}
