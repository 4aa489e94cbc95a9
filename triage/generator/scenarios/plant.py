"""The plant: what an intruder does to controllers, and the maintenance that looks alike."""

from collections.abc import Iterator

from triage.generator.company import Device, Host, User
from triage.generator.detectors.elastic import Rule, logon_alert, process_alert, sequence_alerts
from triage.generator.detectors.ot import OtRule, ot_alert
from triage.generator.detectors.suricata import Signature, eve_alert
from triage.generator.detectors.wazuh import WazuhRule, wazuh_alert
from triage.generator.detectors.zeek import notice
from triage.generator.events import Alert, Step
from triage.generator.scenarios.routine import GUESSED
from triage.generator.stage import Pace, Stage

NEW_TALKER = OtRule("New station talks to controller", 47, "T0846")
IDENTIFY = OtRule("Controller asked for its module list", 21, "T0888")
UPLOAD = OtRule("Program read from controller", 47, "T0845")
STOP = OtRule("Controller put into stop mode", 73, "T0858")
DOWNLOAD = OtRule("Program written to controller", 73, "T0843")
SETPOINT = OtRule("Set point written outside of usual range", 73, "T0836")
ALARMS = OtRule("Alarm group disabled", 47, "T0878")
VALUE = OtRule("Process value outside of learned range", 21, "T0801", "opcua", 4840)
REMOTE_LOGON = Rule(
    "Remote desktop logon to engineering workstation",
    "medium",
    ("T1021.001",),
    "authentication",
    "system.security",
    "logged-in",
)
TOOL = Rule("Engineering tool started outside of working hours", "medium", ("T1204.002",))
VPN_GUESS = WazuhRule(
    "100210",
    8,
    "Several failed logons to VPN, then success",
    ("vpn", "authentication_success"),
    ("T1110.001", "T1078"),
    "openvpn",
)
SMB = Signature("Administrative share used across zones", "Potentially Bad Traffic", 2, "smb")


def plant_manipulation(stage: Stage) -> Iterator[Step]:
    """Guessed VPN password, jump host, engineering workstation; controllers stopped and reprogrammed by night."""
    company, pace = stage.company, stage.pace(hours=28, hour=19.5)
    user, outside = stage.pick(company.staff("production")), stage.stranger()
    vpn, jump, station = (
        company.server("vpn-gateway"),
        company.server("jump-host"),
        company.server("engineering-workstation"),
    )
    targets = stage.sample(company.plcs(), 3)
    data = {"srcip": outside.ip, "dstuser": user.name}
    yield Step(
        "initial-access", wazuh_alert(pace.after(10), VPN_GUESS, vpn, f"{user.name} connected from {outside.ip}", data)
    )
    yield from _guessing(stage, pace, user)
    yield Step("lateral-movement", logon_alert(pace.after(20), JUMP, company, jump, user, vpn.ip, "10"))
    yield Step("lateral-movement", logon_alert(pace.after(25), REMOTE_LOGON, company, station, user, jump.ip, "10"))
    yield Step("lateral-movement", eve_alert(pace.after(5), SMB, jump.ip, station.ip, 445))
    yield from _reading(stage, pace, user, station, targets)
    pace.until(2.3)
    yield from _writing(stage, pace, user, station, targets)


JUMP = Rule(
    "Remote desktop logon at unusual hour", "medium", ("T1021.001",), "authentication", "system.security", "logged-in"
)


def _guessing(stage: Stage, pace: Pace, user: User) -> Iterator[Step]:
    company = stage.company
    jump, vpn = company.server("jump-host"), company.server("vpn-gateway")
    tries = [logon_alert(pace.after(0.7), GUESSED, company, jump, user, vpn.ip) for _ in range(4)]
    for alert in sequence_alerts(pace.after(0.5), tries):
        yield Step("credential-access", alert)


def _reading(stage: Stage, pace: Pace, user: User, station: Host, targets: list[Device]) -> Iterator[Step]:
    explorer = stage.process(station, "explorer.exe")
    tool = stage.process(station, r'"C:\Program Files\Nordtec\Workbench\workbench.exe" /online', explorer)
    yield Step("execution", process_alert(pace.after(15), TOOL, stage.company, station, tool, user))
    text = f"{station.ip} connected to {len(targets)} controllers on port 102 for the first time"
    yield Step("discovery", notice(pace.after(5), "Plant::New_Controller_Client", text, station.ip, targets[0].ip, 102))
    for plc in targets:
        told = f"{station.short} asked {plc.name} ({plc.model}) for its module list"
        yield Step("discovery", ot_alert(pace.after(4), IDENTIFY, station, plc, told, user))
        told = f"{station.short} read the program blocks of {plc.name}"
        yield Step("collection", ot_alert(pace.after(20), UPLOAD, station, plc, told, user))


def _writing(stage: Stage, pace: Pace, user: User, station: Host, targets: list[Device]) -> Iterator[Step]:
    hidden = f"{station.short} disabled alarm group 3 of {targets[0].name}"
    yield Step("inhibit-response-function", ot_alert(pace.after(10), ALARMS, station, targets[0], hidden, user))
    for plc in targets[:2]:
        stopped = f"{station.short} switched {plc.name} from run to stop"
        yield Step("execution", ot_alert(pace.after(8), STOP, station, plc, stopped, user))
        written = f"{station.short} wrote program block OB1 to {plc.name}"
        yield Step("lateral-movement", ot_alert(pace.after(6), DOWNLOAD, station, plc, written, user))
    for _ in range(3):
        value = (
            f"{station.short} set speed of {targets[0].name} to {stage.rng.randint(130, 180)} % of the permitted value"
        )
        yield Step("impair-process-control", ot_alert(pace.after(12), SETPOINT, station, targets[0], value, user))


def plant_maintenance(stage: Stage) -> Iterator[Alert]:
    """One morning in the window an engineer updates controllers, announced and in working hours."""
    if not stage.is_day(0.55):
        return
    company, user = stage.company, stage.pick(stage.company.staff("production"))
    station = company.server("engineering-workstation")
    yield logon_alert(stage.today(9.0, 2), REMOTE_LOGON, company, station, user, company.station_of(user).ip, "10")
    for n, plc in enumerate(stage.sample(company.plcs(), 3)):
        text = f"{station.short} switched {plc.name} from run to stop"
        yield ot_alert(stage.today(9.5 + n * 0.4, 1), STOP, station, plc, text, user)
        text = f"{station.short} wrote program block FC12 to {plc.name}"
        yield ot_alert(stage.today(9.6 + n * 0.4, 1), DOWNLOAD, station, plc, text, user)


def panel_tampering(stage: Stage) -> Iterator[Step]:
    """By day, from an operator panel with a foreign program on it: alarms off, set points creep over days."""
    company, pace = stage.company, stage.pace(hours=80, hour=14)
    panel = stage.pick([d for d in company.devices if d.role == "hmi"])
    plc = next(d for d in company.plcs() if d.cell == panel.cell)
    told = f"{panel.name} asked {plc.name} ({plc.model}) for its module list"
    yield Step("discovery", ot_alert(pace.after(20), IDENTIFY, panel, plc, told))
    told = f"{panel.name} read the program blocks of {plc.name}"
    yield Step("collection", ot_alert(pace.after(45), UPLOAD, panel, plc, told))
    for n in range(3):
        told = f"{panel.name} disabled alarm group {n + 1} of {plc.name}"
        yield Step("inhibit-response-function", ot_alert(pace.after(200), ALARMS, panel, plc, told))
        told = f"{panel.name} set pressure of {plc.name} to {120 + 15 * n} % of the permitted value"
        yield Step("impair-process-control", ot_alert(pace.after(500), SETPOINT, panel, plc, told))
        told = f"{plc.name} reported temperature {118 + 9 * n} outside of the learned range"
        yield Step("impact", ot_alert(pace.after(60), VALUE, panel, plc, told))


def plant_backup(stage: Stage) -> Iterator[Alert]:
    """Every night the programs of all controllers are read for the archive."""
    station = stage.company.server("historian")
    for plc in stage.company.plcs():
        text = f"{station.short} read the program blocks of {plc.name}"
        yield ot_alert(stage.today(3.2, 4), UPLOAD, station, plc, text)


def plant_routine(stage: Stage) -> Iterator[Alert]:
    """Process values that leave their range for a moment, at panels and the historian."""
    historian = stage.company.server("historian")
    sources: list[Host | Device] = [historian, *(d for d in stage.company.devices if d.role == "hmi")]
    for _ in range(stage.some(9)):
        plc, value = stage.pick(stage.company.plcs()), stage.rng.randint(80, 120)
        text = f"{plc.name} reported temperature {value} outside of the learned range"
        yield ot_alert(stage.any_time(), VALUE, stage.pick(sources), plc, text)
    for _ in range(stage.some(1)):
        plc = stage.pick(stage.company.plcs())
        yield ot_alert(
            stage.office(), NEW_TALKER, historian, plc, f"{historian.short} opened a new connection to {plc.name}"
        )
