"""Changes that a company makes and that look like an intrusion: each comes with its twin among the attacks."""

from collections.abc import Iterator

from triage.generator.detectors.elastic import Rule, logon_alert, process_alert
from triage.generator.detectors.okta import OktaEvent, okta_event
from triage.generator.detectors.ot import OtRule, ot_alert
from triage.generator.detectors.sentinel import SentinelAlert, account, security_alert
from triage.generator.detectors.sentinel import address as ip_entity
from triage.generator.detectors.suricata import Signature, eve_alert, http, tls
from triage.generator.detectors.wazuh import WazuhRule, wazuh_alert
from triage.generator.detectors.zeek import notice
from triage.generator.events import Alert
from triage.generator.scenarios.identity import LOGIN, NEW_COUNTRY, rule_over_okta
from triage.generator.stage import Stage

SERVICE = Rule("Remote service installed and started", "high", ("T1569.002", "T1021.002"))
RESTART = Rule("Many services stopped in a row", "medium", ("T1489",))
SENSOR = Rule("Security product stopped or excluded", "high", ("T1562.001",))
SHADOW = Rule("Volume shadow copies deleted", "high", ("T1490",))
HIVE = Rule("Registry hive saved to file", "critical", ("T1003.003",))
REMOTE = Rule(
    "Remote desktop logon at unusual hour", "medium", ("T1021.001",), "authentication", "system.security", "logged-in"
)


def patch_rollout(stage: Stage) -> Iterator[Alert]:
    """Twin of ransomware: one night all Windows servers are patched, services and sensors restarted."""
    if not stage.is_day(0.5):
        return
    company = stage.company
    for n, host in enumerate(h for h in company.servers if h.os == "windows"):
        hour = 1.0 + n * 3.0 / len(company.servers)
        service = stage.process(host, r"C:\Windows\ccm\patchsvc.exe /install", stage.process(host, "services.exe"))
        yield process_alert(stage.today(hour, 1), SERVICE, company, host, service)
        stop = stage.process(host, "powershell.exe Stop-Service -Name app*", service)
        yield process_alert(stage.today(hour + 0.1, 1), RESTART, company, host, stop)
        off = stage.process(host, "sc.exe stop sensor", service)
        yield process_alert(stage.today(hour + 0.15, 1), SENSOR, company, host, off)


def backup_change(stage: Stage) -> Iterator[Alert]:
    """Twin of ransomware: from mid-window on, a new backup program saves hives, drops shadow copies and uploads."""
    if stage.day < stage.days * 0.45:
        return
    company = stage.company
    vault = stage.home("backup-vault")
    for host in [h for h in company.servers if h.role in ("file-server", "database", "domain-controller")]:
        tool = stage.process(
            host, r"C:\ProgramFiles\Vaultline\vlagent.exe -job nightly", stage.process(host, "services.exe")
        )
        hive = stage.process(host, r"reg.exe save HKLM\SYSTEM D:\vl\system.hiv", tool)
        yield process_alert(stage.today(23.1, 8), HIVE, company, host, hive)
        shadow = stage.process(host, "vssadmin.exe delete shadows /oldest /quiet", tool)
        yield process_alert(stage.today(23.3, 8), SHADOW, company, host, shadow)
        upload = Signature(
            "Large upload from data centre to file hosting", "Potential Corporate Privacy Violation", 1, "tls"
        )
        yield eve_alert(stage.today(23.4, 8), upload, host.ip, vault.ip, 443, tls=tls("eu.vaultline.example"))


SUDO = WazuhRule("5403", 4, "First time user executed sudo", ("syslog", "sudo"), ("T1548.003",), "sudo")
ROLE = OktaEvent("user.account.privilege.grant", "Grant user privilege", risk="MEDIUM", target="Server administrators")
JUMP = Rule("First logon of account on server", "low", ("T1078",), "authentication", "system.security", "logged-in")


def new_admin(stage: Stage) -> Iterator[Alert]:
    """Twin of lateral movement: somebody becomes an administrator and meets all servers for the first time."""
    if stage.day < stage.days * 0.4 or stage.weekend:
        return
    company = stage.company
    user = stage.habit().choice(company.staff("human-resources") + company.staff("sales"))
    station = company.station_of(user)
    if stage.is_day(0.4):
        yield okta_event(stage.today(8.3), ROLE, user, company.egress)
    for host in stage.sample(company.servers, 4):
        if host.os == "windows":
            yield logon_alert(stage.office(), JUMP, company, host, user, station.ip, "10")
        else:
            data = {"srcuser": user.name, "dstuser": "root"}
            yield wazuh_alert(stage.office(), SUDO, host, f"{user.name} : USER=root ; COMMAND=/usr/bin/id", data)


TRAVEL = SentinelAlert(
    "Sign-in from two distant places within one hour",
    "Medium",
    "The account signed in from a country it has never used while its usual session was still active.",
    "InitialAccess",
    ("T1078.004",),
    "Microsoft Defender for Cloud Apps",
    "MCAS",
)


def holiday(stage: Stage) -> Iterator[Alert]:
    """Twin of a stolen session: a few people read their mail from a beach for days, and nothing else happens."""
    if stage.day < stage.days * 0.35:
        return
    company, habit = stage.company, stage.habit()
    for user in habit.sample(company.users, max(2, len(company.users) // 60)):
        place = stage.abroad(user.name)
        yield okta_event(stage.office(), LOGIN, user, place)
        if stage.is_day(0.35) or stage.rng.random() < 0.2:
            yield rule_over_okta(stage.office(), NEW_COUNTRY, LOGIN, user, place)
            entities = [account(company, user), ip_entity(place.ip)]
            yield security_alert(stage.office(), TRAVEL, user.email, entities)


TALKER = OtRule("New station talks to controller", 47, "T0846")
IDENTIFY = OtRule("Controller asked for its module list", 21, "T0888")


def network_migration(stage: Stage) -> Iterator[Alert]:
    """Twin of discovery: one evening servers get new addresses, and everything is new to the sensors."""
    if not stage.is_day(0.6):
        return
    company, historian = stage.company, stage.company.server("historian")
    moved = historian._replace(ip=f"10.62.0.{stage.rng.randrange(10, 250)}")
    for device in company.devices:
        text = f"{moved.short} opened a new connection to {device.name}"
        yield ot_alert(stage.today(18.5, 20), TALKER, moved, device, text)
        yield ot_alert(
            stage.today(18.7, 20), IDENTIFY, moved, device, f"{moved.short} asked {device.name} for its module list"
        )
    for host in stage.sample(company.servers, 6):
        text = f"{host.ip} scanned at least 15 unique hosts on port 445 in 0m40s"
        yield notice(stage.today(19.2, 20), "Scan::Address_Scan", text, host.ip)


PROBE = Signature("Traversal sequence in request path", "Web Application Attempt", 1, "http")
GUESS = Rule(
    "Several failed logons of one account", "low", ("T1110.001",), "authentication", "system.security", "logon-failed"
)
DUMP = Rule("Memory of logon service read", "high", ("T1003.001",))
GROUPS = Rule("Enumeration of privileged domain groups", "low", ("T1087.002",))


def penetration_test(stage: Stage) -> Iterator[Alert]:
    """Twin of everything: an ordered test from the scanner host, in working hours, announced in the inventory."""
    if not stage.is_day(0.65):
        return
    company, scanner = stage.company, stage.company.server("vulnerability-scanner")
    tester = stage.habit().choice(company.staff("it-operations"))
    for host in [h for h in company.servers if h.role in ("web-server", "application")]:
        layer = http(host.name, "/index?page=../../etc/passwd", 404, "CompanyScanner/4.1")
        for _ in range(6):
            yield eve_alert(stage.today(10, 30), PROBE, scanner.ip, host.ip, 80, http=layer)
    dc, app = company.server("domain-controller"), company.server("application")
    for user in stage.sample(company.users, 6):
        yield logon_alert(stage.today(11.5, 10), GUESS, company, dc, user, scanner.ip)
    yield logon_alert(stage.today(13.2, 4), REMOTE, company, app, tester, scanner.ip, "10")
    shell = stage.process(app, "cmd.exe")
    net = stage.process(app, 'net.exe group "Domain Admins" /domain', shell)
    yield process_alert(stage.today(13.5, 4), GROUPS, company, app, net, tester)
    dump = stage.process(app, r"C:\tools\ptdump.exe -ma lsass", shell)
    yield process_alert(stage.today(14.1, 4), DUMP, company, app, dump, tester)


MISFIRE = Rule("Unusual child process of office program", "medium", ("T1204.002",))


def misfiring_rule(stage: Stage) -> Iterator[Alert]:
    """A rule is published with a slip in it and fires on every workstation until somebody takes it back."""
    if not stage.is_day(0.3):
        return
    company = stage.company
    for n in range(2000):
        host = stage.pick(company.workstations)
        parent = stage.process(host, "WINWORD.EXE")
        process = stage.process(host, "splwow64.exe 12288", parent)
        yield process_alert(stage.today(9 + n / 900, 0.3), MISFIRE, company, host, process, company.user_of(host))
