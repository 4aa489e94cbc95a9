"""What fires every day in a healthy company: automation, failed logons, administrators, mail, cloud, the net."""

from collections.abc import Iterator
from datetime import timedelta
from typing import NamedTuple

from triage.generator.company import Company, Host
from triage.generator.detectors.elastic import Rule, defend_alert, logon_alert, process_alert, sequence_alerts
from triage.generator.detectors.guardduty import Finding, Key, instance_finding, key_finding
from triage.generator.detectors.mail import Letter, Verdict, mail_alert
from triage.generator.detectors.okta import OktaEvent, okta_event
from triage.generator.detectors.sentinel import SentinelAlert, account, machine, program, security_alert
from triage.generator.detectors.suricata import Signature, eve_alert, http, tls
from triage.generator.detectors.wazuh import WazuhRule, wazuh_alert
from triage.generator.detectors.zeek import notice
from triage.generator.events import Alert
from triage.generator.stage import Stage, digest


class Job(NamedTuple):
    """An automatic task that trips a rule wherever it runs."""

    rule: Rule
    command: str
    hour: float
    servers: bool


JOBS = (
    Job(Rule("Volume shadow copies listed or resized", "high", ("T1490",)), "vssadmin.exe list shadows", 1.5, True),
    Job(
        Rule("Encoded script started by system account", "high", ("T1059.001",)),
        r"powershell.exe -enc SQBuAHYAZQBuAHQAbwByAHkA",
        6.2,
        False,
    ),
    Job(
        Rule("Registry hive saved to file", "critical", ("T1003.003",)),
        r"reg.exe save HKLM\SYSTEM C:\backup\system.hiv",
        2.4,
        True,
    ),
    Job(
        Rule("Remote inventory by management tool", "low", ("T1021.006",)),
        r"powershell.exe -File C:\mgmt\inventory.ps1",
        12.3,
        False,
    ),
    Job(
        Rule("Service created with command interpreter", "medium", ("T1569.002",)),
        "sc.exe create mgmt-tmp binPath= cmd.exe",
        4.0,
        True,
    ),
    Job(
        Rule("Certificate store exported", "medium", ("T1552.001",)), "certutil.exe -exportPFX my backup.pfx", 3.1, True
    ),
)


def daily_automation(stage: Stage) -> Iterator[Alert]:
    """Scheduled jobs on the same machines at the same hour, at severities that say nothing."""
    company, habit = stage.company, stage.habit()
    windows = [h for h in company.servers if h.os == "windows"]
    for job in JOBS:
        pool = windows if job.servers else company.workstations
        size = max(2, int(stage.noise * company.entities / 120 * habit.randint(3, 6)))
        for host in habit.sample(pool, min(size, len(pool))):
            if stage.rng.random() < 0.92:
                parent = stage.process(host, r"svchost.exe -k netsvcs -s Schedule")
                process = stage.process(host, job.command, parent)
                yield process_alert(stage.today(job.hour, 6), job.rule, company, host, process)


FAILED = Rule(
    "Several failed logons of one account", "low", ("T1110.001",), "authentication", "system.security", "logon-failed"
)
GUESSED = Rule(
    "Failed logons in a row from one address",
    "medium",
    ("T1110.001",),
    "authentication",
    "system.security",
    "logon-failed",
)
SSH_FAILED = WazuhRule(
    "5710", 5, "Attempt to login using a non-existent user", ("sshd", "invalid_login"), ("T1110.001",)
)
SESSION = WazuhRule("5501", 3, "PAM: login session opened", ("pam", "authentication_success"), ("T1078",))


def failed_logons(stage: Stage) -> Iterator[Alert]:
    """Forgotten passwords inside, password guessing from the internet against the public servers."""
    company = stage.company
    public = [h for h in company.servers if h.role in ("web-server", "vpn-gateway")]
    for _ in range(stage.some(8)):
        user = stage.pick(company.users)
        dc = stage.pick([h for h in company.servers if h.role == "domain-controller"])
        yield logon_alert(stage.office(), FAILED, company, dc, user, company.station_of(user).ip)
    for _ in range(stage.some(0.8)):
        yield from _forgotten(stage)
    for _ in range(stage.some(14)):
        host, place, name = (
            stage.pick(public),
            stage.stranger(),
            stage.pick(("admin", "oracle", "test", "ubuntu", "git")),
        )
        line = f"Failed password for invalid user {name} from {place.ip} port {stage.rng.randrange(30000, 60000)} ssh2"
        yield wazuh_alert(stage.any_time(), SSH_FAILED, host, line, {"srcip": place.ip, "srcuser": name})


def _forgotten(stage: Stage) -> Iterator[Alert]:
    """Somebody has forgotten the password and tries: a sequence rule stands over its building blocks."""
    company, user, first = stage.company, stage.pick(stage.company.users), stage.office()
    server, ip = stage.pick(_by_os(company, "windows")), company.station_of(user).ip
    moments = [stage.moment(first.at + timedelta(seconds=20 * n)) for n in range(5)]
    tries = [logon_alert(m, GUESSED, company, server, user, ip) for m in moments[:4]]
    yield from sequence_alerts(moments[4], tries)


SUDO = WazuhRule("5403", 4, "First time user executed sudo", ("syslog", "sudo"), ("T1548.003",), "sudo")
ADMIN_RULES = (
    (Rule("Remote management session opened", "low", ("T1021.006",)), "wsmprovhost.exe -Embedding"),
    (Rule("Group membership queried with net command", "low", ("T1087.002",)), "net.exe localgroup administrators"),
    (Rule("Remote execution tool used", "medium", ("T1569.002",)), r"C:\tools\psexec.exe \\app01 -s ipconfig"),
)


def admin_work(stage: Stage) -> Iterator[Alert]:
    """Administrators on servers, by day, from their own workstations."""
    company, admins = stage.company, stage.company.staff("it-operations")
    windows, linux = _by_os(company, "windows"), _by_os(company, "linux")
    for _ in range(0 if stage.weekend else stage.some(7)):
        (rule, command), host = stage.pick(ADMIN_RULES), stage.pick(windows)
        shell = stage.process(host, "powershell.exe")
        process = stage.process(host, command, shell)
        yield process_alert(stage.office(), rule, company, host, process, stage.pick(admins))
    for _ in range(stage.some(6)):
        host, user = stage.pick(linux), stage.pick(admins)
        line = f"{user.name} : TTY=pts/0 ; PWD=/root ; USER=root ; COMMAND=/usr/bin/systemctl status"
        data = {"srcuser": user.name, "dstuser": "root", "command": "/usr/bin/systemctl status"}
        yield wazuh_alert(stage.office(), SUDO, host, line, data)
    for _ in range(stage.some(8)):
        host, user = stage.pick(linux), stage.pick(admins)
        data = {"dstuser": user.name, "srcip": company.station_of(user).ip}
        yield wazuh_alert(stage.any_time(), SESSION, host, f"session opened for user {user.name}", data)


def _by_os(company: Company, os: str) -> list[Host]:
    return [h for h in company.servers if h.os == os]


SPAM = (
    Verdict("Newsletter with tracking links", 21, "delivered"),
    Verdict("Bulk sender without valid signature", 21, "quarantined"),
    Verdict("Attachment type not permitted", 47, "rejected", "T1566.001"),
    Verdict("Link to fake login page", 47, "quarantined", "T1566.002"),
)


def mail_routine(stage: Stage) -> Iterator[Alert]:
    """Spam and caught lures, to anybody."""
    for n in range(stage.some(14)):
        verdict, user = stage.pick(SPAM), stage.pick(stage.company.users)
        sender = f"{stage.pick(('news', 'info', 'offer', 'invoice'))}@bulk{stage.rng.randrange(90)}.example"
        letter = Letter(sender, f"Offer {n}", stage.stranger().ip, url="https://bulk.example/x" if n % 2 else "")
        yield mail_alert(stage.office(), verdict, letter, stage.company, user)


OKTA_ROUTINE = (
    OktaEvent("user.session.start", "User login to Okta", "FAILURE", "WARN", "INVALID_CREDENTIALS"),
    OktaEvent("user.account.lock", "Max sign in attempts exceeded", "FAILURE", "WARN", "LOCKED_OUT"),
    OktaEvent("user.mfa.factor.deactivate", "Reset factor for user", severity="WARN", target="Authenticator app"),
    OktaEvent("policy.evaluate_sign_on", "Evaluation of sign-on policy", "CHALLENGE", target="Office apps"),
)


def identity_routine(stage: Stage) -> Iterator[Alert]:
    """Mistyped passwords, locked accounts and new telephones, from the office or home."""
    for _ in range(stage.some(10)):
        user = stage.pick(stage.company.users)
        place = stage.pick((stage.company.egress, stage.home(user.name)))
        yield okta_event(stage.office(), stage.pick(OKTA_ROUTINE), user, place)


PORT_SCAN = Finding("Recon:EC2/PortProbeUnprotectedPort", 2, "Open port of {user} is probed by {ip}.")
PIPELINE = Finding(
    "Discovery:S3/AnomalousBehavior", 2, "{user} listed a bucket in an unusual way from {ip}.", "ListObjects"
)


def cloud_routine(stage: Stage) -> Iterator[Alert]:
    """Probes of public instances, and a pipeline that lists buckets every night."""
    cloud = stage.company.cloud
    number = digest("pipeline", cloud.id).upper()
    key = Key(f"AKIA{number[:16]}", f"AIDA{number[16:32]}", "svc-data-pipeline")
    for _ in range(stage.some(4)):
        yield instance_finding(stage.any_time(), PORT_SCAN, cloud, stage.pick(cloud.instances), stage.stranger())
    yield key_finding(stage.today(3.5, 4), PIPELINE, cloud, key, stage.company.egress, cloud.buckets[1])


NET_NOISE = (
    (Signature("Unusual user agent outbound", "Potentially Bad Traffic", 3, "http"), 80),
    (Signature("TLS handshake with outdated version", "Generic Protocol Command Decode", 3, "tls"), 443),
    (Signature("DNS query for dynamic host name", "Potentially Bad Traffic", 2, "dns"), 53),
    (Signature("Peer-to-peer handshake", "Potential Corporate Privacy Violation", 2), 6881),
)


def network_routine(stage: Stage) -> Iterator[Alert]:
    """Policy signatures on workstations, scans of the public servers, certificates nobody renewed."""
    company = stage.company
    for _ in range(stage.some(26)):
        (signature, port), host, place = stage.pick(NET_NOISE), stage.pick(company.workstations), stage.stranger()
        layer = (
            {"http": http("updates.example", "/v2/check")}
            if port == 80
            else {"tls": tls("app.example")}
            if port == 443
            else {}
        )
        yield eve_alert(stage.any_time(), signature, host.ip, place.ip, port, **layer)
    for _ in range(stage.some(5)):
        host, place = stage.pick([h for h in company.servers if h.role == "web-server"]), stage.stranger()
        text = f"{place.ip} scanned at least 15 unique ports of host {host.ip} in 0m{stage.rng.randint(2, 50)}s"
        yield notice(stage.any_time(), "Scan::Port_Scan", text, place.ip, host.ip)
    for host in stage.habit().sample(company.servers, 3):
        text = "SSL certificate validation failed with (certificate has expired)"
        yield notice(stage.today(5, 60), "SSL::Invalid_Server_Cert", text, company.workstations[0].ip, host.ip, 443)


ONE_OFFS = (
    Rule("Security log cleared", "high", ("T1562.001",)),
    Rule("Debugger attached to system process", "high", ("T1003.001",)),
    Rule("Unsigned program run from removable drive", "high", ("T1204.002",)),
    Rule("Archive tool run with password", "high", ("T1560.001",)),
)
TOOL_FOUND = SentinelAlert(
    "Potentially unwanted program found",
    "High",
    "A program on the device is on the list of unwanted software.",
    "Execution",
    ("T1204.002",),
)


def one_off_highs(stage: Stage) -> Iterator[Alert]:
    """Single alerts of high severity with a harmless cause and nothing around them."""
    company = stage.company
    for _ in range(stage.some(1.4)):
        user = stage.pick(company.users)
        host = company.station_of(user)
        process = stage.process(
            host,
            rf"C:\Users\{user.name}\Downloads\tool{stage.rng.randrange(99)}.exe",
            stage.process(host, "explorer.exe"),
        )
        match stage.rng.randrange(3):
            case 0:
                yield defend_alert(stage.office(), "malicious_file", company, host, process, process.executable, user)
            case 1:
                found = [account(company, user), machine(host), program(process)]
                yield security_alert(stage.office(), TOOL_FOUND, host.name, found)
            case _:
                yield process_alert(stage.office(), stage.pick(ONE_OFFS), company, host, process, user)
