"""What `make`, `just` and `task` can be told, by the folder that their file lies in."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from tocsin.playbook.reality.names import WILD
from tocsin.playbook.reality.repository import Repository, join, parent
from tocsin.playbook.reality.tree import Tree, find_line, read_trees
from tocsin.playbook.reality.wanting import read_wanted

FILES = {
    "make": ("GNUmakefile", "makefile", "Makefile"),
    "just": ("justfile", "Justfile", ".justfile"),
    "task": ("Taskfile.yml", "Taskfile.yaml", "taskfile.yml", "taskfile.yaml"),
}
_RULE = re.compile(r"^(?![\t #.]|\.PHONY)([^\s:=#?+!][^:=#\n]*?)\s*::?(?![=:])", re.MULTILINE)
_INCLUDE = re.compile(r"^ {0,8}([-s]?)include[ \t]+([^\n#]+)", re.MULTILINE)
_SETTINGS = re.compile(r"(?:^|/)(?:\.env[\w.-]*|[\w.-]+\.env)$")
_RECIPE = re.compile(
    r"^@?([A-Za-z_][\w-]*)(?:[ \t]+(?:\"[^\"\n]*\"|'[^'\n]*'|`[^`\n]*`|[^:\"'`\n])*)?:(?!=)", re.MULTILINE
)
_HEAD = re.compile(
    r"^((?:\[[^\n]*\][ \t]*\n)*)@?([A-Za-z_][\w-]*)"
    r"((?:[ \t]+[+*$]*[\w-]+(?:=(?:\"[^\"\n]*\"|'[^'\n]*'|[\w./-]+))?)*)[ \t]*:(?!=)",
    re.MULTILINE,
)
_PARAMETER = re.compile(r"(?<=[ \t])[+$]*([A-Za-z_][\w-]*)(?![\w=-])")
_IMPORT = re.compile(r"^import(\?)?[ \t]+[\"']([^\"'\n]+)[\"']", re.MULTILINE)
_MODULE = re.compile(r"^mod(\?)?[ \t]+([\w-]+)(?:[ \t]+[\"']([^\"'\n]+)[\"'])?[ \t]*$", re.MULTILINE)
_ALIAS = re.compile(r"^alias\s+([\w-]+)\s*:=", re.MULTILINE)
_DEEPEST = 5


class Recipes(msgspec.Struct, frozen=True, kw_only=True):
    """A file's targets with their places. ``whole`` unless some are computed, so that there may be more.

    ``needs`` are the parameters without which a recipe of `just` does not start; ``asks`` are recipes that want a yes.
    ``wants`` are variables without which a target ends, ``inner`` are those that only others may call, ``text`` is all
    that is read. It ``lacks`` something where a file of settings that it includes is not in the checkout.
    """

    path: str
    known: dict[str, str]
    whole: bool = True
    needs: dict[str, tuple[str, ...]] = {}
    asks: frozenset[str] = frozenset()
    wants: dict[str, tuple[str, ...]] = {}
    inner: frozenset[str] = frozenset()
    text: str = ""
    lacks: bool = False


class Targets:
    """The targets of a checkout."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository

    def read(self, program: str, folder: str) -> Recipes | None:
        """What the program finds in a folder; `just` and `task` look above it too."""
        while True:
            for name in FILES[program]:
                path = join(folder, name) or ""
                if self._repository.file(path) is not None:
                    return self.read_file(program, path)
            if not folder or program == "make":
                return None
            folder = parent(folder)

    def read_file(self, program: str, path: str) -> Recipes:
        """The targets of one file, with those of the files that it includes."""
        text = self._repository.text(path)
        if program == "just":
            recipes: dict[str, str] = {}
            complete = all(list(self._just(path, "", recipes, 0)))
            heads = list(_HEAD.finditer(text))
            needs = {each[2]: tuple(_PARAMETER.findall(each[3])) for each in heads}
            asks = frozenset(each[2] for each in heads if "[confirm" in each[1] or ", confirm" in each[1])
            return Recipes(path=path, known=recipes, whole=complete, needs=needs, asks=asks)
        if program == "task":
            return _read_tasks(path, text)
        known: dict[str, str] = {}
        texts: list[str] = []
        lost: list[str] = []
        whole = all(list(self._make(path, known, texts, lost, 0)))
        joined = "\n".join(texts)
        wants = read_wanted(joined) if whole and not lost else {}
        return Recipes(path=path, known=known, whole=whole, wants=wants, text=joined, lacks=bool(lost))

    def _just(self, path: str, prefix: str, known: dict[str, str], depth: int) -> Iterator[bool]:
        """Collect the recipes of a justfile, of what it imports, and of its modules; false where one was not found."""
        text = self._repository.text(path)
        for match in (*_RECIPE.finditer(text), *_ALIAS.finditer(text)):
            known.setdefault(prefix + match[1], f"{path}:{_line(text, match)}")
        others = [(prefix, [match[2]], bool(match[1])) for match in _IMPORT.finditer(text)]
        for match in _MODULE.finditer(text):
            name = match[2]
            known.setdefault(prefix + name, f"{path}:{_line(text, match)}")
            usual = [f"{name}.just", *(f"{name}/{each}" for each in ("mod.just", *FILES["just"]))]
            others.append((f"{prefix}{name}::", [match[3]] if match[3] else usual, bool(match[1])))
        for inner, places, may_lack in others if depth < _DEEPEST else ():
            spelt = [join(parent(path), each) for each in places]
            found = next((each for each in spelt if each and self._repository.file(each) is not None), None)
            if found is not None:
                yield from self._just(found, inner, known, depth + 1)
            else:
                yield may_lack

    def _make(self, path: str, known: dict[str, str], texts: list[str], lost: list[str], depth: int) -> Iterator[bool]:
        """Collect a makefile's targets; yields false where some are computed, or in a file that is not here.

        A file of settings has none: where one is not here, it is ``lost``.
        """
        texts.append(self._repository.text(path))
        text = texts[-1].replace("\\\n", " ")
        for match in _RULE.finditer(text):
            for name in match[1].split():
                yield "$" not in name
                known.setdefault(
                    name.replace("%", WILD),
                    f"{path}:{find_line(self._repository.text(path), match[0].strip()) or _line(text, match)}",
                )
        yield "$(eval" not in text and "define " not in text
        for match in _INCLUDE.finditer(text) if depth < _DEEPEST else ():
            for name in match[2].split():
                target = join(parent(path), name)
                place = target if target and self._repository.file(target) is not None else join("", name)
                if place and self._repository.file(place) is not None:
                    yield from self._make(place, known, texts, lost, depth + 1)
                elif _SETTINGS.search(name):
                    lost.append(name)
                elif "*" in name or "$" in name or not match[1]:
                    yield False


def _read_tasks(path: str, text: str) -> Recipes:
    root = next(iter(read_trees(text)), Tree())
    tasks = list(root.get("tasks").pairs())
    known = {name: f"{path}:{each.line}" for name, each in tasks}
    for name, each in tasks:
        known.update(dict.fromkeys(each.get("aliases").words(), known[name]))
    given = set(root.get("vars").words())
    wants: dict[str, tuple[str, ...]] = {}
    for name, each in tasks:
        listed = [one.text or one.get("name").text for one in each.get("requires", "vars").items()]
        own = given | set(each.get("vars").words())
        wants.update(
            dict.fromkeys((name, *each.get("aliases").words()), tuple(one for one in listed if one not in own))
        )
    return Recipes(
        path=path,
        known=known,
        whole=not root.get("includes"),
        asks=frozenset(name for name, each in tasks if each.get("prompt")),
        wants={} if root.get("includes") or root.get("dotenv") else wants,
        inner=frozenset(name for name, each in tasks if each.get("internal").text == "true"),
        text=text,
    )


def _line(text: str, match: re.Match[str]) -> int:
    return text.count("\n", 0, match.start()) + 1
