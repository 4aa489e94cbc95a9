"""Attacks that begin with a message: from a mailbox over a workstation and an identity into the cloud or the bank."""

from collections.abc import Iterator

from triage.generator.company import Host, Place, User
from triage.generator.detectors.elastic import Rule, defend_alert, process_alert
from triage.generator.detectors.guardduty import Finding, Key, key_finding
from triage.generator.detectors.mail import Letter, Verdict, mail_alert
from triage.generator.detectors.okta import OktaEvent, okta_event
from triage.generator.detectors.sentinel import SentinelAlert, account, mailbox, security_alert
from triage.generator.detectors.sentinel import address as ip_entity
from triage.generator.detectors.suricata import Signature, eve_alert, tls
from triage.generator.events import Alert, Step
from triage.generator.process import Process
from triage.generator.scenarios.identity import foreign_session, new_factor, push_fatigue, session_id
from triage.generator.stage import Pace, Stage, digest

MACRO = Rule("Office program started a script interpreter", "high", ("T1204.002", "T1059.001"))
ENCODED = Rule("PowerShell with encoded command line", "medium", ("T1027", "T1059.001"))
RUN_KEY = Rule("Program in user profile added to Run key", "medium", ("T1547.001",), "registry", action="modification")
TASK = Rule("Scheduled task created from script interpreter", "medium", ("T1053.005",))
BROWSER = Rule("Browser credential store read by unusual process", "high", ("T1552.001",), "file", action="open")
DOMAIN = Rule("Enumeration of privileged domain groups", "low", ("T1087.002",))
BEACON = Signature("Periodic TLS sessions to newly registered domain", "A Network Trojan was detected", 1, "tls")


def phishing_to_cloud(stage: Stage) -> Iterator[Step]:
    """Mail attachment, script on the workstation, stolen session from abroad, access key, export of a bucket."""
    company, pace = stage.company, stage.pace(hours=36, hour=8.5, workday=True)
    user = stage.pick(company.staff("finance") + company.staff("engineering"))
    host, control, abroad = company.station_of(user), stage.stranger(), stage.stranger()
    yield from _delivery(stage, pace, user)
    yield from _execution(stage, pace, user, host, control)
    pace.until(21.5)
    yield from _session(stage, pace, user, abroad)
    yield from _cloud(stage, pace, user, abroad)


def _delivery(stage: Stage, pace: Pace, user: User) -> Iterator[Step]:
    letter = Letter(
        "accounts@kontor-billing.example", "Overdue statement 4471", stage.stranger().ip, "statement_4471.docm"
    )
    late = Verdict("Macro document from first-time sender", 47, "delivered", "T1566.001")
    for other in [user, *stage.sample([u for u in stage.company.users if u != user], 3)]:
        yield Step("initial-access", mail_alert(pace.after(1), late, letter, stage.company, other))
    opened = Verdict("Suspicious attachment opened", 47, "clicked", "T1566.001")
    yield Step("initial-access", mail_alert(pace.after(50), opened, letter, stage.company, user))


def _execution(stage: Stage, pace: Pace, user: User, host: Host, control: Place) -> Iterator[Step]:
    company = stage.company
    word = stage.process(host, rf'WINWORD.EXE "C:\Users\{user.name}\Downloads\statement_4471.docm"')
    shell = stage.process(host, f"powershell.exe -nop -w hidden -enc {digest(stage.seed, 'enc')[:44]}", word)
    loader = stage.process(host, rf"C:\Users\{user.name}\AppData\Roaming\syncsvc\syncsvc.exe -k", shell)
    yield Step("execution", process_alert(pace.after(2), MACRO, company, host, shell, user))
    yield Step("defense-evasion", process_alert(pace.after(0.1), ENCODED, company, host, shell, user))
    yield Step(
        "execution", defend_alert(pace.after(3), "memory_signature", company, host, loader, loader.executable, user)
    )
    task = stage.process(host, rf'schtasks.exe /create /tn SyncSvc /sc hourly /tr "{loader.executable}"', shell)
    yield Step("persistence", process_alert(pace.after(4), TASK, company, host, task, user))
    key = {"path": r"HKCU\Software\Microsoft\Windows\CurrentVersion\Run\SyncSvc", "value": "SyncSvc"}
    yield Step("persistence", process_alert(pace.after(1), RUN_KEY, company, host, loader, user, registry=key))
    for _ in range(4):
        yield Step("command-and-control", _beacon(pace, host, control))
    net = stage.process(host, 'net.exe group "Domain Admins" /domain', loader)
    yield Step("discovery", process_alert(pace.after(40), DOMAIN, company, host, net, user))
    yield from _browser(stage, pace, user, host, loader)


def _beacon(pace: Pace, host: Host, control: Place) -> Alert:
    return eve_alert(pace.after(45), BEACON, host.ip, control.ip, 443, tls=tls("cdn-sync.kontor-billing.example"))


def _browser(stage: Stage, pace: Pace, user: User, host: Host, loader: Process) -> Iterator[Step]:
    path = rf"C:\Users\{user.name}\AppData\Local\Google\Chrome\User Data\Default\Network\Cookies"
    store = {"path": path, "name": "Cookies"}
    yield Step(
        "credential-access", process_alert(pace.after(30), BROWSER, stage.company, host, loader, user, file=store)
    )


def _session(stage: Stage, pace: Pace, user: User, abroad: Place) -> Iterator[Step]:
    yield from push_fatigue(stage, pace, user, abroad, 4)
    yield from foreign_session(stage, pace, user, abroad)
    yield from new_factor(stage, pace, user, abroad)
    travel = SentinelAlert(
        "Sign-in from two distant places within one hour",
        "Medium",
        "The account signed in from a country it has never used while its usual session was still active.",
        "InitialAccess",
        ("T1078.004",),
        "Microsoft Defender for Cloud Apps",
        "MCAS",
    )
    found = security_alert(pace.after(12), travel, user.email, [account(stage.company, user), ip_entity(abroad.ip)])
    yield Step("initial-access", found)
    app = OktaEvent("user.authentication.sso", "User single sign on to app", risk="HIGH", target="AWS account access")
    yield Step("lateral-movement", okta_event(pace.after(15), app, user, abroad, session_id(stage)))


def _cloud(stage: Stage, pace: Pace, user: User, abroad: Place) -> Iterator[Step]:
    cloud = stage.company.cloud
    number = digest("key", cloud.id, user.name).upper()
    key = Key(f"AKIA{number[:16]}", f"AIDA{number[16:32]}", user.name)
    login = Finding(
        "UnauthorizedAccess:IAMUser/ConsoleLoginSuccess.B",
        5,
        "{user} logged in to the console from unusual {ip}.",
        "ConsoleLogin",
        "signin.amazonaws.com",
    )
    listing = Finding(
        "Discovery:IAMUser/AnomalousBehavior",
        2,
        "{user} listed buckets and policies as never before, from {ip}.",
        "ListBuckets",
    )
    new_key = Finding(
        "Persistence:IAMUser/AnomalousBehavior",
        5,
        "{user} created an access key from {ip}.",
        "CreateAccessKey",
        "iam.amazonaws.com",
    )
    export = Finding(
        "Exfiltration:S3/AnomalousBehavior", 8, "{user} read an unusual amount of objects from {ip}.", "GetObject"
    )
    yield Step("initial-access", key_finding(pace.after(8), login, cloud, key, abroad))
    yield Step("discovery", key_finding(pace.after(25), listing, cloud, key, abroad))
    yield Step("persistence", key_finding(pace.after(30), new_key, cloud, key, abroad))
    for bucket in cloud.buckets[:2]:
        yield Step("exfiltration", key_finding(pace.after(120), export, cloud, key, abroad, bucket))


def business_email_compromise(stage: Stage) -> Iterator[Step]:
    """Link to a fake login page, session from abroad, hidden forwarding rule, invoice sent on with new bank details."""
    company, pace = stage.company, stage.pace(hours=60, hour=10, workday=True)
    user, abroad = stage.pick(company.staff("finance")), stage.stranger()
    letter = Letter(
        "share@docs-portal.example", "Document shared with you", abroad.ip, url="https://docs-portal.example/login"
    )
    link = Verdict("Link to fake login page", 47, "delivered", "T1566.002")
    click = Verdict("Link to fake login page opened", 73, "clicked", "T1566.002")
    yield Step("initial-access", mail_alert(pace.after(5), link, letter, company, user))
    yield Step("initial-access", mail_alert(pace.after(40), click, letter, company, user))
    yield from foreign_session(stage, pace, user, abroad)
    mail = OktaEvent("user.authentication.sso", "User single sign on to app", risk="HIGH", target="Mail")
    yield Step("lateral-movement", okta_event(pace.after(90), mail, user, abroad, session_id(stage)))
    for kind in _MAILBOX:
        entities = [account(company, user), mailbox(user), ip_entity(abroad.ip)]
        yield Step("collection", security_alert(pace.after(300), kind, user.email, entities))
    reply = Letter(user.email, "Re: new bank details for your payment", abroad.ip)
    changed = Verdict("Changed payment details in reply thread", 73, "delivered")
    for other in stage.sample([u for u in company.staff("finance") if u != user], 3):
        yield Step("impact", mail_alert(pace.after(400), changed, reply, company, other))


_OFFICE = ("Microsoft Defender for Office 365", "OATP")
_MAILBOX = (
    SentinelAlert(
        "Inbox rule hides messages from a partner",
        "Medium",
        "A new rule moves messages that mention payments into a folder nobody reads.",
        "Collection",
        ("T1114.003",),
        *_OFFICE,
    ),
    SentinelAlert(
        "Mail forwarded to an outside address",
        "High",
        "All mail of the account is now forwarded to an address outside the company.",
        "Collection",
        ("T1114.003",),
        *_OFFICE,
    ),
)
