"""A webhook goes to public addresses alone, however they are written."""

import pytest

from kiaai.hooks.addresses import AddressRefused, is_allowed, place_of, read_url

PRIVATE = [
    "127.0.0.1",
    "10.0.0.1",
    "172.16.5.4",
    "192.168.1.1",
    "100.64.0.1",
    "100.100.100.200",
    "::1",
    "fd00:ec2::254",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
]
NEVER = [
    "0.0.0.0",
    "::",
    "169.254.169.254",
    "::ffff:169.254.169.254",
    "fe80::1",
    "fe80::1%eth0",
    "224.0.0.1",
    "ff02::1",
    "168.63.129.16",
    "64:ff9b::a9fe:a9fe",
    "fec0::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "::127.0.0.1",
    "::a9fe:a9fe",
    "::ffff:0:127.0.0.1",
    "4000::1",
    "nonsense",
]


@pytest.mark.parametrize("address", [*PRIVATE, *NEVER])
def test_it_refuses_what_only_this_server_can_reach(address: str) -> None:
    assert not is_allowed(address, allow_private=False)


@pytest.mark.parametrize("address", NEVER)
def test_some_addresses_are_refused_by_any_setting(address: str) -> None:
    assert not is_allowed(address, allow_private=True)


@pytest.mark.parametrize("address", PRIVATE)
def test_the_own_network_is_reached_by_a_setting(address: str) -> None:
    assert is_allowed(address, allow_private=True)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_it_takes_public_addresses(address: str) -> None:
    assert is_allowed(address, allow_private=False)


@pytest.mark.parametrize(
    "url",
    ["http://localhost/", "http://127.1/", "http://2130706433/", "http://0x7f.1/", "https://[::1]:8443/x"],
)
def test_a_name_or_number_for_this_machine_is_refused(url: str) -> None:
    with pytest.raises(AddressRefused) as refused:
        place_of(url, allow_private=False)

    assert refused.value.kind == "not_public"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ftp://example.com/",
        "example.com",
        "http://",
        "https://user:word@example.com/",
        "https://user@example.com/",
        "http://example.com:0/",
        "http://example.com:99999/",
        "http://exa mple.com/",
        "http://example.com\\@127.0.0.1/",
        "http://example.com/#part",
        "http://[::1/",
        "http://example.com/" + "x" * 2000,
        "http://münchen.example/",
    ],
)
def test_it_refuses_what_is_no_address_of_the_web(url: str) -> None:
    with pytest.raises(AddressRefused):
        read_url(url)


def test_a_name_that_leads_nowhere_is_refused() -> None:
    with pytest.raises(AddressRefused) as refused:
        place_of("https://nobody.invalid/", allow_private=False)

    assert refused.value.kind == "not_found"
