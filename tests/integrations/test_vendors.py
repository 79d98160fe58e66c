"""The contract of every channel that speaks to a vendor: it delivers what the vendor demands, and survives its trouble.

Slow, garbage, hung up, 429, 5xx and gone are for a while, with the patience that was asked for; a plain no is for good.
Whatever happens, no secret is told, neither in the reason nor in any log.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator

import http_ece
import pytest

from tocsin.errors import OutsideError, Rejected, Unavailable
from tocsin.integrations import apprise, post
from tocsin.integrations.ntfy import Ntfy, NtfySettings
from tocsin.oncall.settings import Person

from .adapters import ADAPTERS, BROWSER, Adapter
from .pages import ANA, KEY, page
from .vendor import FOR_GOOD, TROUBLES, Vendor, serving

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")  # Apprise asks for it


@pytest.fixture(params=ADAPTERS)
def adapter(request: pytest.FixtureRequest) -> Adapter:
    return ADAPTERS[request.param]


@pytest.fixture
async def vendor(adapter: Adapter) -> AsyncIterator[Vendor]:
    async with serving(adapter.check) as vendor:
        yield vendor


@pytest.fixture(autouse=True)
def logs(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.DEBUG)
    return caplog


async def fail(adapter: Adapter, url: str) -> OutsideError:
    with pytest.raises(OutsideError) as error:
        await adapter.open(url).send(KEY, ANA, page())
    return error.value


def expect_no_secret(adapter: Adapter, error: BaseException, logs: pytest.LogCaptureFixture) -> None:
    told = [str(error), repr(error), *map(str, error.args), logs.text]
    assert not any(adapter.secret in each for each in told), told


async def test_it_says_what_the_vendor_demands(adapter: Adapter, vendor: Vendor) -> None:
    detail = await adapter.open(vendor.url).send(KEY, ANA, page())
    assert vendor.faults == []
    assert len(vendor.asked) == 1
    assert "took it" in detail
    assert adapter.secret not in detail


async def test_a_repeat_is_marked(adapter: Adapter, vendor: Vendor) -> None:
    await adapter.open(vendor.url).send(KEY, ANA, page(repeat=True))
    if not adapter.sealed:
        assert adapter.again in vendor.asked[0].body.replace(b"+", b" ")
    else:
        said = http_ece.decrypt(vendor.asked[0].body, private_key=BROWSER.key, auth_secret=BROWSER.auth)
        assert b"AGAIN" in said


def has_trouble(adapter: Adapter, trouble: str) -> bool:
    """Where nothing readable is answered a 200 is a 200; some plugins of Apprise follow redirects. The docs say so."""
    return not (adapter.trusting and trouble == "garbage in a 200") and not (adapter.deaf and trouble == "redirect")


@pytest.mark.parametrize(
    ("adapter", "trouble"),
    [(name, trouble) for name in ADAPTERS for trouble in TROUBLES if has_trouble(ADAPTERS[name], trouble)],
    indirect=["adapter"],
)
async def test_its_trouble_is_told_as_what_it_is(
    adapter: Adapter, vendor: Vendor, trouble: str, logs: pytest.LogCaptureFixture
) -> None:
    vendor.trouble = trouble
    error = await fail(adapter, vendor.url)
    assert isinstance(error, Rejected if trouble in FOR_GOOD else Unavailable), error
    if isinstance(error, Unavailable) and not adapter.deaf:
        assert error.after_s == {"429": 7, "503": 3}.get(trouble, 0)
    expect_no_secret(adapter, error, logs)


async def test_a_slow_one_does_not_hold_the_page(
    adapter: Adapter, vendor: Vendor, monkeypatch: pytest.MonkeyPatch, logs: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(post, "TIMEOUT_S", 0.2)
    monkeypatch.setattr(apprise, "DEADLINE_S", 0.2)
    vendor.trouble = "slow"
    error = await fail(adapter, vendor.url)
    assert isinstance(error, Unavailable)
    expect_no_secret(adapter, error, logs)


async def test_a_secret_that_no_header_can_hold_is_not_quoted(logs: pytest.LogCaptureFixture) -> None:
    for token in ("tk_secretsecret\u00fc\u2026", "tk_secretsecret\nX-Other: 1"):
        settings = NtfySettings(kind="ntfy", url="http://127.0.0.1:9", topics_file="x")
        with pytest.raises(OutsideError) as error:
            await Ntfy(settings, {"ana": ["t"]}, token).send(KEY, ANA, page())
        expect_no_secret(ADAPTERS["ntfy"], error.value, logs)


async def test_one_that_is_gone_is_out_of_order(adapter: Adapter, logs: pytest.LogCaptureFixture) -> None:
    error = await fail(adapter, "http://127.0.0.1:9")
    assert isinstance(error, Unavailable)
    expect_no_secret(adapter, error, logs)


@pytest.mark.parametrize("adapter", [name for name in ADAPTERS if not ADAPTERS[name].for_all], indirect=True)
async def test_who_has_no_address_there_is_told_what_to_do(adapter: Adapter) -> None:
    """Where the adapter calls whom it likes itself, nobody needs an address."""
    with pytest.raises(Rejected, match=r"add|open"):
        await adapter.open("http://127.0.0.1:9").send(KEY, Person(name="Bo"), page(responder="bo"))
