"""The blueprints of the site, one a slice, in the order of the slices."""

from importlib import import_module

from flask import Flask

#: modules that each have a `blueprint`
SLICES: tuple[str, ...] = (
    "home",
    "reports.views",
    "reports.rate.views",
    "reports.value.views",
    "reports.asking.views",
    "reports.questionnaires.views",
    "accounts.views",
    "invitations.views",
    "responses.views",
    "responses.policy.views",
    "responses.walk_in.views.form",
    "responses.walk_in.views.links",
    "customers.views",
    "defections.views",
    "defections.views.customers",
    "reasons.views.review",
    "reasons.views.models",
    "reasons.views.themes",
    "reasons.views.taxonomy",
    "investments.views",
    "investments.views.pack",
    "invitations.views.mail",
    "winback.views",
    "winback.views.root_causes",
    "rights.views.own",
    "rights.views.export",
    "rights.views.erase",
    "rights.views.retention",
    "rights.views.register",
    "rights.views.privacy",
    "winback.views.calls",
    "jobs.views",
    "noticeboard",
    "doctor",
    "health",
)


def register_blueprints(app: Flask) -> None:
    for name in SLICES:
        app.register_blueprint(import_module(f"survey.{name}").blueprint)
