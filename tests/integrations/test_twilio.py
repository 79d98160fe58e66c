"""Twilio's signatures as its documents compute them, what it refuses, and what a voice reads."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest

from tocsin.errors import Rejected
from tocsin.integrations.twilio import Twilio, TwilioSettings, spell_both

from .adapters import ACCOUNT, ADAPTERS
from .pages import ANA, KEY, page
from .vendor import serving


def twilio(*tokens: str) -> Twilio:
    return Twilio(TwilioSettings(kind="twilio", way="sms", account=ACCOUNT, sender="+1", token_file="x"), tokens)


def sign(token: str, text: str) -> str:
    return base64.b64encode(hmac.digest(token.encode(), text.encode(), hashlib.sha1)).decode()


FIELDS = [("To", "+18005551212"), ("Digits", "1234"), ("CallSid", "CA1234567890ABCDE"), ("Caller", "+14158675310"),
          ("From", "+14158675310")]  # fmt: skip
URL = "https://mycompany.com/myapp.php?foo=1&bar=2"


def test_the_signature_is_the_one_of_twilios_own_documents() -> None:
    """The worked example of Twilio's documents on security, with the token 12345."""
    documented = "GvWf1cFY/Q7PnoempGyD5oXAezc="
    assert sign(
        "12345", URL + "CallSidCA1234567890ABCDECaller+14158675310Digits1234From+14158675310To+18005551212"
    ) == (documented)
    assert twilio("12345").is_signed(URL, FIELDS, documented)


def test_any_other_is_none() -> None:
    good = "GvWf1cFY/Q7PnoempGyD5oXAezc="
    believed = twilio("12345").is_signed
    assert not believed(URL, [*FIELDS, ("More", "1")], good)
    assert not believed("https://mycompany.org/myapp.php?foo=1&bar=2", FIELDS, good)
    assert not believed(URL.replace("https", "http"), FIELDS, good)
    assert not believed(URL, FIELDS, "")
    assert not believed(URL, FIELDS, "ü")
    assert not twilio("12346").is_signed(URL, FIELDS, good)
    assert twilio("new", "12345").is_signed(URL, FIELDS, good), "while the token is being changed both are believed"


def test_a_standard_port_may_stand_there_or_not() -> None:
    assert set(spell_both("https://x.org:443/a")) == {"https://x.org/a", "https://x.org:443/a"}
    assert spell_both("https://x.org:8443/a") == ("https://x.org:8443/a",)
    signed = sign("t", "https://x.org:443/a")
    assert twilio("t").is_signed("https://x.org/a", [], signed)


async def test_its_reason_is_told_by_number_since_its_words_name_the_phone() -> None:
    refusal = b'{"code":21211,"message":"The To number +4930123456 is not valid","status":400}'
    async with serving(lambda asked: (400, refusal)) as vendor:
        with pytest.raises(Rejected, match="error 21211") as error:
            await ADAPTERS["sms"].open(vendor.url).send(KEY, ANA, page())
    assert "+49" not in str(error.value)


def test_what_strangers_wrote_is_no_twiml() -> None:
    spoken = twilio("t").speak('x</Say><Hangup/><Say>"&', 'https://x/"><Dial>')
    assert "<Hangup" not in spoken
    assert "<Dial" not in spoken
