"""Whether a line is a PromQL expression rather than a command: runbooks put both into shell fences."""

from __future__ import annotations

import re

from tocsin.pattern import compile_late

_FUNCTIONS = (
    "abs|absent|absent_over_time|avg|avg_over_time|bottomk|ceil|changes|clamp|clamp_max|"
    "clamp_min|count|count_over_time|count_values|delta|deriv|exp|floor|group|"
    "histogram_quantile|holt_winters|idelta|increase|irate|label_join|label_replace|ln|log10|"
    "log2|max|max_over_time|min|min_over_time|predict_linear|quantile|quantile_over_time|rate|"
    "resets|round|scalar|sort|sort_desc|stddev|stddev_over_time|stdvar|sum|sum_over_time|time|"
    "timestamp|topk|vector"
)
_CALL = compile_late(
    rf"(?:{_FUNCTIONS})(?:\(|\s*(?:by|without)\s*\([^()]*\)\s*\(|(?<!time)(?<!sort)(?<!group)\s+\()",
    re.IGNORECASE,
)
_NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
_SELECTOR = compile_late(rf"{_NAME}\{{\s*(?:{_NAME}\s*(?:=~|!~|!=|=)\s*[\"'].*)?$|{_NAME}\{{.*\}}", re.DOTALL)
_RANGE = compile_late(rf"{_NAME}(?:\{{[^{{}}]*\}})?\[\d+(?:ms|[smhdwy])(?::\w*)?\]")
_MATCHER = compile_late(rf"\{{\s*{_NAME}\s*(?:=~|!~|!=|=)\s*[\"']")
_METRIC = compile_late(
    r"(?:[a-z][a-z0-9]*[_:])+(?:total|bytes|seconds|milliseconds|count|bucket|sum|ratio|percent|info|rate\d*[smhd]|celsius)"
    r"|(?:node|kube|container|process|go|http|grpc|etcd|apiserver|prometheus|alertmanager|pg|redis|mysql)"
    r"(?:_[a-z0-9]+){2,}|[a-z][a-z0-9]*(?:_[a-z0-9]+)*:[a-z0-9_:]+"
)
_LEAD = compile_late(rf"[\d.(\s*+-]*(?:{_FUNCTIONS})\b")
_COMPARED = compile_late(rf"{_NAME}(?:\{{[^{{}}]*\}})?\s*(?:==|!=|>=|<=|>|<)\s*(?:bool\s+)?[\d.]+(?:e\d+)?")
_REST = compile_late(r"\s*(?:(?:==|!=|>=|<=|[<>+*/%^-])\s*(?:bool\s*)?|and\b|or\b|unless\b|offset\b).*", re.DOTALL)


def is_expression(text: str) -> bool:
    """Return whether ``text`` (one or more lines) reads as a PromQL expression and not as a command."""
    line = text.strip()
    if not line or line[0] in "#$-./~\"'|&;<>=" or len(line) > 4000:
        return False
    if _CALL.match(line):
        return not line.endswith("{")
    if _LEAD.match(line) and _CALL.search(line) and (_RANGE.search(line) or _MATCHER.search(line)):
        return True
    if _RANGE.match(line) or (_SELECTOR.match(line) and _MATCHER.search(line)):
        return True
    metric = _METRIC.match(line)
    if metric is not None:
        rest = line[metric.end() :]
        return not rest or (_REST.fullmatch(rest) is not None and not rest.lstrip().startswith("-"))
    return _COMPARED.fullmatch(line) is not None


def may_begin(line: str) -> bool:
    """Return whether a line begins with the name of a function, as an expression may and a command seldom does."""
    return _LEAD.match(line) is not None


def extent(lines: tuple[str, ...] | list[str], start: int) -> int:
    """Return the index behind the expression that begins at ``lines[start]``: its brackets close, or a blank line."""
    depth = 0
    for index in range(start, len(lines)):
        line = lines[index]
        if not line.strip():
            return index
        depth += sum(line.count(c) for c in "([{") - sum(line.count(c) for c in ")]}")
        follows = lines[index + 1].strip() if index + 1 < len(lines) else ""
        if depth <= 0 and not _continues(line, follows):
            return index + 1
    return len(lines)


_OPEN_END = compile_late(r"(?:[-+*/%^]|[<>=!]=?|\b(?:and|or|unless|on|ignoring|group_left|group_right))$")
_JOINS = compile_late(r"(?:[+*/%^(]|[<>]=?|[=!]=|(?:and|or|unless|offset)\b|(?:by|without|on|ignoring)\s*\()")


def _continues(line: str, follows: str) -> bool:
    return bool(follows) and (_OPEN_END.search(line.rstrip()) is not None or _JOINS.match(follows) is not None)
