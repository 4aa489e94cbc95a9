"""A fictional company: people, machines, a plant, a cloud account and an AI service, all from one seed.

Inside addresses are RFC 1918; outside ones come from the published test networks of the GeoIP databases, so that a
product that asks whether an address is public, and where, gets the answer it would get in earnest. Names end in
``.example``.
"""

import hashlib
import ipaddress
import uuid
from random import Random
from typing import NamedTuple

from triage.generator import names


class Place(NamedTuple):
    """A public address and where it is."""

    ip: str
    country: str
    iso: str
    city: str
    asn: int
    provider: str


class User(NamedTuple):
    """A person with an account everywhere."""

    name: str
    full_name: str
    email: str
    department: str
    sid: str
    okta_id: str
    privileged: bool = False


class Host(NamedTuple):
    """A workstation or server."""

    name: str
    """Fully qualified."""
    ip: str
    os: str
    """windows or linux."""
    role: str
    agent: str
    """Id of the agents on it."""
    criticality: int
    owner: str = ""
    """User name of the person who works on it."""

    @property
    def short(self) -> str:
        """Name without the domain."""
        return self.name.split(".")[0]


class Device(NamedTuple):
    """A PLC or operator panel of the plant."""

    name: str
    ip: str
    role: str
    maker: str
    model: str
    serial: str
    cell: str


class AiModel(NamedTuple):
    """A model that the company trained or serves."""

    name: str
    version: str
    registry: str
    """Where its weights lie."""
    endpoint: str
    staging: bool


class CloudAccount(NamedTuple):
    """The company's AWS account."""

    id: str
    region: str
    detector: str
    vpc: str
    buckets: tuple[str, ...]
    instances: tuple[str, ...]


class Company(NamedTuple):
    """Everything an alert can be about."""

    name: str
    domain: str
    entities: int
    users: tuple[User, ...]
    workstations: tuple[Host, ...]
    """One per user, in the same order."""
    servers: tuple[Host, ...]
    devices: tuple[Device, ...]
    models: tuple[AiModel, ...]
    cloud: CloudAccount
    egress: Place

    @property
    def netbios(self) -> str:
        """Windows domain name."""
        return self.domain.split(".")[0].upper()

    def server(self, role: str) -> Host:
        """Return the first server of a role."""
        return next(h for h in self.servers if h.role == role)

    def station_of(self, user: User) -> Host:
        """Return the workstation of a user."""
        return self.workstations[self.users.index(user)]

    def user_of(self, host: Host) -> User:
        """Return the user of a workstation."""
        return self.users[self.workstations.index(host)]

    def staff(self, department: str) -> tuple[User, ...]:
        """Return the people of a department; everybody's first where it has none."""
        return tuple(u for u in self.users if u.department == department) or self.users[:1]

    def plcs(self) -> tuple[Device, ...]:
        """Return the controllers."""
        return tuple(d for d in self.devices if d.role == "plc")


def build_company(seed: int, entities: int) -> Company:
    """Return a company of exactly ``entities`` things worth an inventory row (50-5,000)."""
    rng = Random(f"{seed}:company")  # noqa: S311 - reproducible data, not cryptography
    name = rng.choice(names.COMPANIES)
    domain = f"{name}.example"
    devices = _devices(rng, max(6, entities * 3 // 100))
    models = _models(name, max(3, entities // 100))
    cloud = _cloud(rng, name, max(2, entities // 60))
    extra = max(0, entities * 6 // 100 - len(names.SERVERS))
    left = entities - len(devices) - len(models) - len(cloud.buckets) - len(cloud.instances) - 1
    left -= len(names.SERVERS) + extra
    people, odd = divmod(left, 2)
    users = _users(rng, domain, people)
    return Company(
        name=name,
        domain=domain,
        entities=entities,
        users=users,
        workstations=_workstations(rng, domain, users),
        servers=_servers(rng, domain, extra + odd),
        devices=devices,
        models=models,
        cloud=cloud,
        egress=local_place(rng),
    )


def local_place(rng: Random) -> Place:
    """Return a public address in the company's own country."""
    return _place(rng, names.LOCAL_NETWORKS)


def foreign_place(rng: Random) -> Place:
    """Return a public address abroad."""
    return _place(rng, names.FOREIGN_NETWORKS)


def _place(rng: Random, networks: tuple[names.Network, ...]) -> Place:
    blocks = [ipaddress.ip_network(net.cidr) for net in networks]
    sizes = [min(block.num_addresses, 4096) for block in blocks]
    net, block = rng.choices(list(zip(networks, blocks, strict=True)), sizes)[0]
    ip = block[rng.randrange(1, min(block.num_addresses, 60000) - 1)]
    return Place(str(ip), net.country, net.iso, net.city, net.asn, net.provider)


def _users(rng: Random, domain: str, count: int) -> tuple[User, ...]:
    pairs = [(a, b) for a in names.FIRST for b in names.LAST]
    chosen = rng.sample(pairs, min(count, len(pairs)))
    sid = f"S-1-5-21-{rng.randrange(10**9)}-{rng.randrange(10**9)}-{rng.randrange(10**9)}"
    return tuple(_user(n, chosen[n % len(chosen)], domain, sid) for n in range(count))


def _user(n: int, pair: tuple[str, str], domain: str, sid: str) -> User:
    first, last = pair
    name = f"{first}.{last}".lower()
    department = names.DEPARTMENTS[n % len(names.DEPARTMENTS)]
    okta = "00u" + hashlib.sha256(f"{domain}:{name}".encode()).hexdigest()[:17]
    return User(
        name,
        f"{first} {last}",
        f"{name}@{domain}",
        department,
        f"{sid}-{1100 + n}",
        okta,
        department == "it-operations",
    )


def _host(rng: Random, name: str, ip: str, os: str, role: str, criticality: int, owner: str = "") -> Host:
    return Host(name, ip, os, role, str(uuid.UUID(int=rng.getrandbits(128), version=4)), criticality, owner)


def _workstations(rng: Random, domain: str, users: tuple[User, ...]) -> tuple[Host, ...]:
    numbers = rng.sample(range(1000, 9999), len(users))
    return tuple(
        _host(
            rng, f"{rng.choice(('ws', 'lt'))}{number}.{domain}", _address(20, n), "windows", "workstation", 20, u.name
        )
        for n, (number, u) in enumerate(zip(numbers, users, strict=True))
    )


def _servers(rng: Random, domain: str, extra: int) -> tuple[Host, ...]:
    kinds = [*names.SERVERS, *(names.MORE_SERVERS[n % len(names.MORE_SERVERS)] for n in range(extra))]
    seen: dict[str, int] = {}
    hosts = []
    for n, kind in enumerate(kinds):
        seen[kind.prefix] = seen.get(kind.prefix, 0) + 1
        name = f"{kind.prefix}{seen[kind.prefix]:02d}.{domain}"
        hosts.append(_host(rng, name, _address(kind.subnet, n), kind.os, kind.role, kind.criticality))
    return tuple(hosts)


def _devices(rng: Random, count: int) -> tuple[Device, ...]:
    return tuple(_device(rng, n) for n in range(count))


def _device(rng: Random, n: int) -> Device:
    role, cell = ("hmi" if n % 5 == 4 else "plc"), f"line-{n // 5 + 1}"
    maker, model = names.CONTROLLERS[n // 5 % len(names.CONTROLLERS)] if role == "plc" else ("Nordtec", "Panel 1200")
    serial = f"{maker[:2].upper()}{rng.randrange(10**8):08d}"
    return Device(f"{role}-{cell}-{n % 5 + 1}", _address(60, n), role, maker, model, serial, cell)


def _models(name: str, count: int) -> tuple[AiModel, ...]:
    return tuple(_model(name, n) for n in range(count))


def _model(company: str, n: int) -> AiModel:
    kind = names.MODELS[n % len(names.MODELS)]
    staging = n % 3 == 2
    name = f"{kind}{'-staging' if staging else ''}{'' if n < len(names.MODELS) else f'-{n}'}"
    bucket = f"s3://{company}-model-registry/{name}"
    return AiModel(name, f"{2 + n % 4}.{n % 7}", bucket, f"https://ai.{company}.example/v1/{name}", staging)


def _cloud(rng: Random, name: str, instances: int) -> CloudAccount:
    return CloudAccount(
        id=f"{rng.randrange(10**11, 10**12)}",
        region="eu-north-1",
        detector=f"{rng.getrandbits(128):032x}",
        vpc=f"vpc-{rng.getrandbits(68):017x}",
        buckets=tuple(f"{name}-{x}" for x in ("finance-archive", "customer-exports", "model-registry", "web-assets")),
        instances=tuple(f"i-{rng.getrandbits(68):017x}" for _ in range(instances)),
    )


def _address(second: int, n: int) -> str:
    return f"10.{second}.{n // 240}.{n % 240 + 10}"
