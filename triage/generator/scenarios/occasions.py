"""Harmless things that happen once in a window: roll-outs, scans, a crawler, and what else looks like an intrusion."""

from collections.abc import Iterator

from triage.generator.detectors.elastic import Rule, process_alert
from triage.generator.detectors.suricata import Signature, eve_alert, http
from triage.generator.detectors.zeek import notice
from triage.generator.events import Alert
from triage.generator.stage import Stage

ROLLOUT = Rule("Unsigned installer started by system account", "high", ("T1204.002",))
DRIVER = Rule("Kernel driver loaded from temporary folder", "medium", ("T1547.001",), "driver", action="load")


def software_rollout(stage: Stage) -> Iterator[Alert]:
    """One morning the deployment server installs a new version on some eighteen workstations."""
    if not stage.is_day(0.7):
        return
    company, server = stage.company, stage.company.server("software-deployment")
    count = max(18, len(company.workstations) // 6)
    for host in stage.sample(company.workstations, count):
        agent = stage.process(host, rf"C:\Windows\ccm\agent.exe /from {server.short}")
        setup = stage.process(host, r"C:\Windows\Temp\pdfsuite-7.2-setup.exe /quiet", agent)
        hour = stage.rng.uniform(8.0, 11.0)
        yield process_alert(stage.today(hour, 0.2), ROLLOUT, company, host, setup)
        yield process_alert(
            stage.today(hour + 0.02, 0.2),
            DRIVER,
            company,
            host,
            setup,
            file={"path": r"C:\Windows\Temp\pdfprn.sys", "name": "pdfprn.sys"},
        )


SCAN = (
    Signature("Scanner user agent inbound", "Detection of a Network Scan", 2, "http"),
    Signature("Traversal sequence in request path", "Web Application Attempt", 1, "http"),
    Signature("SQL keywords in query string", "Web Application Attempt", 1, "http"),
)


def vulnerability_scanner(stage: Stage) -> Iterator[Alert]:
    """The company's own scanner goes over the servers on some nights, the same hour each time."""
    if stage.day % 3 != stage.habit().randrange(3):
        return
    company, scanner = stage.company, stage.company.server("vulnerability-scanner")
    for host in stage.sample(company.servers, max(8, len(company.servers) // 3)):
        text = f"{scanner.ip} scanned at least 15 unique ports of host {host.ip} in 0m9s"
        yield notice(stage.today(22.2, 15), "Scan::Port_Scan", text, scanner.ip, host.ip)
        for signature in SCAN:
            layer = http(host.name, "/index?id=1%27", 404, "CompanyScanner/4.1")
            yield eve_alert(stage.today(22.5, 15), signature, scanner.ip, host.ip, 80, http=layer)


BURST = Signature("Repeated requests for missing pages", "Detection of a Network Scan", 3, "http")
WORDS = (
    "admin",
    "backup",
    "old",
    "test",
    "api",
    "login",
    "static",
    "images",
    "cgi",
    "config",
    "db",
    "shop",
    "wiki",
    "tmp",
)


def crawler_burst(stage: Stage) -> Iterator[Alert]:
    """One crawler asks a public server for two thousand pages that do not exist."""
    if not stage.is_day(0.4):
        return
    place, server, start = stage.stranger(), stage.company.server("web-server"), stage.rng.uniform(10, 14)
    for n in range(2000):
        url = f"/{stage.pick(WORDS)}/{stage.pick(WORDS)}{stage.rng.randrange(999)}"
        layer = http(f"www.{stage.company.domain}", url, 404, "DeepIndexBot/1.3")
        yield eve_alert(stage.today(start + n / 2600, 0.1), BURST, place.ip, server.ip, 80, http=layer)
