"""Statements of Ansible: the playbook, the inventory with its hosts and groups, the tags, the variables."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

import msgspec

from tocsin.playbook.reality import exports, names, paths
from tocsin.playbook.reality.command import Command, take_apart
from tocsin.playbook.reality.finding import Finding, ambiguous, matches, missing, unknown
from tocsin.playbook.reality.network import unfold
from tocsin.playbook.reality.repository import join, parent
from tocsin.playbook.reality.system import System
from tocsin.playbook.reality.tree import Tree, read_trees
from tocsin.playbook.shell import names as words

_VALUED = words(
    "-i --inventory --inventory-file -e --extra-vars -t --tags --skip-tags -l --limit -u --user -f --forks --vault-id "
    "--vault-password-file --private-key --key-file -c --connection -T --timeout -M --module-path --start-at-task "
    "--become-user --become-method -m --module-name -a --args -B -P -o --ssh-common-args --become-password-file"
)
_ALWAYS = words("all always never tagged untagged")
_EVERY = words("all localhost 127.0.0.1 ungrouped *")
_SECTION = re.compile(r"\[([^\]:\n]+)(?::(children|vars))?\]")
_PART = re.compile(r"[:,]")
_DEFAULT = re.compile(r"^[ \t]{0,9}inventory[ \t]{0,9}=[ \t]{0,9}([^\s,#;]{1,400})[ \t]{0,9}$", re.MULTILINE)
_MOST_FILES = 300


_FOREIGN = (".csv", ".tsv", ".hcl", ".tf", ".toml", ".j2", ".xml", ".xlsx")
"""Forms of inventories that are not read: what is in them is not known."""


class Inventory(msgspec.Struct):
    """Hosts and groups with where they stand; not ``whole`` where something else may add some."""

    known: dict[str, str] = {}
    whole: bool = True


def judge_playbook(command: Command, system: System) -> Iterator[Finding]:
    """``ansible-playbook -i INVENTORY PLAYBOOK --tags TAG --limit HOSTS -e NAME=VALUE``."""
    parts = take_apart(command.words[1:], _VALUED)
    if not command.is_here or parts.has("--version", "-h", "--help"):
        return
    plays = []
    for word in parts.operands:
        if "/" in word or word.endswith((".yml", ".yaml")):
            yield paths.judge_file(command, word, system, "file", "file")
            place = paths.locate(command, word, system)
            plays += [place] if place is not None else []
    given = parts.values("-i", "--inventory", "--inventory-file")
    yield from _judge_inventories(command, given, system)
    inventory = _find_inventory(command, given, system)
    for limit in parts.values("-l", "--limit"):
        yield from _judge_hosts(limit, inventory)
    complete = False
    if plays and len(plays) == len(parts.operands):
        tags, complete = _find_tags(plays, system)
        for each in (*parts.values("-t", "--tags"), *parts.values("--skip-tags")):
            yield from _judge_tags(each, tags, plays[0], whole=complete)
        yield from _judge_asking(command, plays, parts.values("-e", "--extra-vars"), system)
    for each in parts.values("-e", "--extra-vars"):
        yield from _judge_variables(command, each, system, whole=complete)


def judge_hosts(command: Command, system: System) -> Iterator[Finding]:
    """``ansible -i INVENTORY GROUP -m MODULE``."""
    parts = take_apart(command.words[1:], _VALUED)
    if not command.is_here:
        return
    given = parts.values("-i", "--inventory", "--inventory-file")
    yield from _judge_inventories(command, given, system)
    inventory = _find_inventory(command, given, system)
    for pattern in (*parts.operands[:1], *parts.values("-l", "--limit")):
        yield from _judge_hosts(pattern, inventory)


def _judge_inventories(command: Command, given: tuple[str, ...], system: System) -> Iterator[Finding]:
    for each in given:
        if "," not in each:
            yield paths.judge_file(command, each.rstrip("/"), system, "file", "inventory")


def _find_inventory(command: Command, given: tuple[str, ...], system: System) -> Inventory:
    found = Inventory()
    places: list[str | None] = [
        None if "," in each else paths.locate(command, each.rstrip("/"), system) for each in given
    ]
    if not given:
        texts = [(folder, system.repository.text(join(folder, "ansible.cfg") or "")) for folder in command.folders]
        for folder, text in texts:
            match = _DEFAULT.search(text)
            places += [join(folder, match[1])] if match else []
    if not places or "ANSIBLE_INVENTORY" in (*command.env, *command.known):
        found.whole = False
    for place in places:
        if place is None:
            found.whole = False
        elif system.repository.has_folder(place):
            inner = [each for at, each in system.repository.files.items() if at.startswith(f"{place}/")]
            for file in inner[:_MOST_FILES]:
                if not re.search(r"/(?:group_vars|host_vars)/|\.(?:cfg|retry|md)$", file.path):
                    _read_inventory(file.path, file.text, found, executable=file.executable)
        else:
            file_at = system.repository.file(place)
            text_at = file_at.text if file_at is not None else None
            _read_inventory(place, text_at, found, executable=file_at is None or file_at.executable)
    return found


def _read_inventory(path: str, text: str | None, found: Inventory, *, executable: bool) -> None:
    if text is None or path.endswith((".py", ".sh", *_FOREIGN)) or (executable and text.startswith("#!")):
        found.whole = False
    elif path.endswith((".yml", ".yaml", ".json")):
        for tree in read_trees(text):
            found.whole = found.whole and not tree.get("plugin")
            _read_groups(tree, path, found, 0)
    else:
        _read_lines(path, text, found)


def _read_groups(tree: Tree, path: str, found: Inventory, depth: int) -> None:
    for group, each in tree.pairs():
        found.known.setdefault(group, f"{path}:{each.line}")
        for host, at in each.get("hosts").pairs():
            _add_hosts(host, f"{path}:{at.line}", found)
        if depth < 8:
            _read_groups(each.get("children"), path, found, depth + 1)


def _read_lines(path: str, text: str, found: Inventory) -> None:
    kind = ""
    for number, line in enumerate(text.split("\n"), 1):
        bare = line.split("#")[0].strip()
        section = _SECTION.fullmatch(bare)
        if section:
            kind = section[2] or ""
            found.known.setdefault(section[1], f"{path}:{number}")
        elif bare and kind != "vars":
            found.whole = found.whole and "{{" not in bare
            _add_hosts(bare.split()[0], f"{path}:{number}", found)


def _add_hosts(name: str, where: str, found: Inventory) -> None:
    """Add a host or a range of hosts; a range that is not read leaves open which there are."""
    hosts = unfold(name)
    found.whole = found.whole and bool(hosts)
    found.known.update((each, where) for each in hosts)


def _judge_hosts(pattern: str, inventory: Inventory) -> Iterator[Finding]:
    if pattern.startswith(("@", "~")):
        return
    for part in _PART.split(pattern):
        name = re.sub(r"\[[^\]]*\]$", "", part.strip().lstrip("!&"))
        what = f"Ansible host or group {names.show(name)}"
        if not name or name in _EVERY:
            continue
        wanted = name.replace("*", names.WILD).replace("?", names.WILD)
        found = names.find(wanted, inventory.known)
        if found is not None:
            yield matches("host", what, inventory.known[found])
        elif names.is_open(wanted) or not inventory.whole or not inventory.known or "[" in name:
            yield unknown("host", what, "The checkout does not say which hosts the inventory has.")
        else:
            near = names.nearest(name, inventory.known)
            yield missing("host", what, "The inventory has neither.", near, inventory.known[near] if near else None)


def _find_tags(plays: list[str], system: System) -> tuple[dict[str, str], bool]:
    """The tags of playbooks and of all that they take in, and whether that is all."""
    tags: dict[str, str] = {}
    whole, seen, left = True, set(plays), list(plays)
    while left and len(seen) < _MOST_FILES:
        path = left.pop()
        text = system.repository.text(path)
        for tag in _tags_of(text):
            tags.setdefault(tag, path)
        taken, complete = _find_taken(path, text, system)
        whole = whole and complete
        left += [each for each in taken if each not in seen]
        seen.update(taken)
    return tags, whole and len(seen) < _MOST_FILES


_TAGS = re.compile(
    r"^[ \t]*(?:- )?(?:tags|apply):[ \t]*(\S[^\n]*)?\n?((?:[ \t]*- [^\n:]*(?:\n|$)){0,40})", re.MULTILINE
)
_INLINE_TAGS = re.compile(r"\btags:[ \t]*(\[[^\]\n]{0,400}\]|[\w, -]{1,200})")
_WORD = re.compile(r"[A-Za-z0-9_][\w.-]*")


def _tags_of(text: str) -> Iterator[str]:
    for match in _TAGS.finditer(text):
        yield from _WORD.findall((match[1] or "").split("#")[0])
        yield from _WORD.findall(match[2] or "")
    for match in _INLINE_TAGS.finditer(text):
        yield from _WORD.findall(match[1])


_TAKEN = re.compile(
    r"\b(?:import_playbook|import_tasks|include_tasks|include):[ \t]*(?:\n[ \t]+file:[ \t]*)?[\"']?([^\s\"'#,}]{1,200})"
)
_ROLE = re.compile(
    r"(?:\brole|(?:import_role|include_role):[ \t]*\n?[ \t]*\{?[ \t]*name):[ \t]*[\"']?([^\s\"'#,}]{1,200})"
)
_ROLES = re.compile(
    r"^([ \t]*)roles:[ \t]*(\[[^\]\n]*\])?[ \t]*\n((?:\1[ \t]*-[^\n]*\n|\1[ \t]{2,}[^\n]*\n){0,200})", re.MULTILINE
)
_ROLE_NAME = re.compile(r"-[ \t]*[\"']?([\w./-]+)[\"']?[ \t]*(?:#[^\n]*)?$", re.MULTILINE)
_ROLE_CALLED = re.compile(r"^[ \t]*(?:-[ \t]*)?name:[ \t]*[\"']?([\w./-]+)", re.MULTILINE)
_INCLUDED = re.compile(
    r"(?:import|include)_role:[ \t]*\n(?:[ \t]+[^\n]*\n){0,3}?[ \t]+name:[ \t]*[\"']?([^\s\"'#]{1,200})"
)


def _find_taken(path: str, text: str, system: System) -> tuple[list[str], bool]:
    """The files that a playbook or a task file takes in, and whether all of them are known."""
    found: list[str] = []
    whole = True
    for name in _TAKEN.findall(text):
        place = join(parent(path), name)
        if place is not None and system.repository.file(place) is not None:
            found.append(place)
        else:
            whole = False
    roles = [*_ROLE.findall(text), *_INCLUDED.findall(text)]
    for match in _ROLES.finditer(f"{text}\n"):
        roles += _WORD.findall(match[2] or "") + _ROLE_NAME.findall(match[3])
        roles += _ROLE_CALLED.findall(match[3])
    if "dependencies:" in text:
        roles += _ROLE_NAME.findall(text.partition("dependencies:")[2])
    for role in dict.fromkeys(roles):
        start = f"/roles/{role}/"
        files = [path for path in system.repository.files if start in f"/{path}"]
        found += [
            each for each in files if each.endswith((".yml", ".yaml")) and re.search(r"/(?:tasks|handlers|meta)/", each)
        ]
        whole = whole and bool(files)
    return found, whole


def _judge_tags(given: str, tags: dict[str, str], play: str, *, whole: bool) -> Iterator[Finding]:
    for tag in given.split(","):
        what = f"Ansible tag {names.show(tag)}"
        if tag in _ALWAYS or not tag:
            continue
        if tag in tags:
            yield matches("tag", what, tags[tag])
        elif names.is_wild(tag) or not whole:
            yield unknown("tag", what, "Some of what the playbook takes in is not in the checkout.")
        else:
            near = names.nearest(tag, tags)
            why = "Nothing in the playbook carries it: nothing runs."
            yield missing("tag", what, why, near, tags[near] if near else play)


def _split_given(given: str) -> list[str]:
    """The assignments of one `-e`, whose values may be quoted."""
    try:
        return shlex.split(given)
    except ValueError:
        return given.split()


def _judge_variables(command: Command, given: str, system: System, *, whole: bool) -> Iterator[Finding]:
    if given.startswith("@"):
        yield paths.judge_file(command, given[1:], system, "file", "file")
        return
    for part in [] if given.lstrip().startswith("{") else _split_given(given):
        name, mark, _ = part.partition("=")
        if not mark or not re.fullmatch(r"[A-Za-z_]\w*", name) or name.startswith("ansible_"):
            continue
        what = f"variable {name} for Ansible"
        where = exports.find_mention(name, system)
        if where is not None:
            yield matches("variable", what, where)
        elif not whole:
            yield unknown("variable", what, "Some of what the playbook takes in is not in the checkout.")
        else:
            yield missing("variable", what, "Nothing in the checkout reads it.")


def _judge_asking(command: Command, plays: list[str], given: tuple[str, ...], system: System) -> Iterator[Finding]:
    """Playbooks with `vars_prompt` ask, unless the variable is given."""
    if command.fed or any(each.startswith(("@", "{")) for each in given):
        return
    present = {part.partition("=")[0] for each in given for part in _split_given(each)}
    for place in plays:
        for tree in read_trees(system.repository.text(place)):
            for play in tree.items_of():
                for each in play.get("vars_prompt").items_of():
                    name = each.get("name").text
                    if name and name not in present:
                        what = f"playbook {place} asks on a terminal (vars_prompt)"
                        why = f"It waits for somebody to type. -e {name}=… keeps it from asking."
                        yield ambiguous("asks_on_terminal", what, why, f"-e {name}=…", f"{place}:{each.line}")
                        return
