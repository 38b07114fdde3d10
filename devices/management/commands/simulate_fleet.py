"""`manage.py simulate_fleet`: pretend access points. All of it is in `devices.simulation`."""

import argparse
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from devices.simulation.arguments import DESCRIPTION, add_arguments
from devices.simulation.assembly import BadArgument
from devices.simulation.play import BAD_ARGUMENTS, play


class Command(BaseCommand):
    """Neither checks nor migrations: a device knows no database."""

    help = DESCRIPTION
    requires_system_checks = []
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        add_arguments(parser)

    def handle(self, *args: Any, **chosen: Any) -> None:
        try:
            code = play(argparse.Namespace(**chosen))
        except BadArgument as error:
            raise CommandError(str(error), returncode=BAD_ARGUMENTS) from error
        if code:
            sys.exit(code)
