"""What a request does: its method, its body, where it goes, what it sends and what it writes.

A GET only looks unless its URL says otherwise; a POST changes something unless its body is a call of a reading method
(JSON-RPC, GraphQL) or its URL is known to be a query.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from tocsin.pattern import compile_late
from tocsin.playbook.effect.flags import Scan
from tocsin.playbook.effect.judge import Call, Judge, Reader
from tocsin.playbook.effect.knowledge import Requests, Via
from tocsin.playbook.effect.verdict import RANK, Verdict, add, join, unknown
from tocsin.playbook.effect.word import readable
from tocsin.words import Effect, Tag

_METHOD = frozenset({"-X", "--request", "--method"})
_BODIES = frozenset(
    {
        "-d",
        "--data",
        "--data-raw",
        "--data-binary",
        "--data-ascii",
        "--data-urlencode",
        "--json",
        "--post-data",
        "--body-data",
    }
)
_FILES = frozenset({"--post-file", "--body-file"})
_FORMS = frozenset({"-F", "--form", "--form-string"})
_UPLOADS = frozenset({"-T", "--upload-file"})
_AS_QUERY = frozenset({"-G", "--get"})
_HEAD = frozenset({"-I", "--head", "--spider"})
_URLS = frozenset({"--url"})
_HEADERS = frozenset({"-H", "--header", "--proxy-header"})
_TEMPORARY = compile_late(r"^(?:\.?/?tmp/|/var/tmp/|/dev/)|\$|^[^/~]*$")
_ASKED = compile_late(r"(?:(?<=[?&])|^)(?:q|query|expr|match(?:\[\]|%5[Bb]%5[Dd]))=[^&]*")
_STEP = compile_late(r"/(?=[\w-])")
"""The text of a query, and what begins a path in it: one that is only looked for, and not gone to."""
_LOCAL = compile_late(r"^(?:\w+://)?(?:[^/@]*@)?(?:localhost|127\.\d|\[::1\])")
_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "PURGE"})
_GRAPHQL = compile_late(r"^\s*(?:query\b|\{)")
_GRAPHQL_CHANGE = compile_late(r"\b(?:mutation|subscription)\b")
_DELETES = compile_late(r"(?:q=|query=)?\s*(?:drop|truncate|delete\s+from)\b", re.IGNORECASE)
_SCHEME = compile_late(r"([a-z][a-z0-9+.-]*)://", re.IGNORECASE)
_NAMED_FILE = compile_late(r"\w*@")
_FORM_FILE = compile_late(r"=[@<]")
_BODY_ITEM = compile_late(r"[\w.-]+:?=(?!=)|[\w.-]+@")
_FILE_ITEM = compile_late(r"[\w.-]+(?::?=)?@")


def judge_request(call: Call, scan: Scan, judge: Judge) -> Verdict:
    """Judge a call of curl or wget."""
    urls = (*scan.operands, *scan.values(_URLS))
    bodies = scan.values(_BODIES)
    method = _method(scan, bool(bodies) or scan.has(_FILES | _FORMS))
    verdicts = [_judge_target(method, url, bodies, scan, judge.knowledge.requests) for url in urls]
    verdicts.append(_judge_sent(scan, bodies))
    if call.command.parts.rank >= RANK[Effect.READ_SENSITIVE] and not all(map(_LOCAL.match, urls)):
        verdicts.append(unknown("what may be secret is sent along with the request", Tag.EGRESS))
    verdict = join(verdicts)
    return Verdict(verdict.effect, verdict.tags, f"`{call.name}` {verdict.why}", fetches=True)


def _method(scan: Scan, has_body: bool) -> str:
    given = scan.values(_METHOD)
    if given:
        return readable(given[-1]).upper()
    if scan.has(_UPLOADS):
        return "PUT"
    if scan.has(_HEAD):
        return "HEAD"
    return "POST" if has_body and not scan.has(_AS_QUERY) else "GET"


def _judge_target(method: str, url: str, bodies: tuple[str, ...], scan: Scan, known: Requests) -> Verdict:
    said = readable(url)[:80]
    scheme = _SCHEME.match(url)
    if scheme and scheme[1].lower() == "file":
        return Verdict(Effect.READ_SENSITIVE, (), f"shows the local file `{said}`")
    if scheme and scheme[1].lower() not in ("http", "https", "ftp", "ftps", "ws", "wss"):
        return unknown(f"speaks {scheme[1]}, of which nothing general is known")
    asked = _ASKED.sub(lambda found: _STEP.sub(".", found[0]), readable(url))
    if scan.has(_AS_QUERY):
        asked = "&".join(
            (f"{asked}?", *(_STEP.sub(".", one) if _ASKED.match(one) else one for one in map(readable, bodies)))
        )
    raised = [target.verdict for target in known.raises if method in target.methods and target.pattern.search(asked)]
    verdicts = [Verdict(one.effect, one.tags, f"{method} `{said}` {one.why}") for one in raised]
    return join((_judge_method(method, url, said, bodies, scan, known), *verdicts))


def _judge_method(method: str, url: str, said: str, bodies: tuple[str, ...], scan: Scan, known: Requests) -> Verdict:
    if method in ("GET", "HEAD", "OPTIONS"):
        overriding = any("method-override" in header.lower() for header in scan.values(_HEADERS))
        return (
            unknown("may be another method in disguise")
            if overriding
            else Verdict(Effect.READ, (), f"{method} only looks")
        )
    if method in ("DELETE", "PURGE"):
        return Verdict(Effect.DESTROY, (), f"{method} deletes `{said}`")
    if method not in _METHODS:
        return unknown(f"sends a {method} request, of which nothing general is known")
    if method == "POST":
        if bodies and not scan.has(_FORMS | _FILES | _UPLOADS) and all(_only_looks(body, known) for body in bodies):
            return Verdict(Effect.READ, (), "POST with a call that only looks")
        if any(_DELETES.match(readable(body)) for body in bodies):
            return Verdict(Effect.DESTROY, (Tag.IRREVERSIBLE,), f"POST tells `{said}` to delete")
        for target in known.lowers:
            if method in target.methods and target.pattern.search(readable(url)):
                return Verdict(target.verdict.effect, target.verdict.tags, f"POST `{said}` {target.verdict.why}")
    return Verdict(Effect.MUTATE, (), f"{method} changes something at `{said}`")


def _only_looks(body: str, known: Requests) -> bool:
    """Return whether a body is a JSON-RPC call of reading methods, or a GraphQL query."""
    try:
        content: Any = msgspec.json.decode(readable(body).replace("$", "0").encode())
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return False
    calls = content if isinstance(content, list) else [content]
    return bool(calls) and all(isinstance(call, dict) and _reads(call, known) for call in calls)


def _reads(call: dict[str, Any], known: Requests) -> bool:
    method, query = call.get("method"), call.get("query")
    if isinstance(method, str):
        return known.rpc_reads.fullmatch(method) is not None
    if isinstance(query, str) and set(call) <= {"query", "variables", "operationName"}:
        return _GRAPHQL.match(query) is not None and not _GRAPHQL_CHANGE.search(query)
    return False


def _judge_sent(scan: Scan, bodies: tuple[str, ...]) -> Verdict:
    """Judge local content that goes out with the request."""
    forms = scan.values(_FORMS)
    from_file = [body for body in bodies if body.startswith("@") or _NAMED_FILE.match(body)]
    from_file += [form for form in forms if _FORM_FILE.search(form)]
    from_file += [*scan.values(_UPLOADS), *scan.values(_FILES)]
    if from_file:
        return Verdict(
            Effect.MUTATE, (Tag.EGRESS,), f"sends the content of `{readable(from_file[0])[:60]}` somewhere else"
        )
    return Verdict(Effect.NOOP, (), "sends nothing of this machine")


def judge_saved(call: Call, scan: Scan, judge: Judge) -> Verdict:
    """Judge a call that may keep what it fetched in a file: a named one is overwritten in place."""
    verdict = judge_request(call, scan, judge)
    named = [
        value
        for value in scan.values(frozenset({"-o", "-O", "--output", "--output-document"}))
        if value not in ("-", "/dev/null", "/dev/stdout")
    ]
    if named:
        writes = Verdict(
            Effect.MUTATE, (Tag.WRITES_FILE,), f"`{call.name}` writes the file `{readable(named[0])[:80]}`"
        )
        if not _TEMPORARY.search(readable(named[0])):
            writes = add(writes, Tag.EVIDENCE_DESTROYING)
        return join((verdict, writes))
    return verdict


def judge_httpie(call: Call, scan: Scan, judge: Judge) -> Verdict:
    """Judge ``http [METHOD] URL [ITEM …]``: without a method, items of a body make it a POST."""
    words = list(scan.operands)
    method = words.pop(0) if words and words[0].isupper() else ""
    items = words[1:]
    has_body = any(_BODY_ITEM.match(item) for item in items) or call.command.input.given
    method = method or ("POST" if has_body else "GET")
    verdicts = [_judge_target(method, url, (), scan, judge.knowledge.requests) for url in words[:1]]
    if any(_FILE_ITEM.match(item) for item in items):
        verdicts.append(Verdict(Effect.MUTATE, (Tag.EGRESS,), "sends the content of a file somewhere else"))
    if call.command.parts.rank >= RANK[Effect.READ_SENSITIVE] and not all(map(_LOCAL.match, words[:1])):
        verdicts.append(unknown("what may be secret is sent along with the request", Tag.EGRESS))
    verdict = join(verdicts)
    return Verdict(verdict.effect, verdict.tags, f"`{call.name}` {verdict.why}", fetches=True)


def judge_lookup(call: Call, scan: Scan, judge: Judge) -> Verdict:
    """Judge what asks for a name or calls a host: the name itself goes out, to servers that anybody may run."""
    if call.command.parts.rank >= RANK[Effect.READ_SENSITIVE]:
        return unknown(f"`{call.name}` sends out what may be secret, as the name that it asks for", Tag.EGRESS)
    return Verdict(Effect.NOOP, (), "")


READERS: dict[Via, Reader] = {Via.REQUEST: judge_saved, Via.HTTPIE: judge_httpie, Via.LOOKUP: judge_lookup}
