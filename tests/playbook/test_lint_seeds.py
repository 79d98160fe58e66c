"""What the lint says of the five real playbooks: each duty of the mission that is the lint's, and nothing else."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from tocsin.playbook import effect
from tocsin.playbook.compile import compile_playbook
from tocsin.playbook.diagnostic import Diagnostic
from tocsin.words import Level

_TODAY = datetime.date(2026, 11, 20)


class Said:
    """What was found in one playbook, by code and line."""

    def __init__(self, found: tuple[Diagnostic, ...]) -> None:
        self.found = found

    def lines(self, code: str) -> list[int]:
        return sorted(each.line for each in self.found if each.code == code)

    def at(self, code: str, line: int) -> Diagnostic:
        return next(each for each in self.found if (each.code, each.line) == (code, line))


@pytest.fixture(scope="module")
def said(seeds: Path, knowledge: effect.Knowledge) -> dict[str, Said]:
    """The findings of each of the five."""
    return {
        path.stem: Said(compile_playbook(path.read_bytes(), path.name, knowledge, today=_TODAY).diagnostics)
        for path in sorted(seeds.glob("*.md"))
    }


@pytest.mark.duty("MYC-29")
def test_contacts_that_were_never_filled_in_are_named_one_by_one(said: dict[str, Said]) -> None:
    assert said["mycelia"].lines("PB207") == [402, 403, 404, 407, 408, 409, 412, 413, 414]
    assert said["bitcell"].lines("PB207") == [507, 509]
    assert said["usdx-wexel"].lines("PB207") == [487, 488, 490]


@pytest.mark.duty("MYC-35")
def test_dates_that_are_placeholders_are_missing(said: dict[str, Said]) -> None:
    assert said["mycelia"].lines("PB302") == [0, 436, 438]
    assert "last change" in said["mycelia"].at("PB302", 436).text
    assert "next review" in said["mycelia"].at("PB302", 438).text


@pytest.mark.duty("BIT-27")
def test_a_report_template_that_is_only_referred_to_is_missing(said: dict[str, Said]) -> None:
    assert "incident-report-template.md" in said["bitcell"].at("PB305", 499).text


@pytest.mark.duty("BIT-29")
def test_what_the_contents_and_the_head_leave_out_is_named(said: dict[str, Said]) -> None:
    assert 486 in said["bitcell"].at("PB303", 3).lines
    missing = said["bitcell"].at("PB302", 0).text
    assert all(each in missing for each in ("an owner", "a version", "last change", "next review"))


@pytest.mark.duty("WEX-28")
def test_an_overdue_review_names_its_owner(said: dict[str, Said]) -> None:
    found = said["usdx-wexel"].at("PB301", 496)
    assert "2025-03-28 is 602 days overdue" in found.text
    assert "DevOps Team" in found.help


@pytest.mark.duty("WEX-29")
def test_scenarios_without_severity_and_verification_are_named(said: dict[str, Said]) -> None:
    assert said["usdx-wexel"].lines("PB203") == said["usdx-wexel"].lines("PB205") == [262, 289, 321, 346]


@pytest.mark.duty("MON-31")
def test_an_automatic_post_against_a_prohibition(said: dict[str, Said]) -> None:
    found = said["monero-marketplace"].at("PB211", 42)
    assert found.lines == (42, 473)
    assert "until Security agrees" in found.text


@pytest.mark.duty("MON-43")
def test_figures_owners_and_documents_that_do_not_fit_each_other(said: dict[str, Said]) -> None:
    monero = said["monero-marketplace"]
    assert monero.at("PB208", 609).lines == (5, 609)
    assert monero.at("PB210", 556).lines == (66, 556)
    assert monero.at("PB209", 61).lines == (61, 595)
    assert "4 linked documents" in monero.at("PB308", 582).text
    assert "99.72 %" in monero.at("PB306", 527).text


@pytest.mark.duty("MON-44")
def test_an_overdue_review_tells_how_long_the_interval_was(said: dict[str, Said]) -> None:
    found = said["monero-marketplace"].at("PB301", 608)
    assert "2025-11-22" in found.text
    assert "31 days" in found.help


@pytest.mark.duty("MON-45")
def test_characters_that_were_encoded_twice_are_counted(said: dict[str, Said]) -> None:
    found = said["monero-marketplace"].at("PB006", 9)
    assert "31 lines" in found.text
    assert len(found.lines) == 31


@pytest.mark.duty("VIR-19")
def test_two_limits_and_somebody_who_is_called_twice(said: dict[str, Said]) -> None:
    assert said["virtengine"].at("PB209", 199).lines == (51, 199)
    assert said["virtengine"].at("PB209", 288).lines == (58, 288)


@pytest.mark.duty("VIR-34")
def test_an_overdue_review_at_the_foot(said: dict[str, Said]) -> None:
    found = said["virtengine"].at("PB301", 863)
    assert "204 days" in found.text
    assert "SRE Team" in found.help


@pytest.mark.duty("VIR-35")
def test_scenarios_without_verification_escalation_or_alert(said: dict[str, Said]) -> None:
    assert {619, 648, 693} <= set(said["virtengine"].lines("PB205")) & set(said["virtengine"].lines("PB206"))
    assert 732 in said["virtengine"].lines("PB204")


_WISHED = {
    "mycelia": {"PB219": [274]},
    "bitcell": {"PB212": [26]},
    "usdx-wexel": {"PB202": [10], "PB213": [387, 392]},
    "monero-marketplace": {"PB214": [28, 29]},
}


@pytest.mark.parametrize("seed", _WISHED)
def test_gaps_for_which_a_default_steps_in_are_said(seed: str, said: dict[str, Said]) -> None:
    assert {code: said[seed].lines(code) for code in _WISHED[seed]} == _WISHED[seed]


_DANGEROUS = {
    "mycelia": {"PB105": [141], "PB116": [215, 326], "PB119": [54]},
    "bitcell": {
        "PB101": [129, 269, 315], "PB102": [407], "PB106": [117, 129, 132], "PB111": [315], "PB119": [383],
        "PB121": [269], "PB124": [404], "PB125": [181, 266, 312, 401, 432], "PB129": [230],
    },
    "usdx-wexel": {"PB104": [122], "PB113": [362, 365, 368], "PB119": [37], "PB122": [84], "PB131": [157]},
    "monero-marketplace": {
        "PB101": [283, 325, 357, 392, 419], "PB104": [291, 379], "PB109": [454, 455, 463], "PB112": [50, 458],
        "PB115": [199], "PB119": [124], "PB120": [283, 287], "PB125": [354],
    },
    "virtengine": {
        "PB101": [410, 687, 723], "PB103": [388], "PB104": [280], "PB106": [396, 742, 750], "PB107": [629],
        "PB117": [719], "PB118": [303, 524], "PB119": [529], "PB121": [395, 741], "PB127": [789], "PB128": [719],
        "PB130": [485],
    },
}  # fmt: skip


@pytest.mark.parametrize("seed", _DANGEROUS)
def test_what_is_dangerous_to_run_is_found_and_nothing_else_is_called_so(seed: str, said: dict[str, Said]) -> None:
    codes = {each.code for each in said[seed].found if each.code.startswith("PB1")}
    assert {code: said[seed].lines(code) for code in sorted(codes)} == _DANGEROUS[seed]


@pytest.mark.parametrize("seed", _DANGEROUS)
def test_nothing_is_said_twice(seed: str, said: dict[str, Said]) -> None:
    told = [(each.code, each.line, each.text) for each in said[seed].found]
    assert len(told) == len(set(told))
    marks = [each.fingerprint for each in said[seed].found]
    assert len(marks) == len(set(marks))


@pytest.mark.parametrize("seed", _DANGEROUS)
def test_what_cannot_be_undone_is_told_before_what_merely_fails(seed: str, said: dict[str, Said]) -> None:
    """Within one level: deletions and lock-outs, then all else by code; every level's remarks behind its warnings."""
    worst = {"PB102", "PB103", "PB110", "PB111", "PB113", "PB120", "PB126", "PB128"}
    told = [each for each in said[seed].found if each.code.startswith("PB1")]
    loud = {Level.ERROR: 0, Level.WARNING: 1, Level.REMARK: 2}
    order = [(loud[each.level], each.code not in worst) for each in told]
    assert order == sorted(order)
    assert said[seed].found[: len(told)] == tuple(told)
