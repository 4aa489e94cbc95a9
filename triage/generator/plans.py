"""The calendar of a company: what its twins of attacks were planned as, and entries that explain no attack.

Entries know when a scenario plays from the scenario's own clock, so that a twin falls into its entry; that an attack
falls into one of somebody else is chance, or a decoy. What nobody plans (a misfiring rule, a holiday) has no entry, and
some owners forget to write theirs.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from triage.generator.company import Company, Host
from triage.generator.stage import DAY, Stage

FIELDS = ("from", "to", "kind", "scope", "title")
FORGOTTEN = 0.15
"""Share of planned twins that nobody wrote down."""
_PATCHED = ("windows",)


class PlanRow(NamedTuple):
    """A row of the calendar."""

    since: datetime
    until: datetime
    kind: str
    scope: tuple[str, ...]
    """Names or patterns."""
    title: str

    @property
    def cells(self) -> tuple[str, ...]:
        """The row as the file has it."""
        return self.since.isoformat(), self.until.isoformat(), self.kind, " ".join(self.scope), self.title


class Draft(NamedTuple):
    """What is planned on one day; hours after midnight."""

    begin: float
    end: float
    kind: str
    scope: tuple[str, ...]
    title: str


Owner = Callable[[Stage], Draft | None]
"""(stage of a day) -> what is planned for it."""


def planned(stage_of: Callable[[str, int], Stage], names: Sequence[str], attacks: Sequence[str]) -> list[PlanRow]:
    """Return all entries in order of time: of the scenarios ``names``, and decoys beside ``attacks``."""
    first = stage_of("calendar", 0)
    forgetful = first.habit()
    known = [name for name in names if name in _OWNERS and forgetful.random() >= FORGOTTEN]
    rows = [row for name in known for day in range(first.days) if (row := _row(stage_of(name, day), _OWNERS[name]))]
    return sorted([*rows, *_decoys(first, len(attacks))])


def _row(stage: Stage, owner: Owner) -> PlanRow | None:
    draft = owner(stage)
    if draft is None:
        return None
    midnight = stage.start + stage.day * DAY
    since, until = midnight + timedelta(hours=draft.begin), midnight + timedelta(hours=draft.end)
    return PlanRow(since, until, draft.kind, draft.scope, draft.title)


def _decoys(stage: Stage, attacks: int) -> Iterator[PlanRow]:
    """Yield entries that cover part of what attacks do: the right time elsewhere, the right place for another reason.

    They stand on every day from the middle of the window on, when attacks begin.
    """
    if not attacks:
        return
    rng, company = stage.habit(), stage.company
    for day in range(stage.days // 2, stage.days):
        midnight = stage.start + day * DAY
        elsewhere = tuple(host.name for host in rng.sample(company.workstations, 2))
        yield PlanRow(midnight, midnight + DAY, "patch", elsewhere, "Replacement of two workstations")
        if day % 2:
            yield PlanRow(midnight, midnight + DAY, "event", ("*",), "Visitors in the building")
    night = stage.start + (stage.days - 1) * DAY + timedelta(hours=1)
    yield PlanRow(night, night + timedelta(hours=3), "patch", ("*",), "Monthly patch window")


def _names(hosts: Sequence[Host]) -> tuple[str, ...]:
    return tuple(host.name for host in hosts)


def _on(share: float, draft: Callable[[Company], Draft]) -> Owner:
    return lambda stage: draft(stage.company) if stage.is_day(share) else None


def _patch(company: Company) -> Draft:
    servers = [host for host in company.servers if host.os in _PATCHED]
    return Draft(0.5, 6, "patch", _names(servers), "Patch night of all Windows servers")


def _rollout(company: Company) -> Draft:  # noqa: ARG001 - owners have one form
    return Draft(7, 13, "rollout", ("ws*", "lt*"), "New version of the PDF suite")


def _maintenance(company: Company) -> Draft:
    station = company.server("engineering-workstation")
    return Draft(8, 13, "maintenance", (station.name, "plc-*"), "Update of controller programs")


def _test(company: Company) -> Draft:
    scanner, roles = company.server("vulnerability-scanner"), ("web-server", "application", "domain-controller")
    tested = [host for host in company.servers if host.role in roles]
    return Draft(8, 17, "test", (scanner.name, scanner.ip, *_names(tested)), "Ordered penetration test")


def _migration(company: Company) -> Draft:
    moved = ("10.62.0.*", company.server("historian").name, *(d.name for d in company.devices))
    servers = tuple(name for host in company.servers for name in (host.name, host.ip))
    return Draft(16, 22, "migration", (*moved, *servers), "New addresses for servers")


def _scan(stage: Stage) -> Draft | None:
    if stage.day % 3 != stage.habit().randrange(3):
        return None
    scanner = stage.company.server("vulnerability-scanner")
    return Draft(21, 24, "scan", (scanner.name, scanner.ip), "Vulnerability scan of the servers")


def _backup(stage: Stage) -> Draft | None:
    if stage.day < stage.days * 0.45:
        return None
    roles = ("file-server", "database", "domain-controller")
    saved = [host for host in stage.company.servers if host.role in roles]
    addresses = tuple(host.ip for host in saved)
    vault = stage.home("backup-vault").ip
    return Draft(22, 24, "backup", (*_names(saved), *addresses, vault), "New backup to the outside vault")


def _access(stage: Stage) -> Draft | None:
    """Whoever becomes an administrator is let in on working days."""
    if stage.day < stage.days * 0.4 or stage.weekend:
        return None
    user = stage.habit().choice(stage.company.staff("human-resources") + stage.company.staff("sales"))
    return Draft(5, 21, "access", (user.name, user.email), "Hand-over to a new administrator")


def _release(stage: Stage) -> Draft | None:
    if stage.day % 5 != stage.habit().randrange(5):
        return None
    model = stage.habit().choice(stage.company.models)
    return Draft(8, 18, "release", (model.name, "svc-model-release"), "New version of a model")


_OWNERS: dict[str, Owner] = {
    "patch-rollout": _on(0.5, _patch),
    "software-rollout": _on(0.7, _rollout),
    "plant-maintenance": _on(0.55, _maintenance),
    "penetration-test": _on(0.65, _test),
    "network-migration": _on(0.6, _migration),
    "vulnerability-scanner": _scan,
    "backup-change": _backup,
    "new-admin": _access,
    "model-release": _release,
}
"""Who writes an entry, by scenario."""
