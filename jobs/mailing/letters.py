"""Every mail there is, by the word its task says, and how it is written."""

from devices.models import Task
from jobs.mailing import alerts, operators, rollouts, sending, weekly

WRITERS: dict[str, sending.Writer] = {
    "alert": alerts.alert_letter,
    "recovery": alerts.recovery_letter,
    "rollout-summary": rollouts.summary_letter,
    "operators": operators.letter,
    "weekly": weekly.letter,
}


def send(task: Task) -> None:
    """Payload: what, to, since, and what the letter needs to know."""
    sending.send(task, WRITERS)
