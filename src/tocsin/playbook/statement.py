"""A shell fence read into its top-level statements, comments and what else people put there.

The unit is what a shell would run as one: a pipeline, a list, a loop, an assignment, a quoted text over many lines.
Nothing here judges what a statement does. A line that no shell could read costs only itself: its neighbours are found.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

import msgspec
from tree_sitter import Node

from tocsin.pattern import compile_late
from tocsin.playbook import chunk, placeholder, plain, promql, shell, transcript

Kind = Literal["statement", "comment", "checklist", "promql", "todo"]
_ARGUMENT = compile_late(r"[\w./~$<\"'-]")


class FenceItem(msgspec.Struct, frozen=True, kw_only=True):
    """One thing in a fence: 1-based source lines ``line`` to ``end_line``, and its text.

    A ``comment``'s text is without its ``#``, a ``checklist`` item's without its box; a ``statement``'s is the source's
    own, without its ``trailing`` comment; a ``todo`` is an ellipsis, a sentence, or something typed elsewhere: it is
    left to a person. ``fault`` says why a shell would refuse the statement as it is written.
    """

    kind: Kind
    line: int
    end_line: int
    text: str
    trailing: str | None = None
    fault: str | None = None


SHELLS = shell.names(
    "sh bash shell zsh ksh dash fish console shell-session shellsession shell_session terminal session bash-session "
    "shellscript shell-script"
)
_PLAIN = frozenset({"", "text", "txt", "plain", "plaintext", "code", "none", "output"})

PROGRAMS = shell.names(
    "alertmanager amtool ansible ansible-playbook apt apt-get awk aws az base64 bash bq brew bundle cargo "
    "cat cd ceph certbot chef-client chgrp chmod chown cp crictl crontab ctr curl cut date dd df dig "
    "dmesg dnf docker docker-compose du echo env etcdctl exit export find fio firewall-cmd flux free "
    "fuser gcloud gcore gh git gitlab-backup gitlab-ctl gitlab-psql gitlab-rails gitlab-rake go goss gpg "
    "grep gsutil gunzip gzip head helm host hostname htop http id ifconfig influx iostat iotop ip "
    "ip6tables ipset iptables java jmap journalctl jps jq jstack k9s keytool kill killall knife kubectl "
    "kubectx kubens kustomize last lastb ldapsearch less ln ls lsblk lsof lvs make md5sum mkdir mongo "
    "mongosh mount mtr mv mysql mysqladmin mysqldump nc ncat netstat nft nginx nice node nohup npm npx "
    "nslookup ntpq nvidia-smi oc omnictl openssl pg_dump pg_isready pgrep ping pip pip3 pkill pm2 pnpm "
    "podman printenv prometheus promtool ps psql pwd python python3 rabbitmqctl rake reboot redis-cli rm "
    "rsync ruby sar scp screen sed service sha256sum shutdown skopeo sleep sort source sqlite3 ss ssh "
    "stat strace su sudo sysctl systemctl tail tar tc tcpdump tee telnet terraform test time timedatectl "
    "timeout tmux top touch traceroute truncate ufw umount uname unzip uptime vault velero vgs vim virsh "
    "vmstat w watch wc wget which who xargs yarn yq yum zcat zfs zgrep zpool "
)
"""Names that make a line look like a command; what they do is knowledge, and knowledge is data."""

_OFTEN_WRONG = shell.names(
    "yaml yml json python py ini toml conf config properties js javascript typescript ruby sql log logs http "
    "markdown md docker dockerfile xml html css diff kubernetes k8s helm linux unix cmd command commands cli"
)
"""Labels that people also put on commands; other languages have lines that only look like commands."""

_OF_OTHERS = frozenset(
    {"export", "test", "time", "go", "host", "id", "watch", "service", "source", "free", "date", "code"}
)
"""Programs whose names begin lines in other languages too."""

_CHECKBOX = compile_late(r"^\s*(?:[-*+]\s+|\d+[.)]\s+)?\[[ xX✓]?\]\s+(?P<text>\S.*)$")
_ELLIPSIS = compile_late(r"^\s*(?:\.{3,}|…|\[(?:\.{3}|…)\]|<(?:\.{3}|…)>|\(\.{3}\))\s*$")
_SENTENCE = compile_late(r"^\s*[A-Z][a-z]+(?:,? [\w'’()/-]+){3,}[.:!]?\s*$")
_BULLET = compile_late(r"^\s*[-*•]\s+\w")
_FORM = compile_late(r"^\s*[A-Z][\w()/ -]*:(?:\s|$)")
_ELSEWHERE = compile_late(
    r"^\s*(?:SELECT|WITH|UPDATE|INSERT INTO|DELETE FROM|ALTER|CREATE|DROP|EXPLAIN|VACUUM|SHOW|GRANT|COMMIT)\b(?!=)"
    r"|^\s*select\s.*(?:\bfrom\b|\().*$"
)
_SETTING = compile_late(r"^\s*(?:-\s+)?[\w./-]+:(?:\s+\S.*)?$")


_LABEL_END = compile_late(r"[\s{,:]")
_SETS = compile_late(r"[A-Za-z_]\w*=\S*")


def looks_like_shell(lines: Sequence[str], lang: str | None) -> bool:
    """Return whether a fence holds commands for a shell: its label says so, or it has none and its lines do."""
    label = _LABEL_END.split((lang or "").strip().lower(), maxsplit=1)[0]
    if label in SHELLS:
        return not _is_settings(lines)
    if label not in _PLAIN:
        return label in _OFTEN_WRONG and _is_all_commands(lines)
    full = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
    full = [line for line in full if not promql.is_expression(line)]
    if not full:
        return False
    if transcript.has_prompt(full):
        return True
    typed = _join([line for line in transcript.read(full, "console", PROGRAMS) if line.strip()])
    commands = sum(map(_is_command_line, typed))
    return commands > 0 and _is_command_line(typed[0]) and 2 * commands >= _starts(typed)


def _join(lines: list[str]) -> list[str]:
    """The lines with those that a backslash continues in one."""
    joined: list[str] = []
    for line in lines:
        if joined and joined[-1].endswith("\\"):
            joined[-1] = f"{joined[-1][:-1].rstrip()} {line.strip()}"
        else:
            joined.append(line.rstrip())
    return joined


def _is_all_commands(lines: Sequence[str]) -> bool:
    """Return whether every line that begins something names a program: the label says otherwise, and is wrong."""
    full = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
    first = [
        line
        for before, line in zip(["", *full], full, strict=False)
        if not before.rstrip().endswith(("\\", "|", "&&")) and not line.startswith((" ", "\t"))
    ]
    return bool(first) and all(_names_program(line) for line in first)


def _names_program(line: str) -> bool:
    """Return whether a line is a program with words behind it, as no line of data or of another language is."""
    words = line.split()
    plain = len(words) > 1 and words[0] in PROGRAMS and words[0] not in _OF_OTHERS
    return plain and _ARGUMENT.match(words[1]) is not None and not line.rstrip().endswith((":", "{", ";", ")"))


def _is_command_line(line: str) -> bool:
    words = line.split()
    while words and _SETS.fullmatch(words[0]):
        words = words[1:]
    if not words:
        return "=" in line
    first = words[0].rstrip(";")
    if first in _KEYWORDS or first.startswith(("./", "../", "~/")):
        return True
    name = first.rsplit("/", 1)[-1] if first.startswith("/") else first
    if name in PROGRAMS:
        return len(words) == 1 or words[1] not in ("=", ":", "=>", "is", "are", "was", "->")
    return _HAS_FLAG.match(line) is not None


_HAS_FLAG = compile_late(
    r"\s*(?:[a-z][\w.-]+(?: [\w./:@<>-]+)* --[a-z][\w-]*(?:[= ]|$)|[a-z][\w.-]+ [^|:]*\| (?:grep|jq|wc|head|tail|awk)\b"
    r"|[A-Za-z_]\w*=\$\()(?!.*[.:{]$)"
)
"""A program that nobody knows, betrayed by a long option, by what its output is piped into, or by being substituted."""

_KEYWORDS = frozenset({"for", "while", "until", "if", "case", "done", "do", "then", "else", "fi", "esac", "set", "EOF"})


def _starts(lines: list[str]) -> int:
    """Return how many lines are not mere continuations of the one above."""
    return sum(
        1
        for before, line in zip(["", *lines], lines, strict=False)
        if not before.rstrip().endswith(("\\", "|", "&&")) and not line.startswith((" ", "\t"))
    )


def _is_settings(lines: Sequence[str]) -> bool:
    """Return whether every line is ``key: value``, as no command is."""
    full = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
    keys = [line for line in full if _SETTING.match(line)]
    return len(keys) >= 2 and _SETTING.match(full[0]) is not None and 2 * len(keys) >= len(full)


def read_fence(lines: Sequence[str], first_line: int, lang: str | None) -> tuple[FenceItem, ...]:
    """Return what stands in a shell fence, in source order; never raises.

    ``lines`` are the fence's lines of content without their common indent, ``first_line`` the 1-based source line of
    the first, ``lang`` the fence's label.
    """
    label = (lang or "").strip().lower() or None
    written = [line.rstrip("\r\n") for line in lines]
    simple = read_simple(written, first_line) if label not in transcript.CONSOLES else None
    return read_any(written, first_line, label) if simple is None else simple


def read_simple(lines: list[str], first_line: int) -> tuple[FenceItem, ...] | None:
    """Return what stands in a fence of plain commands and comments; None when any of its lines is more than that."""
    items: list[FenceItem] = []
    bound = placeholder.bind("\n".join(lines)).split("\n")
    for line, (text, words) in enumerate(zip(lines, bound, strict=False), first_line):
        found = plain.read_line(words)
        if found is None or (found["command"] and (transcript.is_printed(text) or promql.may_begin(text))):
            return None
        if found["command"]:
            start, end = found.span("command")
            trailing = text[found.start("trailing") :].lstrip("#").strip() if found["trailing"] is not None else None
            command = text[start:end].strip(" \t")
            items.append(FenceItem(kind="statement", line=line, end_line=line, text=command, trailing=trailing))
        elif found["comment"] is not None:
            remark = text[found.start("comment") :].lstrip("#").strip(" \t")
            items.append(FenceItem(kind="comment", line=line, end_line=line, text=remark))
    return tuple(items)


def read_any(lines: list[str], first_line: int, label: str | None) -> tuple[FenceItem, ...]:
    """Return what stands in a fence, by its syntax tree and line by line."""
    typed = transcript.read(lines, label, PROGRAMS)
    root = None if chunk.is_large(typed) else shell.parse_bound("\n".join(typed))
    odd = tuple(_find_odd(typed, _spoken_for(typed, root)))
    for item in odd:
        for row in range(item.line, item.end_line + 1):
            typed[row] = ""
    if odd:
        root = None if chunk.is_large(typed) else shell.parse_bound("\n".join(typed))
    items = [*odd, *_read_shell(typed, root)]
    items.sort(key=lambda item: item.line)
    return tuple(
        msgspec.structs.replace(item, line=item.line + first_line, end_line=item.end_line + first_line)
        for item in items
    )


def _find_odd(lines: list[str], taken: frozenset[int]) -> Iterator[FenceItem]:
    """Yield what is no shell at all (rows from 0): check boxes, ellipses, sentences, PromQL."""
    row = 0
    while row < len(lines):
        line = lines[row]
        end = row
        if row in taken or _USUAL.match(line):
            pass
        elif box := _CHECKBOX.match(line):
            yield FenceItem(kind="checklist", line=row, end_line=row, text=box["text"].strip())
        elif _ELLIPSIS.match(line) or (_is_prose(line) and not _is_command_line(line)):
            yield FenceItem(kind="todo", line=row, end_line=row, text=line.strip())
        elif _ELSEWHERE.match(line) or transcript.is_typed_elsewhere(line):
            end = _query_end(lines, row) if _ELSEWHERE.match(line) else row
            text = "\n".join(lines[row : end + 1]).strip(" \t\n")
            yield FenceItem(kind="todo", line=row, end_line=end, text=text)
        elif promql.is_expression(line):
            end = promql.extent(lines, row) - 1
            text = "\n".join(lines[row : end + 1]).strip(" \t\n")
            yield FenceItem(kind="promql", line=row, end_line=end, text=text)
        row = max(end, row) + 1


def _query_end(lines: list[str], row: int) -> int:
    """Return the last row of a query that begins at ``row``: it ends with a semicolon or before a blank line."""
    for end in range(row, len(lines)):
        if lines[end].rstrip().endswith(";") or end + 1 == len(lines) or not lines[end + 1].strip():
            return end
    return row


def _is_prose(line: str) -> bool:
    return any(kind.match(line) for kind in (_SENTENCE, _BULLET, _FORM))


def _spoken_for(lines: list[str], root: Node | None) -> frozenset[int]:
    """Return the rows that lie inside a statement which began on an earlier row and reads well.

    ``root`` is the tree of the lines, None when they are too many to be read in one go.
    """
    if not any(map(_may_be_odd, lines)):
        return frozenset()
    if root is None:
        return frozenset(row for start, end in chunk.split_rows(lines) for row in range(start + 1, end))
    return frozenset(
        row
        for node in root.children
        if not node.has_error
        for row in range(node.start_point.row + 1, chunk.last_row(node) + 1)
    )


_USUAL = compile_late(r"\s*(?:$|[#/~$\"']|\.\.?/|[a-z][a-z0-9.-]*(?<!select)(?:\s++(?!==)[^(\[{<>#!]*)?$)")
"""What no pattern of this module takes for odd: nothing, a comment, a path, or a program and words without brackets."""


def _may_be_odd(line: str) -> bool:
    if _USUAL.match(line):
        return False
    return (
        any(kind.match(line) for kind in (_CHECKBOX, _ELLIPSIS, _ELSEWHERE))
        or _is_prose(line)
        or transcript.is_typed_elsewhere(line)
        or promql.is_expression(line)
    )


def _read_shell(lines: list[str], root: Node | None) -> Iterator[FenceItem]:
    if root is not None and not root.has_error:
        yield from _collect(root, lines, 0, len(lines))
        return
    for start, end in chunk.split_rows(lines):
        text = "\n".join(lines[start:end])
        if len(text) > chunk.LARGE:
            yield _faulty(lines, start, end)
            continue
        yield from _collect(shell.parse_bound(text), lines, start, end)


_URL_FAULT = "a URL with bare parentheses: a shell refuses the line; put the URL in single quotes"
_SYNTAX_FAULT = "a shell cannot read this: a quote, a bracket or a keyword is not where it belongs"


def _collect(root: Node, lines: list[str], first: int, end: int) -> Iterator[FenceItem]:
    """Yield the comments and statements of one tree, whose rows count from row ``first`` of ``lines``."""
    if root.has_error:
        yield _faulty(lines, first, end)
        return
    source = "\n".join(lines[first:end])
    nodes = root.children
    for index, node in enumerate(nodes):
        if node.type == "comment":
            if index == 0 or chunk.last_row(nodes[index - 1]) < node.start_point.row:
                text = _slice(node, node, source).lstrip("#").strip(" \t\n")
                row = first + node.start_point.row
                yield FenceItem(kind="comment", line=row, end_line=row, text=text)
        elif node.type not in chunk.SEPARATORS:
            last, trailing = _reach(nodes, index)
            text = _slice(node, last, source)
            yield FenceItem(
                kind="statement",
                line=first + node.start_point.row,
                end_line=first + chunk.last_row(last),
                text=text,
                trailing=trailing and _slice(trailing, trailing, source).lstrip("#").strip(),
                fault=_URL_FAULT if shell.has_bare_url(text) and shell.parse_as_written(text).has_error else None,
            )


def _reach(nodes: list[Node], index: int) -> tuple[Node, Node | None]:
    """Return the last node of the statement at ``index`` (its ``&``, if any) and its trailing comment."""
    last = nodes[index]
    row = chunk.last_row(last)
    for place in range(index + 1, len(nodes)):
        node = nodes[place]
        if node.start_point.row != row or node.type not in chunk.SEPARATORS:
            break
        if node.type == "comment":
            return last, node
        if node.type == "&":
            last = node
    return last, None


def _faulty(lines: list[str], first: int, end: int) -> FenceItem:
    text = "\n".join(lines[first:end]).strip(" \t\n")
    body, trailing = text, None
    if match := _TRAILING.search(text):
        body, trailing = text[: match.start()], match["text"].strip(" \t\n")
    return FenceItem(kind="statement", line=first, end_line=end - 1, text=body, trailing=trailing, fault=_SYNTAX_FAULT)


_TRAILING = compile_late(r"""\s+#\s+(?P<text>[^'"`#]*)$""")


def _slice(start: Node, last: Node, source: str) -> str:
    """Return the source's text from the start of one node to the end of another."""
    return source[start.start_byte : last.end_byte].strip(" \t\n")
