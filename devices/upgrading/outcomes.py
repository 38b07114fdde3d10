"""How an attempt ended, in words: for pages and mails alike."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from devices.rollouts.judge import Outcome

OUTCOMES: dict[str, Promise] = {
    Outcome.UPGRADED: _("Runs the new firmware"),
    Outcome.UPGRADE_FAILED: _("Says itself that the upgrade failed"),
    Outcome.REFUSED: _("Refused the upgrade"),
    Outcome.OLD_FIRMWARE: _("Is back, with the firmware from before"),
    Outcome.SILENT: _("Was not heard of again in time"),
    Outcome.UNSENT: _("The command never reached it"),
    Outcome.ALREADY: _("Ran the new firmware before its turn came"),
    Outcome.NEWER: _("Runs something newer by now"),
    Outcome.NO_WAY: _("Needs another version first, and none that leads here is offered"),
    Outcome.RELEASED: _("Was released meanwhile"),
    Outcome.LEFT_OUT: _("Was left out"),
}
