"""Passwords, tokens, and who came and went: what opens, for how long, what it says to whoever guesses."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest
from argon2 import PasswordHasher

from tocsin.store.accounts import PREFIX, Accounts
from tocsin.web import accounts, known
from tocsin.web.auth import COOKIE, LOCAL
from tocsin.web.known import KNOWN_COOKIE
from tocsin.web.limits import Limits

from .conftest import Open
from .house import House, make_cast

pytestmark = pytest.mark.anyio
WORD = "four plain words here"
FORM = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
async def home(open_house: Open) -> House:
    """A house with accounts."""
    house = await open_house(make_cast(permissions={"admin": ("lea",)}))
    house.desk.accounts = Accounts(house.story.store)
    return house


async def set_password(house: House, browser: httpx.AsyncClient, new: str = WORD, current: str = "") -> httpx.Response:
    page = await browser.get("/account")
    assert page.status_code == 200
    return await browser.post("/account/password", data={"current": current, "new": new, "again": new})


async def sign_in(house: House, name: str = "bo", password: str = WORD) -> httpx.Response:
    return await house.client(headers=FORM).post("/signin", data={"name": name, "password": password, "to": "/account"})


async def asks(house: House, token: str, path: str = "/api/whoami", method: str = "GET", **options: Any) -> int:
    headers = {"Authorization": f"Bearer {token}", **options.pop("headers", {})}
    return (await house.client(headers=headers).request(method, path, **options)).status_code


async def test_a_password_opens_and_a_new_one_ends_every_other_session(home: House) -> None:
    first, other = await home.browser("bo"), await home.browser("bo")
    done = await set_password(home, first)
    assert done.status_code == 303
    assert (await other.get("/account")).status_code == 401, "whoever sat there is out"
    opened = await sign_in(home)
    assert (opened.status_code, opened.headers["location"]) == (303, "/account")
    cookie = opened.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    second = home.client(cookies={COOKIE: opened.cookies[COOKIE]}, headers={**FORM, "HX-Request": "true"})
    refused = await set_password(home, second, "another good password", current="wrong")
    assert (refused.status_code, "another one" in refused.text) == (400, True)
    assert (await set_password(home, second, "another good password", current=WORD)).status_code == 303
    assert (await sign_in(home)).status_code == 401
    assert (await sign_in(home, password="another good password")).status_code == 303


async def test_whoever_guesses_learns_nothing_and_is_slowed_down(home: House) -> None:
    await set_password(home, await home.browser("bo"))
    texts, times = set(), {}
    for name in ("bo", "lea", "nobody"):  # has a password; has none; is not there
        begun = time.process_time()
        answer = await sign_in(home, name, "wrong wrong wrong")
        times[name] = time.process_time() - begun
        texts.add((answer.status_code, answer.text))
    assert len(texts) == 1
    assert min(times.values()) > max(times.values()) / 20, "each is hashed, whether there is such a name or not"
    codes = [(await sign_in(home, "bo", "wrong wrong wrong")).status_code for _ in range(9)]
    assert codes == [401] * 7 + [429] * 2
    assert (await sign_in(home)).status_code == 429, "the right one too, until it is over"
    await home.story.advance("15m")
    assert (await sign_in(home)).status_code == 303


def at(house: House, address: str, cookies: dict[str, str] | None = None) -> httpx.AsyncClient:
    """A browser at that address."""
    client = house.client(cookies=cookies or {}, headers=FORM)
    transport = client._transport
    assert isinstance(transport, httpx.ASGITransport)
    transport.client = (address, 50_000)
    return client


async def guess(client: httpx.AsyncClient, password: str = "wrong wrong wrong", name: str = "bo") -> int:
    return (await client.post("/signin", data={"name": name, "password": password, "to": "/"})).status_code


SLOW = accounts._HASHER


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Quick hashes: how slow those of the product are has a test of its own."""
    quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    nobody = quick.hash("nobody")
    monkeypatch.setattr(accounts, "_HASHER", quick)
    monkeypatch.setattr(accounts, "_nobody", lambda: nobody)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer tries are enough to see."""
    monkeypatch.setattr(known, "TRIES_OF_A_NAME", 2)
    monkeypatch.setattr(known, "TRIES_OF_STRANGERS", 4)


@pytest.mark.usefixtures("few")
async def test_whoever_guesses_from_elsewhere_keeps_nobody_out_who_has_come_in_before(home: House) -> None:
    await set_password(home, await home.browser("bo"))
    mine = at(home, "198.51.100.7")
    assert await guess(mine, WORD) == 303, "from then on the browser and the address are known"
    assert [await guess(at(home, "203.0.113.1")) for _ in range(3)] == [401, 401, 429]
    assert [await guess(at(home, "203.0.113.2")) for _ in range(3)] == [401, 429, 429], "all of them are bounded too"
    assert await guess(at(home, "192.0.2.1"), WORD) == 429, "who comes from where they never were waits"
    assert await guess(at(home, "198.51.100.7"), WORD) == 303, "another browser at an address that is known"
    cookie = mine.cookies[KNOWN_COOKIE]
    moved = at(home, "192.0.2.1", {KNOWN_COOKIE: cookie})
    again = await moved.post("/signin", data={"name": "bo", "password": WORD, "to": "/"})
    assert again.status_code == 303, "the same browser elsewhere"
    assert again.cookies[KNOWN_COOKIE] == cookie, "and it stays known by the same"


@pytest.mark.usefixtures("few")
async def test_a_known_browser_is_no_key_and_is_bounded_itself(home: House) -> None:
    await set_password(home, await home.browser("bo"))
    mine = at(home, "198.51.100.7")
    assert await guess(mine, WORD) == 303
    cookies = {KNOWN_COOKIE: mine.cookies[KNOWN_COOKIE]}
    assert (await at(home, "198.51.100.7", cookies).get("/account")).status_code == 401
    assert await guess(at(home, "192.0.2.9", cookies), name="lea") == 401, "it is bo's, and nothing to lea's name"
    codes = [await guess(at(home, f"192.0.2.{number}", cookies)) for number in range(3)]
    assert codes == [401, 401, 429]
    assert await guess(at(home, "198.51.100.7"), WORD) == 303
    await home.desk.sessions.sweep(home.story.clock.now())
    browser = await home.browser("bo")
    assert (await set_password(home, browser, "another good password", current=WORD)).status_code == 303
    assert await home.desk.sessions.whose("known", cookies[KNOWN_COOKIE], home.story.clock.now()) is None


@pytest.mark.usefixtures("few")
async def test_a_link_makes_a_browser_known_and_the_machine_lets_anybody_try_again(home: House) -> None:
    await set_password(home, await home.browser("bo"))
    strange = at(home, "203.0.113.9")
    while await guess(strange) == 401:
        pass
    assert await guess(strange, WORD) == 429
    linked = await strange.post(f"/signin/{await home.link('bo')}", data={"to": "/"})
    assert linked.status_code == 303
    assert await guess(at(home, "203.0.113.9"), WORD) == 303, "the address is known by the link"
    other = at(home, "203.0.113.10")
    while await guess(other) == 401:
        pass
    unblock = "/api/accounts/bo/unblock"
    assert (await (await home.caller("lea")).post(unblock, json={})).status_code == 403
    owner = await home.caller(LOCAL)
    assert (await owner.post("/api/accounts/nobody/unblock", json={})).status_code == 404
    there, home.desk.limits = home.desk.limits, Limits()  # another node on the same store
    assert (await owner.post(unblock, json={})).status_code == 204
    home.desk.limits = there
    assert await guess(other, WORD) == 303
    strange = at(home, "203.0.113.11")
    assert [await guess(strange) for _ in range(3)] == [401, 401, 429], "it is heard once, and bounds nothing for ever"


@pytest.mark.parametrize("new", ["short", "x" * 257, ""])
async def test_what_is_no_password_is_refused(home: House, new: str) -> None:
    assert (await set_password(home, await home.browser("bo"), new)).status_code == 400
    assert not await Accounts(home.story.store).find_password("bo")


async def test_a_foreign_page_signs_nobody_in_and_changes_no_password(home: House) -> None:
    await set_password(home, await home.browser("bo"))
    form = {"name": "bo", "password": WORD}
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        assert (await home.client(headers=headers).post("/signin", data=form)).status_code == 403
    browser = await home.browser("bo")
    browser.headers.update({"Sec-Fetch-Site": "cross-site"})
    assert (await browser.post("/account/password", data={"new": WORD, "again": WORD})).status_code == 403
    browser.headers.update({"Sec-Fetch-Site": "same-origin"})
    del browser.headers["HX-Request"]
    assert (await browser.post("/account/password", data={"new": WORD, "again": WORD})).status_code == 403


async def test_the_hash_is_slow_and_the_password_is_nowhere(home: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "_HASHER", SLOW)
    await set_password(home, await home.browser("bo"))
    kept = await Accounts(home.story.store).find_password("bo")
    assert str(kept).startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    entries = await home.story.journal.entries("team/@access")
    assert all(WORD not in repr(entry) for entry in entries)


async def make(house: House, client: httpx.AsyncClient, **body: Any) -> dict[str, Any]:
    answer = await client.post("/api/tokens", json={"name": "ci", **body})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_token_is_for_what_it_was_made_for_until_it_is_over(home: House) -> None:
    browser = await home.browser("bo")
    for name in ("deploy\x00", "two\nlines"):  # PostgreSQL takes no NUL
        assert (await browser.post("/api/tokens", json={"name": name})).status_code == 400
    stream = await home.story.alert("ChainHalted", instance="v1")
    read, respond = [await make(home, browser, scope=scope, days=1) for scope in ("read", "respond")]
    note: dict[str, Any] = {"path": f"/api/incidents/{stream}/note", "method": "POST", "json": {"text": "x"}}
    assert read["text"].startswith(PREFIX)
    assert await asks(home, read["text"]) == 200
    assert await asks(home, read["text"], **note) == 403
    assert await asks(home, respond["text"], **note) == 200
    for path in ("/api/tokens", "/api/links"):
        assert await asks(home, respond["text"], path, "POST", json={"name": "more"}) == 403
    assert await asks(home, respond["text"], headers={"X-Tocsin-As": "lea"}) == 403
    assert (await browser.post(f"/api/tokens/{respond['token']['id']}/revoke")).status_code == 200
    assert await asks(home, respond["text"]) == 401
    await home.story.advance("1d")
    assert await asks(home, read["text"]) == 401
    assert await asks(home, f"{PREFIX}0_x") == 401


async def test_nobody_makes_lists_or_ends_a_token_of_somebody_else(home: House) -> None:
    mine, theirs = await home.browser("bo"), await home.browser("lea")
    made = await make(home, mine)
    assert (await theirs.get("/api/tokens")).json() == []
    assert (await theirs.post(f"/api/tokens/{made['token']['id']}/revoke")).status_code == 404
    assert (await theirs.post("/api/tokens", json={"name": "x", "person": "bo"})).status_code == 403
    assert "digest" not in (await mine.get("/api/tokens")).text
    assert made["text"] not in (await mine.get("/api/tokens")).text


async def test_nobody_acts_in_the_name_of_somebody_who_has_an_account(home: House) -> None:
    owner = await home.caller(LOCAL, **{"X-Tocsin-As": "bo"})
    assert (await owner.get("/api/whoami")).json()["id"] == "bo", "as it was, as long as nobody has an account"
    await set_password(home, await home.browser("bo"))
    refused = await owner.get("/api/whoami")
    assert (refused.status_code, "has an account" in refused.text) == (403, True)
    other = await home.caller(LOCAL, **{"X-Tocsin-As": "lea"})
    assert (await other.get("/api/whoami")).json()["id"] == "lea"


async def test_who_came_and_went_is_in_the_record_and_for_those_who_administer(home: House) -> None:
    await set_password(home, await home.browser("bo"))
    await sign_in(home, "bo", "wrong wrong wrong")
    opened = await sign_in(home)
    session = home.client(cookies={COOKIE: opened.cookies[COOKIE]}, headers=FORM)
    await make(home, await home.browser("bo"))
    assert (await session.post("/signout")).status_code == 303
    assert (await (await home.browser("bo")).get("/api/access")).status_code == 403
    told = [each["text"] for each in (await (await home.browser("lea")).get("/api/access")).json()]
    assert [text.partition(": ")[2].partition(":")[0] for text in told] == [
        "signed out", "token made", "signed in", "sign-in refused", "password set, all sessions ended",
    ]  # fmt: skip
    assert all(text.startswith("Bo Rask") for text in told)


async def test_an_account_that_is_forgotten_opens_nothing_any_more(home: House) -> None:
    await set_password(home, await home.browser("bo"))
    browser = await home.browser("bo")
    token = (await make(home, browser))["text"]
    assert (await browser.post("/api/accounts/bo/forget")).status_code == 403, "that is the server's own to do"
    owner = await home.caller(LOCAL)
    assert (await owner.post("/api/accounts/bo/forget")).status_code == 204
    assert (await browser.get("/account")).status_code == 401
    assert await asks(home, token) == 401
    assert (await sign_in(home)).status_code == 401
    (entry,) = [each for each in (await owner.get("/api/access")).json() if "forgotten" in each["text"]]
    assert entry["text"].endswith("by the administrator"), "it says who did it"


async def test_a_server_without_accounts_is_as_it_was(house: House) -> None:
    assert (await (await house.browser("bo")).get("/account")).status_code == 200
    assert (await sign_in(house)).status_code == 404
    assert (await (await house.browser("bo")).get("/api/tokens")).status_code == 404
