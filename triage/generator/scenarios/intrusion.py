"""Intrusions over servers: ransomware, a broken-into web server, a poisoned software update."""

from collections.abc import Iterator

from triage.generator.company import Host, Place, User
from triage.generator.detectors.elastic import Rule, defend_alert, logon_alert, process_alert
from triage.generator.detectors.sentinel import SentinelAlert, account, machine, program, security_alert
from triage.generator.detectors.suricata import Signature, eve_alert, http, tls
from triage.generator.detectors.wazuh import WazuhRule, wazuh_alert
from triage.generator.detectors.zeek import notice
from triage.generator.events import Alert, Step
from triage.generator.process import Process
from triage.generator.stage import Pace, Stage, digest

VPN_LOGON = WazuhRule(
    "100211", 7, "VPN logon from a country not seen for this account", ("vpn",), ("T1133", "T1078"), "openvpn"
)
REMOTE = Rule(
    "Remote desktop logon at unusual hour", "medium", ("T1021.001",), "authentication", "system.security", "logged-in"
)
SHARE = Rule(
    "Administrative share opened by workstation",
    "medium",
    ("T1021.002",),
    "authentication",
    "system.security",
    "logged-in",
)
GROUPS = Rule("Enumeration of privileged domain groups", "low", ("T1087.002",))
DUMP = Rule("Memory of logon service read", "high", ("T1003.001",))
NTDS = Rule("Copy of directory database made", "critical", ("T1003.003",))
SERVICE = Rule("Remote service installed and started", "high", ("T1569.002", "T1021.002"))
SENSOR = Rule("Security product stopped or excluded", "high", ("T1562.001",))
SHADOW = Rule("Volume shadow copies deleted", "high", ("T1490",))
STOPPED = Rule("Many services stopped in a row", "medium", ("T1489",))
NOTE = Rule("Same text file written into many folders", "critical", ("T1486",), "file", action="creation")
CREDENTIALS = SentinelAlert(
    "Credentials taken from memory of a server",
    "High",
    "A process read the memory that holds credentials of other accounts.",
    "CredentialAccess",
    ("T1003.001",),
)


def ransomware(stage: Stage) -> Iterator[Step]:
    """Bought VPN password, a quiet evening of looking around, then servers one after the other in the night."""
    company, pace, place = stage.company, stage.pace(hours=28, hour=17.5), stage.stranger()
    user, admin = stage.pick(company.staff("sales")), stage.pick(company.staff("it-operations"))
    vpn, jump = company.server("vpn-gateway"), company.server("jump-host")
    data = {"srcip": place.ip, "dstuser": user.name}
    yield Step("initial-access", wazuh_alert(pace.after(15), VPN_LOGON, vpn, f"{user.name} from {place.ip}", data))
    yield Step("lateral-movement", logon_alert(pace.after(30), REMOTE, company, jump, user, vpn.ip, "10"))
    shell = stage.process(jump, "cmd.exe", stage.process(jump, "explorer.exe"))
    yield Step("discovery", process_alert(pace.after(9), GROUPS, company, jump, _net(stage, jump, shell), user))
    dump = stage.process(
        jump, r"rundll32.exe C:\Windows\System32\comsvcs.dll MiniDump 640 C:\Windows\Temp\d.tmp", shell
    )
    yield Step("credential-access", process_alert(pace.after(50), DUMP, company, jump, dump, user))
    found = [account(company, user), machine(jump), program(dump)]
    yield Step("credential-access", security_alert(pace.after(4), CREDENTIALS, jump.name, found))
    pace.until(1.2)
    yield from _spread(stage, pace, admin, jump)


def _net(stage: Stage, host: Host, shell: Process) -> Process:
    return stage.process(host, 'net.exe group "Domain Admins" /domain', shell)


def _spread(stage: Stage, pace: Pace, admin: User, jump: Host) -> Iterator[Step]:
    company = stage.company
    dc = company.server("domain-controller")
    yield Step("lateral-movement", logon_alert(pace.after(10), SHARE, company, dc, admin, jump.ip))
    copy = stage.process(dc, 'ntdsutil.exe "ac i ntds" ifm "create full c:\\temp\\n" q q')
    yield Step("credential-access", process_alert(pace.after(12), NTDS, company, dc, copy, admin))
    for role in ("backup", "file-server", "database", "application"):
        yield from _encrypt(stage, pace, admin, company.server(role), jump)


def _encrypt(stage: Stage, pace: Pace, admin: User, host: Host, jump: Host) -> Iterator[Step]:
    company = stage.company
    yield Step("lateral-movement", logon_alert(pace.after(14), SHARE, company, host, admin, jump.ip))
    service = stage.process(host, r"C:\Windows\wsvc.exe -s", stage.process(host, "services.exe"))
    yield Step("execution", process_alert(pace.after(1), SERVICE, company, host, service))
    off = stage.process(host, "powershell.exe Set-MpPreference -DisableRealtimeMonitoring 1", service)
    yield Step("defense-evasion", process_alert(pace.after(2), SENSOR, company, host, off))
    gone = stage.process(host, "vssadmin.exe delete shadows /all /quiet", service)
    yield Step("impact", process_alert(pace.after(2), SHADOW, company, host, gone))
    yield Step("impact", defend_alert(pace.after(3), "ransomware", company, host, service, service.executable))
    text = {"path": rf"C:\shares\finance\README_{digest(stage.seed, stage.key)[:4]}.txt", "name": "README.txt"}
    yield Step("impact", process_alert(pace.after(2), NOTE, company, host, service, file=text))


EXPLOIT = Signature("Template expression in request parameter", "Web Application Attempt", 1, "http")
PROBE = Signature("Traversal sequence in request path", "Web Application Attempt", 1, "http")
CALLBACK = Signature("Interactive shell over outbound TCP", "A Network Trojan was detected", 1)
WEB_SHELL = WazuhRule(
    "100310", 12, "New script in web root, owned by web server", ("syscheck", "web"), ("T1059.004",), "ossec"
)
WEB_CHILD = WazuhRule("100311", 10, "Web server started a shell", ("audit",), ("T1059.004",), "audit")
ROOT = WazuhRule("100312", 12, "Web server account became root", ("sudo",), ("T1548.003",), "sudo")
KEYS = WazuhRule("100313", 8, "Private keys read in home folders", ("audit",), ("T1552.001",), "audit")
HOP = WazuhRule("5715", 3, "sshd: authentication success", ("sshd", "authentication_success"), ("T1021.004",), "sshd")


def web_server_intrusion(stage: Stage) -> Iterator[Step]:
    """Hole in a web application, web shell, root, keys, and on to the build server by SSH."""
    company, pace, place = stage.company, stage.pace(hours=20, hour=3), stage.stranger()
    web, build = company.server("web-server"), company.server("build-server")
    for n in range(5):
        layer = http(web.name, f"/app/view?page={'../' * (n + 2)}etc/passwd", 400, "curl/8.5")
        yield Step("reconnaissance", eve_alert(pace.after(6), PROBE, place.ip, web.ip, 80, http=layer))
    layer = http(web.name, "/app/render?name=${7*191}", 200, "curl/8.5", "POST")
    yield Step("initial-access", eve_alert(pace.after(15), EXPLOIT, place.ip, web.ip, 80, http=layer))
    facts = (
        (WEB_SHELL, "persistence", "File '/var/www/app/static/.s.php' added", {"srcuser": "www-data"}),
        (
            WEB_CHILD,
            "execution",
            "www-data executed /bin/sh -c id",
            {"srcuser": "www-data", "command": "/bin/sh -c id"},
        ),
        (
            ROOT,
            "privilege-escalation",
            "www-data : USER=root ; COMMAND=/bin/sh",
            {"srcuser": "www-data", "dstuser": "root"},
        ),
        (KEYS, "credential-access", "root read /home/deploy/.ssh/id_ed25519", {"srcuser": "root"}),
    )
    for rule, phase, line, data in facts:
        yield Step(phase, wazuh_alert(pace.after(25), rule, web, line, data))
    yield Step("command-and-control", eve_alert(pace.after(3), CALLBACK, web.ip, place.ip, 4443))
    yield from _hop(pace, web, build, place)


def _hop(pace: Pace, web: Host, build: Host, place: Place) -> Iterator[Step]:
    text = f"{web.ip} scanned at least 15 unique hosts on port 22 in 1m4s"
    yield Step("discovery", notice(pace.after(40), "Scan::Address_Scan", text, web.ip))
    data = {"srcip": web.ip, "dstuser": "deploy"}
    yield Step(
        "lateral-movement",
        wazuh_alert(pace.after(30), HOP, build, f"Accepted publickey for deploy from {web.ip}", data),
    )
    sudo = {"srcuser": "deploy", "dstuser": "root"}
    yield Step(
        "privilege-escalation", wazuh_alert(pace.after(12), ROOT, build, "deploy : USER=root ; COMMAND=/bin/sh", sudo)
    )
    yield Step("command-and-control", eve_alert(pace.after(5), CALLBACK, build.ip, place.ip, 4443))


UPDATE = Rule("Updater started a command interpreter", "medium", ("T1195.002",))
UNUSUAL_DNS = Signature("Long random labels in DNS queries", "A Network Trojan was detected", 1, "dns")
UPDATE_TLS = Signature("Periodic TLS sessions to newly registered domain", "A Network Trojan was detected", 1, "tls")
LOOK = Rule("Host and domain information collected by updater", "low", ("T1087.002",))


def supply_chain(stage: Stage) -> Iterator[Step]:
    """An update of a trusted program, installed on several hosts, calls home; one server is then worked on by hand."""
    company, pace, place = stage.company, stage.pace(hours=60, hour=6), stage.stranger()
    victims = [*stage.sample(company.workstations, 5), company.server("application")]
    for host in victims:
        updater = stage.process(host, r"C:\ProgramFiles\Planboard\pbupdate.exe /silent")
        shell = stage.process(host, "cmd.exe /c systeminfo", updater)
        yield Step("initial-access", process_alert(pace.after(35), UPDATE, company, host, shell))
        yield Step("command-and-control", _call(pace, host, place))
    host = victims[-1]
    updater = stage.process(host, r"C:\ProgramFiles\Planboard\pbupdate.exe /svc")
    look = stage.process(host, "nltest.exe /dclist:", updater)
    yield Step("discovery", process_alert(pace.after(300), LOOK, company, host, look))
    dump = stage.process(host, r"C:\ProgramFiles\Planboard\pbhelper.exe -m", updater)
    yield Step("credential-access", process_alert(pace.after(40), DUMP, company, host, dump))
    yield Step("execution", defend_alert(pace.after(1), "memory_signature", company, host, dump, dump.executable))
    for _ in range(3):
        layer = tls("telemetry.planboard-cdn.example")
        yield Step("exfiltration", eve_alert(pace.after(200), UPDATE_TLS, host.ip, place.ip, 443, tls=layer))


def _call(pace: Pace, host: Host, place: Place) -> Alert:
    moment = pace.after(20)
    name = f"{moment.uid[:28]}.planboard-cdn.example"
    query = {"type": "query", "rrname": name, "rrtype": "TXT"}
    return eve_alert(moment, UNUSUAL_DNS, host.ip, place.ip, 53, dns={"query": [query]})
