"""Metrics and alert rules in statements: PromQL, what is searched in a page of metrics, `amtool`, `promtool`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from urllib.parse import parse_qs, unquote, urlsplit

from tocsin.playbook.reality import names, paths
from tocsin.playbook.reality.command import Command, take_apart
from tocsin.playbook.reality.finding import Finding, Question, matches, missing, unknown
from tocsin.playbook.reality.metrics import ELSEWHERE, ENDS
from tocsin.playbook.reality.system import System

_FUNCTIONS = frozenset(
    "abs absent absent_over_time avg avg_over_time bottomk by bool ceil changes clamp clamp_max clamp_min count "
    "count_over_time count_values delta deriv exp floor group group_left group_right histogram_quantile holt_winters "
    "idelta ignoring increase irate label_join label_replace last_over_time ln log2 log10 max max_over_time min "
    "min_over_time offset on or and unless predict_linear present_over_time quantile quantile_over_time rate resets "
    "round "
    "scalar sgn sort sort_desc stddev stddev_over_time stdvar stdvar_over_time sum sum_over_time time timestamp topk "
    "vector "
    "without start end inf nan minute hour day_of_week day_of_month day_of_year days_in_month month year pi".split()
)
_STRING = re.compile(r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|`[^`]*`")
_BRACES = re.compile(r"\{[^{}]*\}")
_GROUPING = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^()]*\)", re.IGNORECASE)
_RANGE = re.compile(r"\[[^\]]*\]|\boffset\s+-?\w+|@\s*\S+")
_NAME = re.compile(r"(?<![\w.])[a-zA-Z_:][a-zA-Z0-9_:]*")
_ALERT_NAME = re.compile(r"alertname\s*=~?\s*\"?([A-Za-z]\w+)")
_GREP = frozenset({"grep", "egrep", "fgrep", "rg", "zgrep"})
_PLAIN = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_GREP_VALUES = frozenset({"-e", "--regexp", "-A", "-B", "-C", "-m", "-f"})


def judge_expression(text: str, system: System) -> Iterator[Finding]:
    """The metrics and alerts of a PromQL expression."""
    for name in _ALERT_NAME.findall(text):
        yield judge_alert(name, system)
    bare = _RANGE.sub(" ", _GROUPING.sub(" ", _BRACES.sub(" ", _STRING.sub(" ", text))))
    for name in dict.fromkeys(_NAME.findall(bare)):
        if name.lower() not in _FUNCTIONS and not name.startswith("__"):
            yield judge_metric(name, system)


def judge_metric(name: str, system: System, *, part: bool = False) -> Finding:
    """Whether anything exports a metric; ``part`` if only a part of the name is searched for."""
    what = f"metric {name}"
    metrics = system.metrics
    ask = Question(url=f"/api/v1/series?limit=1&match[]={name}", expects=name)
    where = _find(name, metrics.exported, part=part) or _find(name, metrics.recorded, part=part)
    if where is not None:
        return matches("metric", what, where)
    if ELSEWHERE.fullmatch(name):
        return unknown("metric", what, "An exporter or a library makes it, not the checkout.", ask)
    source = metrics.find_word(name, part=part)
    if source is not None:
        return matches("metric", what, source)
    dotted = metrics.find_spelt_otherwise(name)
    if dotted is not None:
        return matches("metric", what, dotted)
    watched = _find(name, metrics.watched, part=part)
    whole = next((each for each in metrics.watched if name in each), name) if part else name
    own = whole.split("_")[0] in metrics.prefixes
    if watched is not None and not (metrics.exported and own):
        return matches("metric", what, watched, "Rules or dashboards name it.")
    pieces = metrics.find_pieces(name)
    if pieces is not None:
        return unknown("metric", what, f"{pieces} may put its name together.", ask)
    near = names.nearest(name, metrics.exported)
    if not metrics.exported or not (own or near or part):
        return unknown("metric", what, "No source in the checkout exports it; something else may.", ask)
    why = (
        "Rules or dashboards name it, but no source exports it." if watched else "No source in the checkout exports it."
    )
    return missing("metric", what, why, near, watched or (metrics.exported[near] if near else None), ask)


def _find(name: str, known: dict[str, str], *, part: bool) -> str | None:
    stem = next((name.removesuffix(end) for end in ENDS if name.endswith(end)), name)
    for each in (name, stem, f"{name}_total"):
        if each in known:
            return known[each]
    return next((where for each, where in known.items() if name in each), None) if part else None


def judge_alert(name: str, system: System) -> Finding:
    """Whether there is such an alert rule."""
    what = f"alert rule {names.show(name)}"
    known = system.metrics.alerts
    ask = Question(url="/api/v1/rules?type=alert", expects=f'"{name}"')
    found = names.find(name, known)
    if found is not None:
        return matches("alert", what, known[found])
    if not known:
        return unknown("alert", what, "The checkout has no alert rules.", ask)
    near = names.nearest(name, known)
    return missing("alert", what, "No rule file in the checkout has it.", near, known[near] if near else None, ask)


def judge_search(command: Command, system: System) -> Iterator[Finding]:
    """``curl …/metrics | grep NAME``."""
    if not any("metrics" in word for word in command.before):
        return
    parts = take_apart(command.words[1:], _GREP_VALUES)
    pattern = parts.value("-e", "--regexp") or (parts.operands[0] if parts.operands else "")
    for each in re.split(r"\\?\|", pattern.strip("^$ ")):
        if _PLAIN.fullmatch(each.strip("^$ ")) and len(each) > 2:
            yield judge_metric(each.strip("^$ "), system, part=True)
        elif each:
            yield unknown("metric", f"metric {names.show(each)}", "It is searched for by a pattern.")


def judge_query(url: str, data: Iterable[str], system: System) -> Iterator[Finding]:
    """A request to Prometheus' API."""
    if "/api/v1/query" not in url and "/api/v1/series" not in url:
        return
    queries = parse_qs(urlsplit(url.replace(names.WILD, "x")).query)
    texts = [*queries.get("query", []), *queries.get("match[]", [])]
    texts += [unquote(each.split("=", 1)[1]) for each in data if each.startswith(("query=", "match[]="))]
    for text in texts:
        yield from judge_expression(text, system)


def judge_tool(command: Command, system: System) -> Iterator[Finding]:
    """``amtool alert query NAME``, ``promtool check rules FILE``, ``promtool query instant URL EXPRESSION``."""
    parts = take_apart(command.words[1:], frozenset({"--alertmanager.url", "-o", "--output", "--config.file"}))
    words = parts.operands
    if command.program == "promtool" and words[:1] == ("check",):
        yield from (paths.judge_file(command, each, system, "file", "file") for each in words[2:])
    elif command.program == "promtool" and words[:1] == ("query",):
        yield from (found for text in words[3:] for found in judge_expression(text, system))
    elif words[:2] in (("alert", "query"), ("silence", "add"), ("silence", "query"), ("alert",)):
        for word in words[1:]:
            label, mark, value = word.partition("=")
            value = value.strip("~\"'")
            if (label == "alertname" and mark and re.fullmatch(r"\w+", value)) or (not mark and word[:1].isupper()):
                yield judge_alert(value if mark else word, system)


def is_search(program: str) -> bool:
    """Whether a program searches texts for a pattern."""
    return program in _GREP
