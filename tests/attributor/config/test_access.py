"""`access:`: who may sign in, and the mistakes one can make."""

import pytest

from attributor.app.configuration import known_types
from attributor.config.environment import substitution
from attributor.config.load import load_config

WEB = "web: {listen: '0.0.0.0:8080', public_url: 'https://costs.corp.example'}\n"
TEAMS = "teams: {search: {}, ads: {}}\nrules: []\n"
OIDC = "issuer: https://sso.corp.example/, client_id: a, client_secret: b"


@pytest.fixture
def load(tmp_path):
    def loaded(text):
        path = tmp_path / "attributor.yaml"
        path.write_text(text)
        return load_config(path, known_types(), substitution({}))

    return loaded


def messages(loaded):
    return [f"{problem.line}: {problem.message}" for problem in loaded.problems]


def test_without_the_section_loopback_is_open_and_another_address_is_an_error(load):
    assert load(TEAMS).settings.access.is_open
    for listen in ("'[::1]:8080'", "localhost:80", "127.0.0.9:80"):
        assert load(f"web: {{listen: {listen}}}\n{TEAMS}").settings.access.is_open
    [problem] = load(f"web: {{listen: '0.0.0.0:8080'}}\n{TEAMS}").problems
    assert "nobody has to sign in" in problem.message
    assert "access: {open: true}" in problem.fix
    assert load(f"web: {{listen: '0.0.0.0:8080'}}\naccess: {{open: true}}\n{TEAMS}").settings.access.is_open


def test_everything_can_be_said(load):
    access = load(
        f"{WEB}access:\n"
        f"  oidc: {{{OIDC}, session_secret: {'s' * 32}, user: upn}}\n"
        "  proxy: {from: [10.0.0.0/8, '::1'], user: X-User}\n"
        "  admin: group:finops\n"
        "  finance: [cfo@corp.example]\n"
        "  teams: {search: [group:search, ana], ads: bo}\n"
        f"  others: totals\n{TEAMS}"
    ).settings.access
    assert not access.is_open
    assert (access.oidc.issuer, access.oidc.user_claim) == ("https://sso.corp.example", "upn")
    assert (access.proxy.user_header, len(access.proxy.networks)) == ("X-User", 2)
    assert (access.admins, access.finance) == (("group:finops",), ("cfo@corp.example",))
    assert access.teams == {"search": ("group:search", "ana"), "ads": ("bo",)}
    assert access.shows_totals_of_others
    assert "sss" not in repr(access)


def test_mistakes_are_told_all_at_once_each_with_its_line(load):
    found = load(
        f"{WEB}access:\n"
        "  open: true\n"
        "  oidc: {issuer: sso}\n"
        "  proxy: {from: [everywhere]}\n"
        "  teams:\n"
        "    serch: [ana]\n"
        "    ads: {who: bo}\n"
        "  others: some\n"
        f"  admins: [x]\n{TEAMS}"
    )
    assert found.settings is None
    told = messages(found)
    for line, part in (
        (3, "`open` and `oidc` contradict each other"),
        (4, "`client_id` is missing"),
        (4, "`session_secret` is missing"),
        (5, "'everywhere' is no network"),
        (7, "no team is called `serch`"),
        (8, "`ads` must be a list"),
        (9, "`others`: 'some' is none"),
        (10, "unknown key `admins`"),
    ):
        assert any(each.startswith(f"{line}: ") and part in each for each in told), (line, part, told)


def test_a_short_secret_and_an_unknown_own_address_are_told(load):
    found = load(f"web: {{listen: 127.0.0.1:80}}\naccess: {{oidc: {{{OIDC}, session_secret: short}}}}\n{TEAMS}")
    assert any("`session_secret` is too short" in each for each in messages(found))
    assert any("needs to know its own address" in each for each in messages(found))


def test_other_sites_are_named_as_their_browsers_do(load):
    named = f"web: {{cors_origins: ['https://portal.corp.example', 'http://localhost:3000']}}\n{TEAMS}"
    assert load(named).settings.web.cors_origins == ("https://portal.corp.example", "http://localhost:3000")
    for wrong in ("*", "null", "https://portal.corp.example/", "portal.corp.example", "https://Portal.example"):
        [problem] = load(f"web: {{cors_origins: ['{wrong}']}}\n{TEAMS}").problems
        assert "is no origin" in problem.message
        assert "https://portal.corp.example" in problem.fix
