"""Variables that a playbook exports: does anything that the shell starts afterwards read them?

An export lives in one shell and in what that shell starts; a server that runs already, or a container, hears nothing of
it. A playbook that offers one as a measure does nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from tocsin.playbook.reality import paths
from tocsin.playbook.reality.command import Command
from tocsin.playbook.reality.finding import Finding, ambiguous, matches, missing, unknown
from tocsin.playbook.reality.system import System

KNOWN = re.compile(
    r"(?:PATH|HOME|USER|LANG|LC_\w+|TZ|TERM|EDITOR|VISUAL|PAGER|SHELL|TMPDIR|KUBECONFIG|KUBE\w*|HELM\w*|AWS_\w+|AZURE_\w+|GOOGLE_\w+|"
    r"CLOUDSDK_\w+|GCP_\w+|PG[A-Z]+|MYSQL_\w+|REDISCLI_\w+|DOCKER_\w+|COMPOSE_\w+|VAULT_\w+|CONSUL_\w+|NOMAD_\w+|TF_\w+|"
    r"ANSIBLE_\w+|GIT_\w+|GH_\w+|GITHUB_\w+|GITLAB_\w+|HTTPS?_PROXY|NO_PROXY|http_proxy|https_proxy|SSH_\w+|GPG_\w+|GNUPGHOME|"
    r"NODE_\w+|NPM_\w+|npm_\w+|PYTHON\w+|RUST_\w+|CARGO_\w+|GO[A-Z0-9]+|JAVA_\w+|DEBUG|CI|FORCE|NO_COLOR|SOPS_\w+|AGE_\w+|"
    r"RESTIC_\w+|BORG_\w+|CF_\w+|DIGITALOCEAN_\w+|HISTFILE|HISTSIZE|PS\d|IFS|LD_\w+|ETCDCTL_\w+|CURL_\w+|SSL_\w+|REQUESTS_\w+|"
    r"CGO_\w+|BUILDKIT_\w+|BUILDX_\w+|MAVEN_\w+|GRADLE_\w+|SPRING_\w+|RAILS_\w+|RACK_\w+|BUNDLE_\w+|RUBY\w+|COMPOSER_\w+|"
    r"DOTNET_\w+|ASPNETCORE_\w+|MIX_ENV|ERL_\w+|UV_\w+|PIP_\w+|POETRY_\w+|DJANGO_\w+|FLASK_\w+|PYTEST_\w+|CLICOLOR\w*|"
    r"LESS|COLUMNS|LINES|SYSTEMD_\w+|ARGOCD_\w+|SKAFFOLD_\w+|CC|CXX|CFLAGS|CXXFLAGS|LDFLAGS|MAKEFLAGS)"
)
"""Variables that common tools read by themselves."""
_DOCUMENT = (".md", ".mdx", ".markdown", ".rst", ".adoc", ".txt")


def judge(name: str, later: Sequence[Command], texts: Sequence[str], system: System) -> Finding:
    """Whether an export reaches anybody. ``later`` are the commands that its shell may still start."""
    what = f"exported variable {name}"
    used = re.compile(rf"\$\{{?{re.escape(name)}\b")
    if any(used.search(text) for text in texts):
        return matches("variable", what, None, "Later statements use it.")
    for command in later:
        where = find_reader(name, command, system)
        if where:
            return matches("variable", what, where)
    if KNOWN.fullmatch(name):
        return unknown("variable", what, "Common tools read it by themselves.")
    reader = find_mention(name, system)
    if reader is None:
        return missing("variable", what, "Nothing in the checkout reads it: the export reaches nobody.", None, None)
    if any(command.is_here and _may_read(command, system) for command in later):
        return ambiguous(
            "variable", what, f"{reader} reads it; nobody can say whether what is started here does.", None, reader
        )
    why = f"{reader} reads it, but this shell starts nothing that does: the export reaches nobody."
    return missing("variable", what, why, None, reader)


def find_reader(name: str, command: Command, system: System) -> str | None:
    """Where something that a command starts reads a variable."""
    if not command.is_here:
        return None
    place = next(
        (found for word in command.words[:3] if "/" in word and (found := paths.locate(command, word, system))), None
    )
    if place is not None and (script := system.script(place)) is not None and name in script.variables:
        return place
    if command.program.endswith("compose") or "compose" in command.words[1:2]:
        for file in system.compose.files:
            taken = any(name in each.variables for each in file.services.values())
            if name in file.uses or (taken and "up" in command.words):
                return file.path
    if (
        command.program in ("npm", "pnpm", "yarn", "make", "cargo", "go", "just", "task", "node", "npx")
        or command.program in system.binaries.all
    ):
        return find_mention(name, system)
    return None


def _may_read(command: Command, system: System) -> bool:
    """Whether a command runs something of the checkout, or something nobody knows, in the same shell."""
    return "/" in command.words[0] or command.program in system.binaries.all


def find_mention(name: str, system: System) -> str | None:
    """Where a variable is named in the checkout, documents apart."""
    word = re.compile(rf"(?<![A-Za-z0-9_]){re.escape(name)}(?![A-Za-z0-9_])")
    for file in system.repository.matching(lambda path: not path.endswith(_DOCUMENT)):
        match = word.search(file.text or "") if name in (file.text or "") else None
        if match:
            return f"{file.path}:{(file.text or '').count(chr(10), 0, match.start()) + 1}"
    return None


def judge_inline(command: Command, system: System) -> Sequence[Finding]:
    """``NAME=value COMMAND``: a variable for one command, that nothing in the checkout ever reads."""
    if not command.is_here or "/" not in command.words[0] or paths.locate(command, command.words[0], system) is None:
        return ()
    found = []
    for name in command.env:
        if name and not KNOWN.fullmatch(name) and find_mention(name, system) is None:
            found.append(
                missing("variable", f"variable {name} for {command.words[0]}", "Nothing in the checkout reads it.")
            )
    return found
