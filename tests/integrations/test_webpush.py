"""Web Push: phones that are gone are forgotten, only known vendors are spoken to, and the key is made once."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from tocsin.errors import Rejected
from tocsin.integrations.webpush import WebPush, WebPushSettings, are_keys, read_key

from .adapters import BROWSER, check_push, find_point, open_push, spell
from .pages import ANA, KEY, page
from .vendor import serving


@pytest.mark.parametrize("status", [404, 410])
async def test_a_subscription_that_is_gone_is_forgotten_and_its_person_told_what_to_do(status: int) -> None:
    async with serving(lambda asked: (status, b"")) as vendor:
        push = open_push(vendor.url)
        with pytest.raises(Rejected, match="subscribe anew on /phone"):
            await push.send(KEY, ANA, page())
        assert BROWSER.gone
        with pytest.raises(Rejected, match="no phone subscribed"):
            await push.send(KEY, ANA, page())
        assert len(vendor.asked) == 1


async def test_what_is_no_vendors_address_is_never_asked() -> None:
    async with serving(check_push) as vendor:
        open_push(vendor.url)
        settings = WebPushSettings(kind="webpush", subject="mailto:ops@example.org")
        with pytest.raises(Rejected):
            await WebPush(settings, b"", BROWSER).send(KEY, ANA, page())
        assert vendor.asked == []


@pytest.mark.parametrize(("endpoint", "may"), [
    ("https://fcm.googleapis.com/fcm/send/x", True),
    ("https://updates.push.services.mozilla.com/wpush/v2/x", True),
    ("https://web.push.apple.com/x", True),
    ("http://fcm.googleapis.com/x", False),
    ("https://fcm.googleapis.com.evil.example/x", False),
    ("https://evilpush.apple.com/x", False),
    ("https://user@fcm.googleapis.com/x", False),
    ("https://169.254.169.254/latest", False),
    ("file:///etc/passwd", False),
    ("https://[broken", False),
])  # fmt: skip
def test_which_addresses_are_a_known_vendors(endpoint: str, may: bool) -> None:
    settings = WebPushSettings(kind="webpush", subject="mailto:ops@example.org")
    assert WebPush(settings, b"", BROWSER).may_push(endpoint) is may


def test_the_key_is_made_once_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    path = tmp_path / "secrets" / "webpush.pem"
    made = read_key(path)
    assert read_key(path) == made
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    settings = WebPushSettings(kind="webpush", subject="mailto:ops@example.org")
    assert len(WebPush(settings, made, BROWSER).public_key) == 87


def test_keys_that_are_none_are_seen() -> None:
    point = spell(find_point(BROWSER.key))
    assert are_keys(point, spell(b"a" * 16))
    assert not any(are_keys(*each) for each in (("", ""), (point, "short"), (point[:-4], spell(b"a" * 16)), ("ü", "ü")))
