"""The alarms that stop a deploy: Terraform says which, CloudWatch whether they are on."""

from deploy.environments import Environment
from deploy.outcomes import Refused


def named(environment: Environment) -> list[str]:
    """Those of the console and of the outpost: whichever role is replaced, both must stay quiet."""
    lists = [environment.parameter(f"{state}/rollback_alarms") for state in ("app", "outpost")]
    return sorted({name for text in lists for name in text.split(",") if name})


def ringing(environment: Environment) -> list[str]:
    names = named(environment)
    if not names:
        return []
    answer = environment.client("cloudwatch").describe_alarms(
        AlarmNames=names, AlarmTypes=["MetricAlarm", "CompositeAlarm"]
    )
    found = [one for kind in ("MetricAlarms", "CompositeAlarms") for one in answer.get(kind, [])]
    return sorted(one["AlarmName"] for one in found if one["StateValue"] == "ALARM")


def must_be_quiet(environment: Environment) -> None:
    """Raises ``Refused``: what is wrong already would be taken for the new release's fault."""
    if not named(environment):
        raise Refused(
            f"No alarms are known that would stop a deploy of {environment.name}: "
            "Terraform's states app and outpost publish rollback_alarms"
        )
    if on := ringing(environment):
        raise Refused(
            f"{', '.join(on)} {'is' if len(on) == 1 else 'are'} on already: see docs/runbooks. "
            "A deploy of the remedy goes past it with --skip alarms"
        )
