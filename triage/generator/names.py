"""Word lists and fixed inventories that companies are drawn from."""

from typing import NamedTuple


class Network(NamedTuple):
    """A published GeoIP test network."""

    cidr: str
    country: str
    iso: str
    city: str
    asn: int
    provider: str


class ServerKind(NamedTuple):
    """A server every company has."""

    prefix: str
    role: str
    os: str
    criticality: int
    subnet: int
    """Second byte of its address: 10 = data centre, 30 = demilitarised zone, 61 = plant operations."""


COMPANIES = ("nordwerk", "halden", "vikmar", "alderfors", "brynmill", "kastelholm", "solberga", "tornedal")
DEPARTMENTS = ("sales", "finance", "engineering", "it-operations", "production", "research", "human-resources", "legal")

FIRST = (
    *("Ana", "Ben", "Cleo", "Dan", "Eva", "Finn", "Gus", "Hana", "Ivo", "Jun", "Kim", "Lea", "Max", "Nora", "Ole"),
    *("Pia", "Quin", "Rosa", "Sven", "Tara", "Uma", "Vera", "Wim", "Xenia", "Yara", "Zoe", "Arne", "Britt", "Carl"),
    *("Dina", "Emil", "Frida", "Greta", "Hugo", "Ines", "Jon", "Karin", "Lars", "Mona", "Nils", "Oda", "Per", "Runa"),
)
LAST = (
    *("Adler", "Berg", "Claus", "Dahl", "Ek", "Falk", "Grahn", "Holm", "Isaksen", "Juhl", "Keller", "Lund", "Moen"),
    *("Nyman", "Olsen", "Palm", "Quist", "Rask", "Sand", "Torp", "Ulven", "Vik", "Wahl", "Yng", "Zander", "Aas"),
    *("Bakke", "Dyrud", "Engen", "Foss", "Gran", "Haug", "Iversen", "Jarl", "Krogh", "Lind", "Myhre", "Nes", "Oen"),
    *("Prytz", "Rud", "Skog", "Tveit", "Urdal", "Voss", "Winge", "Ask", "Brandt", "Dokken", "Eide", "Fjeld", "Gjerde"),
    *("Hovland", "Ihle", "Jensen", "Kvam"),
)

SERVERS = (
    ServerKind("dc", "domain-controller", "windows", 95, 10),
    ServerKind("dc", "domain-controller", "windows", 95, 10),
    ServerKind("fs", "file-server", "windows", 70, 10),
    ServerKind("sql", "database", "windows", 80, 10),
    ServerKind("app", "application", "windows", 60, 10),
    ServerKind("exch", "mail-server", "windows", 75, 10),
    ServerKind("jump", "jump-host", "windows", 80, 10),
    ServerKind("bkp", "backup", "windows", 85, 10),
    ServerKind("deploy", "software-deployment", "windows", 75, 10),
    ServerKind("scan", "vulnerability-scanner", "linux", 40, 10),
    ServerKind("ci", "build-server", "linux", 75, 10),
    ServerKind("mlops", "ai-platform", "linux", 85, 10),
    ServerKind("web", "web-server", "linux", 60, 30),
    ServerKind("web", "web-server", "linux", 60, 30),
    ServerKind("vpn", "vpn-gateway", "linux", 70, 30),
    ServerKind("ews", "engineering-workstation", "windows", 90, 61),
    ServerKind("hist", "historian", "windows", 80, 61),
)
MORE_SERVERS = (
    ServerKind("app", "application", "windows", 50, 10),
    ServerKind("lnx", "application", "linux", 45, 10),
    ServerKind("web", "web-server", "linux", 50, 30),
    ServerKind("fs", "file-server", "windows", 60, 10),
    ServerKind("sql", "database", "windows", 70, 10),
)
CONTROLLERS = (("Nordtec", "NX-1500"), ("Halbach", "LogiBlock 5580"), ("Ostra", "M340"))
MODELS = ("support-assistant", "demand-forecast", "contract-reader", "defect-vision", "code-helper", "churn-scorer")

LOCAL_NETWORKS = (
    Network("89.160.20.112/28", "Sweden", "SE", "Linköping", 29518, "Bredband2 AB"),
    Network("89.160.20.128/25", "Sweden", "SE", "Linköping", 29518, "Bredband2 AB"),
)
FOREIGN_NETWORKS = (
    Network("1.128.0.0/11", "Australia", "AU", "Sydney", 1221, "Telstra"),
    Network("202.196.224.0/20", "Philippines", "PH", "Manila", 9299, "Philippine Long Distance"),
    Network("12.81.92.0/22", "United States", "US", "Dallas", 7018, "AT&T Services"),
    Network("111.235.160.0/22", "China", "CN", "Quanzhou", 4134, "Chinanet"),
    Network("175.16.199.0/24", "China", "CN", "Changchun", 4837, "China169"),
    Network("67.43.156.0/24", "Bhutan", "BT", "Thimphu", 35908, "VPLS"),
)
