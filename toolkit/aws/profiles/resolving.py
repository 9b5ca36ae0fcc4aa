"""How AWS is called: flags and environment variables on top of the settings of a profile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from toolkit.aws.profiles.rules import Settings, attempts, is_boolean
from toolkit.aws.profiles.views import Fault, Reason, Refused


@dataclass(frozen=True)
class Calls:
    """The settings of calls to AWS. Empty, false and 0 leave the choice to the SDK."""

    region: str = ""
    endpoint_sts: str = ""
    endpoint_iam: str = ""
    use_fips_endpoint: bool = False
    use_dualstack_endpoint: bool = False
    ca_bundle: str = ""
    max_attempts: int = 0


def resolve(settings: Settings, variables: Mapping[str, str], *, region: str = "", endpoint: str = "") -> Calls:
    """Return the settings of calls in the SDK's order: flag, variable, profile. An empty variable counts as unset.

    Differences from the SDK: an empty AWS_ENDPOINT_URL does not hide the services section, and a number of attempts
    or AWS_IGNORE_CONFIGURED_ENDPOINT_URLS that cannot be read is skipped. Raises Refused, with the name of a variable.
    """

    def variable(name: str) -> str:
        return variables.get(name, "")

    return Calls(
        region=region or variable("AWS_REGION") or variable("AWS_DEFAULT_REGION") or settings.text("region"),
        endpoint_sts=endpoint or configured_endpoint(settings, variables, "sts"),
        endpoint_iam=endpoint or configured_endpoint(settings, variables, "iam"),
        use_fips_endpoint=_boolean(settings, variables, "use_fips_endpoint"),
        use_dualstack_endpoint=_boolean(settings, variables, "use_dualstack_endpoint"),
        ca_bundle=variable("AWS_CA_BUNDLE") or settings.text("ca_bundle"),
        max_attempts=attempts(variable("AWS_MAX_ATTEMPTS")) or attempts(settings.text("max_attempts")),
    )


def configured_endpoint(settings: Settings, variables: Mapping[str, str], service: str) -> str:
    """Return the endpoint of a service that variables or the profile configure, `""` for AWS's own."""
    ignored = variables.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "")
    ignored = ignored if is_boolean(ignored) else settings.text("ignore_configured_endpoint_urls")
    if ignored.lower() == "true":
        return ""
    names = (f"AWS_ENDPOINT_URL_{service.upper()}", "AWS_ENDPOINT_URL")
    named = next(filter(None, (variables.get(name) for name in names)), "")
    return named or settings.text(f"services.{service}") or settings.text("endpoint_url")


def _boolean(settings: Settings, variables: Mapping[str, str], setting: str) -> bool:
    name = f"AWS_{setting.upper()}"
    text = variables.get(name, "")
    if text and not is_boolean(text):
        raise Refused(Fault(Reason.NOT_BOOLEAN, name=name))
    return (text or settings.text(setting)).lower() == "true"
