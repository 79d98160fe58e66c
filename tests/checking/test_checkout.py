"""A checkout is somebody else's folder: it is read with bounds, and nothing in it is run."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tocsin.errors import UserError
from tocsin.integrations import checkout
from tocsin.integrations.checkout import read_checkout
from tocsin.playbook.reality import File, Repository
from tocsin.playbook.reality.repository import make_folders, parent
from tocsin.playbook.reality.system import System
from tocsin.playbook.reality.tree import read_trees


def test_files_have_their_text_and_say_whether_they_may_be_executed(tmp_path: Path) -> None:
    (tmp_path / "run.sh").write_text("#!/bin/sh\n")
    (tmp_path / "run.sh").chmod(0o755)
    (tmp_path / "notes").write_text("x\r\ny")
    (tmp_path / "image.png").write_bytes(b"\x89PNG\0\0")
    found = read_checkout(tmp_path)
    assert found.files["run.sh"].executable and not found.files["notes"].executable
    assert found.text("notes") == "x\ny" and found.files["image.png"].text is None


def test_links_are_followed_inside_and_never_out(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_text("s")
    root = tmp_path / "root"
    (root / "ops" / "scripts").mkdir(parents=True)
    (root / "ops" / "scripts" / "x.sh").write_text("#!/bin/sh\n")
    (root / "scripts").symlink_to("ops/scripts")
    (root / "y.sh").symlink_to("ops/scripts/x.sh")
    (root / "away").symlink_to("../outside")
    (root / "far").symlink_to("/etc")
    (root / "loop").symlink_to("loop")
    (root / "one").symlink_to("two")
    (root / "two").symlink_to("one")
    (root / "ops" / "up").symlink_to("..")
    found = read_checkout(root)
    assert found.file("scripts/x.sh") is not None and found.text("y.sh") == "#!/bin/sh\n"
    assert found.file("away/secret") is None and found.file("far/passwd") is None and found.is_left_out("away/secret")
    assert found.file("one/x") is None and found.file("loop/x") is None
    assert found.text("ops/up/y.sh") == found.text("y.sh")


def test_dependencies_and_large_files_are_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkout, "MOST_FILE_BYTES", 100)
    (tmp_path / "node_modules" / "x").mkdir(parents=True)
    (tmp_path / "node_modules" / "x" / "package.json").write_text("{}")
    (tmp_path / "big.yml").write_text("a" * 101)
    found = read_checkout(tmp_path)
    assert list(found.files) == ["big.yml"] and found.files["big.yml"].text is None
    assert found.is_left_out("node_modules/x/package.json")


def test_too_much_is_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkout, "MOST_FILES", 3)
    for at in range(5):
        (tmp_path / f"{at}.txt").write_text("x")
    assert "more than 3 files" in " ".join(read_checkout(tmp_path).notes)
    monkeypatch.setattr(checkout, "MOST_FILES", 100)
    monkeypatch.setattr(checkout, "MOST_BYTES", 2)
    assert "the rest was not read" in " ".join(read_checkout(tmp_path).notes)


def test_what_cannot_be_opened_is_no_end(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "a.txt").write_text("x")
    assert list(read_checkout(tmp_path).files) == ["a.txt"]
    with pytest.raises(UserError, match="no folder"):
        read_checkout(tmp_path / "nothing")


LAUGHS = "".join(
    f"{chr(98 + at)}: &{chr(98 + at)} [{','.join([f'*{chr(97 + at)}'] * 9)}]\n" for at in range(12)
)  # each list holds nine of the one before
HOSTILE = {
    "docker-compose.yml": "services: &a\n  x: *a\n  y: {<<: *a, build: *a, ports: *a}\n",
    "compose.yaml": "a: &a [x,x,x,x,x,x,x,x,x]\n" + LAUGHS + "services: {web: {ports: *m}}\n",
    "k8s/deep.yaml": "apiVersion: v1\nkind: X\nmetadata: " + "[" * 3000,
    "package.json": '{"name": ["x"], "scripts": {"a": 1, "b": "c"}, "bin": 7}',
    "p/package.json": "[" * 100_000,
    "Cargo.toml": "bin = 3\npackage = []\n",
    "pyproject.toml": "[project]\nscripts = 1\n",
    "Makefile": "include Makefile\ninclude $(x)\n%.o: %.c\n$(t): x\n",
    "x.sh": "#!/bin/bash\n" + "if [ " * 400 + "\nread -p \"$(" * 50,
    "y.py": "(" * 5000,
    "src/main.rs": "#[derive(Parser)] struct A { #[command(subcommand)] b: B }\n"
    "#[derive(Subcommand)] enum B { C(B), D {",
    "cmd/x/main.go": "package main\nfunc main() { a := &cobra.Command{Use: \"x\"}\na.AddCommand(a)\nf(a) }\n"
    "func f(c *cobra.Command) { f(c) ; c.AddCommand(c)",
    "x.service": "[Unit",
    "rules.yml": "groups: [{rules: [{alert: {}, expr: 1}]}]",
    "hosts": "x[1:999999999]\n",
}  # fmt: skip


def test_hostile_files_say_nothing_and_hurt_nobody() -> None:
    files = {path: File(path=path, text=text) for path, text in HOSTILE.items()}
    system = System(Repository(files=files, folders=make_folders(files)))
    assert system.compose.projects
    assert len(system.containers) >= 2
    assert system.units.known == {} and system.cluster.resources == ()
    assert "x" in system.binaries.all and system.metrics.alerts == {}
    assert len(system.network.hosts) < 50
    assert len(system.network.mentioned) < 50
    assert system.packages.all and system.targets.read("make", "") is not None
    assert system.script("x.sh") is not None and system.script("y.py") is not None
    assert parent("a") == "" and read_trees("\t:") == []


SLOW = {
    "src/a.rs": "#[derive(Subcommand)]\nenum A {\n" + "/// doc\n" * 2000 + "= }" + "#[derive(Parser)]" + "#[a]" * 500,
    "app.yaml": "apiVersion: v1\nkind: X\nmetadata:\n" + "   \n" * 3000 + "{{ if }}\n" + "  a: b\n" * 3000,
    "a.prom": "prometheus" + "\n" * 20_000 + "x" * 20_000,
    ".env": "\n" * 20_000 + "A" * 20_000,
    "Dockerfile": "\n" * 20_000,
    "package.json": '{"name": "x", "scripts": {"start": "' + "a/" * 20_000 + '"}}',
    "x.sh": "#!/bin/bash\n" + "\n" * 20_000 + "docker run " + "-a " * 5000,
    "cmd/x/main.go": "package main\nfunc main() {}\n" + "".join(
        f"var c{at} = &cobra.Command{{Use: \"v{at}\"}}\n"
        f"func init() {{ c{at}.AddCommand(c{at + 1}, c{at + 1}, c{at + 2}) }}\n"
        for at in range(150)
    ),
    "docker-compose.yml": "a: &a {x: 1}\n" + "".join(
        f"b{at}: &b{at} {{<<: [{','.join(['*a' if not at else f'*b{at - 1}'] * 9)}]}}\n" for at in range(12)
    ) + "services:\n  web:\n    <<: *b11\n",
    "Makefile": "a b c: d\n" * 5000 + "go build -o x" + " -a" * 5000 + "\n",
    "hosts": "a.b-" * 10_000 + "\n" + "a" * 100_000,
}  # fmt: skip


def test_no_text_takes_long() -> None:
    files = {path: File(path=path, text=text) for path, text in SLOW.items()}
    began = time.process_time()
    system = System(Repository(files=files, folders=make_folders(files)))
    assert [each.name for each in system.compose.services] == ["web"]
    assert system.cluster.resources is not None
    assert "x" in system.binaries.all
    assert isinstance(system.metrics.exported, dict)
    assert isinstance(system.network.domains, dict)
    assert isinstance(system.network.served, dict)
    assert isinstance(system.network.mentioned, dict)
    assert isinstance(system.containers, dict)
    assert system.script("x.sh") is not None
    assert system.targets.read("make", "") is not None
    assert system.set_beside("") is not None
    assert time.process_time() - began < 20
