"""Whyleft: why customers leave, and whether the money goes to those causes."""

import os
from pathlib import Path

from flask import Flask

from survey import accounts, cli, formats, navigation, web
from survey import tables as tables  # foreign keys name tables of every slice
from survey.config import Settings, load_config
from survey.database import apply_engine_rules, engine_options, engine_url
from survey.extensions import babel, csrf, db, migrate
from survey.routes import register_blueprints


def create_app(settings: Settings | None = None) -> Flask:
    """The application for these settings, or for those of the environment. Raises SettingsError in words."""
    settings = settings or load_config(os.environ)
    settings.instance.mkdir(parents=True, exist_ok=True)
    app = web.Whyleft(__name__, settings)
    app.config.update(_flask_settings(settings))
    db.init_app(app)
    migrate.init_app(app, db, directory=str(Path(app.root_path).parent / "migrations"), compare_type=True)
    csrf.init_app(app)
    babel.init_app(app, locale_selector=web.choose_language)
    accounts.init_app(app)
    web.init_app(app)
    formats.init_app(app)
    navigation.init_app(app)
    register_blueprints(app)
    cli.init_app(app)
    with app.app_context():
        apply_engine_rules(db.engine)
    return app


def _flask_settings(settings: Settings) -> dict[str, object]:
    secure = settings.base_url.startswith("https://")
    return {
        "SECRET_KEY": settings.secret_key,
        "SECRET_KEY_FALLBACKS": settings.old_secret_keys,
        "SQLALCHEMY_DATABASE_URI": engine_url(settings.database_url, settings.gate_seconds),
        "SQLALCHEMY_ENGINE_OPTIONS": engine_options(settings.database_url),
        "SESSION_COOKIE_SECURE": secure,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "REMEMBER_COOKIE_SECURE": secure,
        "MAX_CONTENT_LENGTH": 256 * 1024,
        "MAX_FORM_MEMORY_SIZE": 256 * 1024,
        "TRUSTED_HOSTS": settings_hosts(settings),
        "BABEL_DEFAULT_LOCALE": "nl",
        "BABEL_DEFAULT_TIMEZONE": settings.time_zone,
        "BABEL_TRANSLATION_DIRECTORIES": "translations",
        "WTF_CSRF_TIME_LIMIT": None,
    }


def settings_hosts(settings: Settings) -> list[str]:
    """Host names this site answers to; any other Host header is refused."""
    host = settings.base_url.split("://", 1)[1].split("/", 1)[0].rsplit(":", 1)[0]
    own_machine = ["127.0.0.1", "localhost"]
    return [*(own_machine if host in own_machine else [host]), *settings.hosts]
