"""People and keys that are allowed in: an employee who leaves with data, a leaked cloud key, sprayed passwords."""

from collections.abc import Iterator
from datetime import timedelta

from triage.generator.company import Place
from triage.generator.detectors.elastic import Rule, process_alert
from triage.generator.detectors.guardduty import Finding, Key, instance_finding, key_finding
from triage.generator.detectors.mail import Letter, Verdict, mail_alert
from triage.generator.detectors.okta import OktaEvent, okta_event
from triage.generator.detectors.sentinel import SentinelAlert, account, mailbox, security_alert
from triage.generator.detectors.sentinel import address as ip_entity
from triage.generator.detectors.suricata import Signature, eve_alert, tls
from triage.generator.detectors.wazuh import WazuhRule, wazuh_alert
from triage.generator.events import Step
from triage.generator.scenarios.identity import foreign_session, new_factor
from triage.generator.stage import Stage, digest

MASS_READ = Rule("Unusual number of files read from share", "low", ("T1083",), "file", action="open")
ZIP = Rule("Archive tool run with password", "medium", ("T1560.001",))
STICK = Rule("Many files written to removable drive", "medium", ("T1048",), "file", action="creation")
CLOUD_DRIVE = Signature("Upload to private cloud storage", "Potential Corporate Privacy Violation", 2, "tls")
PRIVATE_MAIL = Verdict("Internal document sent to private address", 47, "delivered", "T1567.002")


def insider_exfiltration(stage: Stage) -> Iterator[Step]:
    """An employee, on the own machine and in working hours, takes more every day. Low severities only."""
    company, pace = stage.company, stage.pace(hours=100, hour=15.5, workday=True)
    user = stage.pick(company.staff("engineering"))
    host, share, drive = company.station_of(user), company.server("file-server"), stage.stranger()
    desk = stage.process(host, "explorer.exe")
    for day in range(4):
        folder = {"path": rf"\\{share.short}\projects\line-{day + 1}", "name": f"line-{day + 1}"}
        yield Step("collection", process_alert(pace.after(30), MASS_READ, company, host, desk, user, file=folder))
        packer = stage.process(host, rf"7z.exe a -p C:\Users\{user.name}\x{day}.7z {folder['path']}", desk)
        yield Step("collection", process_alert(pace.after(25), ZIP, company, host, packer, user))
        layer = tls("drive.boxhouse.example")
        yield Step("exfiltration", eve_alert(pace.after(20), CLOUD_DRIVE, host.ip, drive.ip, 443, tls=layer))
        pace.until(15.5)
    stick = {"path": r"E:\backup", "name": "backup"}
    yield Step("exfiltration", process_alert(pace.after(30), STICK, company, host, desk, user, file=stick))
    letter = Letter(user.email, "for later", company.egress.ip, "drawings.7z")
    yield Step("exfiltration", mail_alert(pace.after(20), PRIVATE_MAIL, letter, company, user))


CALLER = Finding(
    "Discovery:IAMUser/AnomalousBehavior",
    4,
    "{user} made discovery calls as never before, from {ip}.",
    "ListUsers",
    "iam.amazonaws.com",
)
TOR = Finding(
    "UnauthorizedAccess:IAMUser/MaliciousIPCaller.Custom",
    5,
    "{user} called an API from listed address {ip}.",
    "DescribeInstances",
    "ec2.amazonaws.com",
)
TRAIL = Finding(
    "DefenseEvasion:IAMUser/AnomalousBehavior",
    5,
    "{user} changed the audit trail from {ip}.",
    "StopLogging",
    "cloudtrail.amazonaws.com",
)
GRANT = Finding(
    "PrivilegeEscalation:IAMUser/AnomalousBehavior",
    8,
    "{user} attached an administrator policy from {ip}.",
    "AttachUserPolicy",
    "iam.amazonaws.com",
)
NEW_USER = Finding(
    "Persistence:IAMUser/AnomalousBehavior", 5, "{user} created a user from {ip}.", "CreateUser", "iam.amazonaws.com"
)
MINER = Finding("CryptoCurrency:EC2/BitcoinTool.B", 8, "{user} talks to a mining pool at {ip}.")
EXPORT = Finding(
    "Exfiltration:S3/AnomalousBehavior", 8, "{user} read an unusual amount of objects from {ip}.", "GetObject"
)
KEY_FILE = WazuhRule("100410", 7, "Credentials file read outside of a build job", ("audit",), ("T1552.001",), "audit")


def cloud_key_theft(stage: Stage) -> Iterator[Step]:
    """A key read on the build server is used from abroad: rights, a user of one's own, miners, buckets."""
    company, pace, place = stage.company, stage.pace(hours=26, hour=11), stage.stranger()
    cloud, build = company.cloud, company.server("build-server")
    number = digest("deploy", cloud.id).upper()
    key = Key(f"AKIA{number[:16]}", f"AIDA{number[16:32]}", "svc-deploy")
    line, data = "runner read /home/runner/.aws/credentials", {"srcuser": "runner"}
    yield Step("credential-access", wazuh_alert(pace.after(20), KEY_FILE, build, line, data))
    for finding, phase in (
        (TOR, "initial-access"),
        (CALLER, "discovery"),
        (CALLER, "discovery"),
        (TRAIL, "defense-evasion"),
        (GRANT, "privilege-escalation"),
        (NEW_USER, "persistence"),
    ):
        yield Step(phase, key_finding(pace.after(45), finding, cloud, key, place))
    for instance in stage.sample(cloud.instances, 2):
        yield Step("impact", instance_finding(pace.after(60), MINER, cloud, instance, stage.stranger()))
    for bucket in cloud.buckets[:2]:
        yield Step("exfiltration", key_finding(pace.after(80), EXPORT, cloud, key, place, bucket))


WRONG = OktaEvent("user.session.start", "User login to Okta", "FAILURE", "WARN", "INVALID_CREDENTIALS", "MEDIUM")
SPRAY = SentinelAlert(
    "One address tried the passwords of many accounts",
    "Medium",
    "More than ten accounts saw a failed sign-in from one address within an hour.",
    "CredentialAccess",
    ("T1110.003",),
    "Microsoft Entra ID Protection",
    "IPC",
)
READ_ALL = SentinelAlert(
    "Mailbox read by an unusual client",
    "Medium",
    "A client the account never used read most of its mailbox.",
    "Collection",
    (),
    "Microsoft Defender for Office 365",
    "OATP",
)


def password_spray(stage: Stage) -> Iterator[Step]:
    """One address tries a password on many accounts; one opens, gets a factor of its own, and its mail is read."""
    company, pace, place = stage.company, stage.pace(hours=30, hour=5), stage.stranger()
    tried = stage.sample(company.users, 12)
    for user in tried:
        yield Step("credential-access", okta_event(pace.after(6), WRONG, user, place))
    victim = tried[-1]
    yield Step("credential-access", security_alert(pace.after(10), SPRAY, victim.email, _about(stage, place)))
    yield from foreign_session(stage, pace, victim, place)
    yield from new_factor(stage, pace, victim, place)
    entities = [account(company, victim), mailbox(victim), ip_entity(place.ip)]
    for _ in range(2):
        yield Step("collection", security_alert(pace.after(300), READ_ALL, victim.email, entities))


def _about(stage: Stage, place: Place) -> list[dict[str, object]]:
    return [ip_entity(place.ip), *(account(stage.company, u) for u in stage.sample(stage.company.users, 3))]


def slow_spray(stage: Stage) -> Iterator[Step]:
    """One failed sign-in an hour, each to another account, all from one address: before the first day and after."""
    place, hours = stage.stranger(), stage.days * 24 - 1
    for hour in range(hours):
        at = stage.start + timedelta(hours=hour, seconds=stage.rng.randrange(3600))
        yield Step("credential-access", okta_event(stage.moment(at), WRONG, stage.pick(stage.company.users), place))
