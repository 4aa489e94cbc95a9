"""Documents that say which host has an address, in hostile spellings too."""

import pytest

from support.normalised import read

DHCP = {"ts": 1772445600.0, "_path": "dhcp", "server_addr": "10.0.0.1", "msg_types": ["DISCOVER", "OFFER", "ACK"]}


def test_a_lease_in_zeeks_dhcp_log_names_host_and_address() -> None:
    found = read({**DHCP, "host_name": "WS1", "client_fqdn": "ws1.corp.example.", "assigned_addr": "10.1.2.3"})
    assert found.fact["principal"] == "host:ws1.corp.example"
    assert {("host", "", "ws1"), ("address", "host", "10.1.2.3")} <= found.entities


@pytest.mark.parametrize("name", ["", "-", "localhost", "10.1.2.3", None, [], {"a": 1}])
def test_a_lease_without_a_name_names_no_host(name: object) -> None:
    found = read({**DHCP, "host_name": name, "assigned_addr": "10.1.2.3"})
    assert found.fact["principal"] == "address:10.1.2.3"
    assert not [entity for entity in found.entities if entity[0] == "host"]


@pytest.mark.parametrize("account", ["CORP\\JDoe", "jdoe@corp.example", " JDOE ", "corp.example\\jdoe", "jdoe"])
def test_every_spelling_of_an_account_is_one_user(account: str) -> None:
    found = read({"event": {"kind": "alert", "module": "x"}, "message": "m", "user": {"name": account}})
    assert ("user", "", "jdoe") in found.entities


@pytest.mark.parametrize("name", ["WS1.Corp.Example", "ws1.corp.example.", "  ws1.corp.example "])
def test_every_spelling_of_a_host_is_one_host(name: str) -> None:
    found = read({"event": {"kind": "alert", "module": "x"}, "message": "m", "host": {"name": name, "hostname": "ws1"}})
    assert found.fact["principal"] == "host:ws1.corp.example"
