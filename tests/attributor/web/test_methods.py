"""What methods an address takes, and who else's scripts may read it."""

import pytest
from starlette.testclient import TestClient

PORTAL = "https://portal.corp.example"


@pytest.fixture(scope="module")
def client(company, make_site):
    return TestClient(make_site(company), raise_server_exceptions=False)


@pytest.fixture(scope="module")
def shared(company, make_site):
    return TestClient(make_site(company, other_sites=(PORTAL,)))


@pytest.mark.parametrize("path", ["/", "/overview.json", "/api/v1/showback", "/healthz", "/statements.json"])
def test_head_says_what_get_would_without_its_body(client, path):
    got, head = client.get(path), client.head(path)
    assert (head.status_code, head.content) == (200, b"")
    for name in ("content-type", "content-length", "etag"):
        assert head.headers.get(name) == got.headers.get(name)
    assert client.head("/api/v1/nothing").status_code == 404


def test_an_address_says_which_methods_it_takes(client):
    asked = client.options("/api/v1/alerts/silences")
    assert (asked.status_code, asked.headers["allow"]) == (204, "GET, HEAD, OPTIONS, POST")
    for path in ("/", "/api/v1/showback", "/assets/site.css", "/teams/search.json"):
        refused = client.put(path)
        assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD, OPTIONS"), path
    assert "PUT is not taken here; GET" in client.put("/api/v1/showback").json()["detail"]
    assert client.options("/no/such/page").status_code == client.put("/no/such/page").status_code == 404
    assert client.get("/api/v1/alerts/ack").headers["allow"] == "OPTIONS, POST"


def test_a_weak_or_any_tag_is_one_that_the_asker_has(client):
    tag = client.get("/api/v1/teams").headers["etag"]
    for known in (tag, tag.removeprefix("W/"), f'"x", {tag}', "*"):
        answer = client.get("/api/v1/teams", headers={"If-None-Match": known})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag)
    assert client.get("/api/v1/teams", headers={"If-None-Match": '"x"'}).status_code == 200


def test_no_other_site_reads_anything_until_it_is_named(client, shared):
    def said(site, path, origin):
        return site.get(path, headers={"Origin": origin}).headers.get("access-control-allow-origin")

    assert said(client, "/api/v1/teams", PORTAL) is None
    assert said(shared, "/api/v1/teams", PORTAL) == PORTAL
    for origin in ("https://evil.example", "null", f"{PORTAL}.evil.example", "http://portal.corp.example"):
        assert said(shared, "/api/v1/teams", origin) is None, origin
    assert said(shared, "/overview.json", PORTAL) is None
    assert "access-control-allow-credentials" not in shared.get("/api/v1/teams", headers={"Origin": PORTAL}).headers


def test_a_named_site_may_ask_with_a_token_and_change_nothing(client, shared):
    def asked(site, method):
        wanted = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": "authorization"}
        return site.options("/api/v1/alerts/silences", headers={"Origin": PORTAL, **wanted})

    allowed = asked(shared, "GET")
    assert (allowed.status_code, allowed.headers["access-control-allow-origin"]) == (200, PORTAL)
    assert "POST" not in allowed.headers["access-control-allow-methods"]
    assert asked(shared, "POST").status_code == 400
    assert "access-control-allow-origin" not in asked(client, "GET").headers


@pytest.mark.parametrize(
    ("path", "status", "says"),
    [
        ("/api/v1/allocations", 422, "window is needed"),
        ("/api/v1/allocations?window=7d&nope=1", 422, "nobody knows the parameter nope"),
        ("/api/v1/showback?limit=0", 422, "limit: input should be greater than or equal to 1"),
        ("/api/v1/nothing", 404, "is not a page"),
        ("/overview.json?period=x", 400, "write it as 2026-11"),
        ("/teams/nobody.json", 404, "there is no team"),
        ("/statements/2026-10/nobody.json", 404, "there is no team"),
        ("/api/v1/showback?team=%00", 400, "NUL"),
    ],
)
def test_whatever_is_wrong_is_told_in_one_form(client, path, status, says):
    answer = client.get(path)
    assert (answer.status_code, {"detail"} <= answer.json().keys() <= {"detail", "near"}) == (status, True)
    assert says in answer.json()["detail"]


def test_a_fault_of_ours_is_told_in_the_same_form_and_says_nothing_of_it(company, make_site):
    def broken():
        raise ZeroDivisionError("secret")

    client = TestClient(make_site(company, dimensions=broken), raise_server_exceptions=False)
    answer = client.get("/api/v1/showback")
    assert (answer.status_code, list(answer.json())) == (500, ["detail"])
    assert "fault of ours" in answer.json()["detail"]
    assert "secret" not in answer.text
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")


def test_nothing_is_kept_on_the_way_that_does_not_say_so(client):
    for path in ("/", "/metrics", "/charts/teams/search/daily.png", "/healthz", "/teams/nobody"):
        assert client.get(path).headers["cache-control"] == "no-store", path
    assert client.get("/overview.json").headers["cache-control"] == "private, no-cache"


def test_a_moment_that_cannot_be_read_is_told_with_its_form(client):
    sent = client.post("/api/v1/alerts/snooze", json={"keys": ["x"], "until": "soon"})
    assert (sent.status_code, "write it as 2026-12-01T08:00" in sent.json()["detail"]) == (400, True)
