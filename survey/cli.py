"""The commands: `flask --app wsgi ...`. The module of a command is loaded when its command runs."""

from importlib import import_module
from typing import Any

import click
from flask import Flask, has_app_context
from flask.cli import ScriptInfo

from survey.database import writing

#: a command, or a group and a command of it, and the module and attribute where it stands
COMMANDS: dict[str, str] = {
    "demo": "survey.demo.__main__:command",
    "users add": "survey.accounts.cli:add",
    "users list": "survey.accounts.cli:list_all",
    "work": "survey.jobs.work:work",
    "jobs run": "survey.jobs.work:run_one",
    "jobs list": "survey.jobs.work:list_open",
    "doctor": "survey.doctor:command",
    "backup": "survey.backup.cli:backup",
    "restore": "survey.backup.cli:restore",
    "customers import": "survey.customers.cli:import_customers",
    "transactions import": "survey.customers.cli:import_transactions",
    "contracts import": "survey.customers.cli:import_contracts",
    "defections detect": "survey.defections.cli:detect",
    "customers export": "survey.rights.cli:export",
    "customers erase": "survey.jobs.tasks.erase:command",
    "invitations send": "survey.invitations.cli:send",
    "answers classify": "survey.jobs.tasks.classify:command",
    "answers train": "survey.jobs.tasks.train:command",
    "answers reclassify": "survey.jobs.tasks.reclassify:command",
}

GROUPS = {
    "jobs": "The work that waits, runs or was left.",
    "users": "Who may sign in, and what they may do.",
    "defections": "Who has left.",
    "invitations": "Ask those who left.",
    "answers": "Read the answers and find the reasons in them.",
    "customers": "Customers and their visits.",
    "transactions": "Purchases and visits.",
    "contracts": "Contracts and their renewals.",
}


class LateCommand(click.Group):
    """A command, or a group, that imports its real self when it is asked to do something."""

    def __init__(self, name: str, target: str) -> None:
        super().__init__(name)
        self.target = target

    @property
    def real(self) -> click.Command:
        module, attribute = self.target.split(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        context = self.real.make_context(*args, **kwargs)
        app = context.ensure_object(ScriptInfo).load_app()
        if not has_app_context():
            context.with_resource(app.app_context())
        # a command is a writer from its first transaction to its last
        context.with_resource(writing())
        return context

    def get_short_help_str(self, limit: int = 45) -> str:
        return self.real.get_short_help_str(limit)


def init_app(app: Flask) -> None:
    for path, target in COMMANDS.items():
        *group, name = path.split(" ")
        home = _group(app, group[0]) if group else app.cli
        home.add_command(LateCommand(name, target))


def _group(app: Flask, name: str) -> click.Group:
    standing = app.cli.commands.get(name)
    if not isinstance(standing, click.Group):
        standing = click.Group(name, help=GROUPS.get(name))
        app.cli.add_command(standing)
    return standing
