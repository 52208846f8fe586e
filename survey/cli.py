"""The commands: `flask --app wsgi ...`. The module of a command is loaded when its command runs."""

from importlib import import_module
from typing import Any

import click
from flask import Flask

from survey.database import writing

#: name of a command or group, and the module and attribute where it stands
COMMANDS: dict[str, str] = {}


class LateCommand(click.Group):
    """A group that imports its real self when it is asked to do something."""

    def __init__(self, name: str, target: str) -> None:
        super().__init__(name)
        self.target = target

    @property
    def real(self) -> click.Command:
        module, attribute = self.target.split(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        return self.real.make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        with writing():
            return self.real.invoke(ctx)

    def get_short_help_str(self, limit: int = 45) -> str:
        return self.real.get_short_help_str(limit)


def init_app(app: Flask) -> None:
    for name, target in COMMANDS.items():
        app.cli.add_command(LateCommand(name, target))
