"""``manage.py staff EMAIL``: let somebody see what those see who run this Aerie, or no longer."""

from typing import Any

import structlog
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import User

log = structlog.get_logger(__name__)


class Command(BaseCommand):
    help = "Make the person with this e-mail address staff: they see the background tasks, no organisation."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", help="of somebody who has signed up")
        parser.add_argument("--remove", action="store_true", help="take it from them again")

    def handle(self, *args: Any, email: str, remove: bool, **options: Any) -> None:
        user = User.objects.filter(email=email.strip().lower()).first()
        if user is None:
            raise CommandError(f"Nobody has signed up as {email}.")
        user.is_staff = not remove
        user.save(update_fields=["is_staff"])
        log.info("staff.changed", user=user.pk, staff=user.is_staff)
        self.stdout.write(f"{user.email} is {'no longer' if remove else 'now'} staff.")
