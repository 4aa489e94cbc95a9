"""Steps in the identity provider that several attacks share, and the changes of staff that look alike."""

from collections.abc import Iterator

from triage.generator.company import Place, User
from triage.generator.detectors.elastic import Rule, rule_alert
from triage.generator.detectors.okta import OktaEvent, okta_event, okta_fields
from triage.generator.detectors.shapes import uuid_of
from triage.generator.events import Alert, Moment, Step
from triage.generator.stage import Pace, Stage, digest

LOGIN = OktaEvent("user.session.start", "User login to Okta", risk="HIGH", target="Okta Dashboard")
PUSH_REJECTED = OktaEvent(
    "user.authentication.auth_via_mfa", "Authentication of user via MFA", "FAILURE", "WARN", "PUSH_REJECTED", "HIGH"
)
NEW_FACTOR = OktaEvent("user.mfa.factor.activate", "Activate factor for user", risk="HIGH", target="Authenticator app")
NEW_COUNTRY = Rule(
    "Okta session from a country new for the user",
    "medium",
    ("T1078.004",),
    "authentication",
    "okta.system",
    "user.session.start",
)
NEW_FACTOR_ABROAD = Rule(
    "Okta factor enrolled in a session from abroad",
    "high",
    ("T1098.005",),
    "iam",
    "okta.system",
    "user.mfa.factor.activate",
)


def session_id(stage: Stage) -> str:
    """Return the id of the one Okta session of an attack."""
    return f"102{digest(stage.seed, stage.key, 'session')[:22]}"


def foreign_session(stage: Stage, pace: Pace, user: User, place: Place) -> Iterator[Step]:
    """Log in from abroad: the log entry, and the rule that knows where the user usually is."""
    session = session_id(stage)
    yield Step("initial-access", okta_event(pace.after(5), LOGIN, user, place, session))
    yield Step("initial-access", _soon_after(pace, NEW_COUNTRY, LOGIN, user, place))


def push_fatigue(stage: Stage, pace: Pace, user: User, place: Place, tries: int) -> Iterator[Step]:
    """Ask the user for consent until it is given."""
    for _ in range(tries):
        event = okta_event(pace.after(3), PUSH_REJECTED, user, place, session_id(stage))
        yield Step("credential-access", event)


def new_factor(stage: Stage, pace: Pace, user: User, place: Place) -> Iterator[Step]:
    """Enrol a factor of one's own."""
    yield Step("persistence", okta_event(pace.after(10), NEW_FACTOR, user, place, session_id(stage)))
    yield Step("persistence", _soon_after(pace, NEW_FACTOR_ABROAD, NEW_FACTOR, user, place))


def _soon_after(pace: Pace, rule: Rule, event: OktaEvent, user: User, place: Place) -> Alert:
    return rule_over_okta(pace.after(0.5), rule, event, user, place)


def rule_over_okta(moment: Moment, rule: Rule, event: OktaEvent, user: User, place: Place) -> Alert:
    """Return the alert of an Elastic rule over a system log event of this moment."""
    return rule_alert(moment, rule, okta_fields(event, user, place, uuid_of(moment.uid)))
