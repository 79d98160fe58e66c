"""Who is let in, and whose requests are carried out."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest

from tocsin.oncall.settings import Person
from tocsin.web.auth import COOKIE, LOCAL, TOKEN_FIELD, make_form_token

from .conftest import Open
from .house import HOST, LINK_KEY, House, Stage

pytestmark = pytest.mark.anyio

SAME = {"Sec-Fetch-Site": "same-origin"}
NOTE = "/incidents/quorum-1/note"


def secret_of(client: httpx.AsyncClient) -> str:
    return client.cookies[COOKIE]


async def test_a_link_shows_a_button_and_signs_in_once(house: House) -> None:
    secret = await house.link()
    browser = house.client()
    for _ in range(3):
        shown = await browser.get(f"/signin/{secret}")
        assert "Sign in as Bo Rask" in shown.text
        assert "set-cookie" not in shown.headers
    assert (await browser.head(f"/signin/{secret}")).content == b""
    signed_in = await browser.post(f"/signin/{secret}", data={"to": "/incidents/quorum-1"}, headers=SAME)
    assert (signed_in.status_code, signed_in.headers["location"]) == (303, "/incidents/quorum-1")
    cookie = signed_in.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "samesite=lax" in cookie.lower()
    assert "Max-Age=2592000" in cookie
    assert "Secure" not in cookie
    assert (await browser.get("/")).status_code == 200
    assert (await house.client().post(f"/signin/{secret}")).status_code == 404, "it is used up"
    over = await house.client().get(f"/signin/{secret}")
    assert (over.status_code, "This link is used up" in over.text) == (404, True)
    assert "<code>tocsin signin NAME</code>" in over.text, "what to type"


PREFETCHERS = [
    {"Sec-Purpose": "prefetch;prerender", "Sec-Fetch-Site": "none"},
    {"Purpose": "prefetch"},
    {"User-Agent": "Slackbot-LinkExpanding 1.0"},
    {},
]


@pytest.mark.parametrize("headers", PREFETCHERS)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_whoever_only_looks_at_a_link_does_not_use_it_up(
    house: House, method: str, headers: dict[str, str]
) -> None:
    secret = await house.link()
    address = f"/signin/{secret}?go=1&to=/incidents/quorum-1"
    for _ in range(2):
        looked = await house.client(headers=headers).request(method, address)
        assert (looked.status_code, "set-cookie" in looked.headers) == (200, False)
    signed_in = await house.client().post(address, data={"to": "/incidents/quorum-1"}, headers=SAME)
    assert (signed_in.status_code, signed_in.headers["location"]) == (303, "/incidents/quorum-1")


async def test_a_used_link_leads_on_where_somebody_is_signed_in(house: House) -> None:
    secret = await house.link("lea")
    await house.client().post(f"/signin/{secret}", headers=SAME)
    browser, stranger = await house.browser("bo"), house.client()
    for to, leads in (("/incidents/quorum-1", "/incidents/quorum-1"), ("", "/"), ("//evil.example", "/")):
        for method in ("GET", "HEAD"):
            again = await browser.request(method, f"/signin/{secret}", params={"go": "1", "to": to})
            assert (again.status_code, again.headers["location"]) == (303, leads)
            assert "set-cookie" not in again.headers, "nobody becomes somebody else"
        pressed = await browser.post(f"/signin/{secret}", data={"to": to}, headers=SAME)
        assert (pressed.status_code, pressed.headers["location"]) == (303, leads)
        assert (await stranger.get(f"/signin/{secret}", params={"to": to})).status_code == 404
    assert (await browser.get("/api/whoami")).json()["id"] == "bo"
    gone = house.client(cookies={COOKIE: "nonsense"})
    assert (await gone.get(f"/signin/{secret}")).status_code == 404


async def test_a_demo_says_its_own_way_in(open_house: Open) -> None:
    house = await open_house(stage=Stage())
    for path in ("/signin/spent", "/incidents/quorum-1", "/demo"):
        shown = await house.client().get(path, headers={"Accept": "text/html"})
        assert "<code>/opt/tocsin signin you --workspace /srv/demo</code>" in shown.text, path


@pytest.mark.parametrize(
    "to", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/a\nb"]
)
async def test_signing_in_leads_nowhere_else(house: House, to: str) -> None:
    answer = await house.client().post(f"/signin/{await house.link()}", data={"to": to})
    assert answer.headers["location"] == "/"


async def test_a_link_pressed_from_elsewhere_stays_good(house: House) -> None:
    secret = await house.link()
    answer = await house.client().post(f"/signin/{secret}", headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403
    assert (await house.client().post(f"/signin/{secret}")).status_code == 303


async def test_signing_out_ends_the_session_everywhere(house: House) -> None:
    browser = await house.browser()
    copy = house.client(cookies={COOKIE: secret_of(browser)})
    assert (await house.client(cookies={COOKIE: secret_of(browser)}).post("/signout")).status_code == 403
    assert (await browser.post("/signout")).status_code == 303
    assert (await copy.get("/api/whoami")).status_code == 401


async def test_over_a_safe_line_the_cookie_is_marked_so(open_house: Open) -> None:
    from tocsin.web import Policy

    house = await open_house(policy=Policy(url="https://tocsin.test", secure_cookies=True))
    answer = await house.client().post(f"/signin/{await house.link()}")
    assert "Secure" in answer.headers["set-cookie"]


async def test_nobody_signed_in_is_told_how(house: House) -> None:
    stranger = house.client()
    page = await stranger.get("/incidents/quorum-1", headers={"Accept": "text/html"})
    assert page.status_code == 401
    assert "tocsin signin NAME" in page.text
    answer = await stranger.get("/api/incidents")
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "TOC-130"
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("header", ["Bearer nonsense", "Basic Ym86Ym8=", "Bearer", "bearer  ", "nonsense"])
async def test_a_wrong_credential_is_nobody(house: House, header: str) -> None:
    answer = await house.client(headers={"Authorization": header}).get("/api/whoami")
    assert answer.status_code == 401


async def test_a_secret_is_good_for_its_own_purpose_only(house: House) -> None:
    link, now = await house.link(), house.story.clock.now()
    session = await house.desk.sessions.begin("session", "bo", now + timedelta(days=1))
    token = await house.desk.sessions.begin("token", "bo", now + timedelta(days=1))
    for cookie in (link, token):
        assert (await house.client(cookies={COOKIE: cookie}).get("/api/whoami")).status_code == 401
    for bearer in (link, session):
        client = house.client(headers={"Authorization": f"Bearer {bearer}"})
        assert (await client.get("/api/whoami")).status_code == 401
    await house.story.advance("2d")
    assert (await house.client(cookies={COOKIE: session}).get("/api/whoami")).status_code == 401


async def test_somebody_who_has_left_is_nobody(open_house: Open) -> None:
    people = {"bo": Person(name="Bo")}
    house = await open_house(people=lambda: people)
    browser = await house.browser()
    assert (await browser.get("/api/whoami")).status_code == 200
    del people["bo"]
    assert (await browser.get("/api/whoami")).status_code == 401


async def test_only_the_servers_own_credential_acts_for_others(house: House) -> None:
    local, as_lea = await house.caller(LOCAL), await house.caller(LOCAL, **{"X-Tocsin-As": "lea"})
    assert (await local.get("/api/whoami")).json()["id"] == LOCAL
    assert (await as_lea.get("/api/whoami")).json()["id"] == "lea"
    unknown = await (await house.caller(LOCAL, **{"X-Tocsin-As": "nobody"})).get("/api/whoami")
    assert unknown.status_code == 404
    assert "nobody" in unknown.json()["error"]["message"]
    assert (await (await house.caller("bo", **{"X-Tocsin-As": "lea"})).get("/api/whoami")).status_code == 403
    await as_lea.post("/api/incidents/quorum-1/acknowledge", json={})
    assert (await house.story.incident()).acknowledged_by == "lea"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/incidents/quorum-1/steps/L244/approve", {"digest": "0" * 64}),
        ("/api/incidents/quorum-1/prohibitions/364/lift", {"reason": "x"}),
        ("/api/teams/quorum/activate", {}),
    ],
)
async def test_what_binds_a_person_needs_one(house: House, path: str, body: dict[str, str]) -> None:
    answer = await (await house.caller(LOCAL)).post(path, json=body)
    assert answer.status_code == 403
    assert "X-Tocsin-As" in answer.json()["error"]["message"]


async def test_links_are_made_on_the_server_or_for_oneself(house: House) -> None:
    local, bo = await house.caller(LOCAL), await house.caller("bo")
    made = (await local.post("/api/links", json={"person": "lea"})).json()
    assert made["url"].startswith(f"{HOST}/signin/")
    assert "Lea Okafor" in (await house.client().get(made["url"])).text
    assert (await local.post("/api/links", json={})).json()["person"] == "ana"
    assert (await local.post("/api/links", json={"person": "nobody"})).status_code == 404
    assert (await bo.post("/api/links", json={})).json()["person"] == "bo"
    assert (await bo.post("/api/links", json={"person": "lea"})).status_code == 403


OWN = [
    {"Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Site": "none"},
    {"Origin": HOST},
    {"Referer": f"{HOST}/incidents/quorum-1"},
]
FOREIGN = [
    {},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": f"{HOST}.evil.example"},
    {"Referer": "https://evil.example/tocsin.test"},
    {"Sec-Fetch-Site": "cross-site", "Origin": HOST},
]


@pytest.mark.parametrize("site", OWN)
async def test_our_own_forms_are_carried_out(house: House, site: dict[str, str]) -> None:
    browser = await house.browser()
    client = house.client(cookies={COOKIE: secret_of(browser)}, headers=site)
    token = make_form_token(LINK_KEY, secret_of(browser))
    plain = await client.post(NOTE, data={"text": "by form", TOKEN_FIELD: token})
    assert (plain.status_code, plain.headers["location"]) == (303, "/incidents/quorum-1#top")
    by_htmx = await client.post(NOTE, data={"text": "by htmx"}, headers={"HX-Request": "true"})
    assert (by_htmx.status_code, by_htmx.headers["hx-trigger"]) == (204, "entry")
    assert (await client.post("/api" + NOTE, json={"text": "by script"})).status_code == 200


@pytest.mark.parametrize("site", FOREIGN)
async def test_what_another_site_sends_changes_nothing(house: House, site: dict[str, str]) -> None:
    browser = await house.browser()
    client = house.client(cookies={COOKIE: secret_of(browser)}, headers=site)
    token, before = make_form_token(LINK_KEY, secret_of(browser)), await house.count()
    answers = [
        await client.post(NOTE, data={"text": "x", TOKEN_FIELD: token}),
        await client.post(NOTE, data={"text": "x"}, headers={"HX-Request": "true"}),
        await client.post("/api" + NOTE, json={"text": "x"}),
        await client.put("/api/incidents/quorum-1/postmortem", content=b"x"),
    ]
    assert {answer.status_code for answer in answers} == {403}
    assert "another site" in answers[2].json()["error"]["message"]
    assert await house.count() == before


@pytest.mark.parametrize("token", [None, "", "0" * 64, "ü"])
async def test_a_form_without_its_token_changes_nothing(house: House, token: str | None) -> None:
    browser = await house.browser()
    client = house.client(cookies={COOKIE: secret_of(browser)}, headers=SAME)
    before = await house.count()
    fields = {"text": "x"} | ({TOKEN_FIELD: token} if token is not None else {})
    answer = await client.post(NOTE, data=fields)
    assert answer.status_code == 403
    assert "Load the screen again" in answer.text
    smuggled = await client.post("/api" + NOTE, content=b'{"text":"x"}', headers={"Content-Type": "text/plain"})
    assert smuggled.status_code == 403
    assert await house.count() == before


async def test_every_answer_carries_the_headers(house: House) -> None:
    browser = await house.browser()
    for path in (
        "/",
        "/incidents/quorum-1",
        "/api/teams",
        "/status/quorum",
        "/nothing",
        "/-/healthy",
        "/static/base.css",
    ):
        headers = (await browser.get(path)).headers
        assert "script-src 'self'" in headers["content-security-policy"], path
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "unsafe-inline" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"


ACTS = [
    ("/api/incidents", {"team": "quorum", "title": "x"}),
    ("/api/incidents/quorum-1/acknowledge", {}),
    ("/api/incidents/quorum-1/note", {"text": "x"}),
    ("/api/incidents/quorum-1/severity", {"severity": "SEV-2"}),
    ("/api/incidents/quorum-1/resolve", {}),
    ("/api/incidents/quorum-1/steps", {"text": "uptime"}),
    ("/api/incidents/quorum-1/role", {"role": "scribe", "responder": "bo"}),
    ("/api/incidents/quorum-1/obligations/acknowledge/waive", {"reason": "x"}),
    ("/api/teams/quorum/freeze", {"on": True}),
]


@pytest.mark.parametrize(("path", "body"), ACTS, ids=[path.rpartition("/")[2] for path, _ in ACTS])
async def test_every_act_carries_a_person(house: House, path: str, body: dict[str, object]) -> None:
    before = await house.count("quorum-1")
    answer = await (await house.caller(LOCAL)).post(path, json=body)
    assert answer.status_code == 403
    assert "--as NAME` (ana, bo, lea, max)" in answer.json()["error"]["message"]
    assert await house.count("quorum-1") == before
    assert (await (await house.caller(LOCAL, **{"X-Tocsin-As": "ana"})).post(path, json=body)).is_success


async def test_where_there_is_one_person_it_is_that_one(open_house: Open) -> None:
    house = await open_house(people=lambda: {"ana": Person(name="Ana")})
    await house.story.alert("ChainHalted")
    local = await house.caller(LOCAL)
    assert (await local.get("/api/whoami")).json()["id"] == "ana"
    assert (await local.post("/api/incidents/quorum-1/acknowledge", json={})).is_success
    assert (await house.story.incident()).acknowledged_by == "ana"
    assert "no person 'bo'" in (await local.post("/api/links", json={"person": "bo"})).text
