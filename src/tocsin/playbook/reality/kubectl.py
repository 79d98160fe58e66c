"""Statements of kubectl and helm: the object, its namespace, its labels, its container, the manifest."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tocsin.playbook.reality import charts, names, paths
from tocsin.playbook.reality.command import Command, take_apart
from tocsin.playbook.reality.finding import Finding, Question, ambiguous, matches, missing, unknown
from tocsin.playbook.reality.kubernetes import ALIASES, OWNERS, Resource
from tocsin.playbook.reality.system import System
from tocsin.playbook.shell import names as words

_VALUED = words(
    "-n --namespace --context --kubeconfig --cluster --user -l --selector -c --container -o --output -f --filename -k "
    "--kustomize --replicas --tail --since --since-time --timeout -p --patch --type --field-selector --sort-by --as "
    "--image "
    "--from --to-revision --revision --grace-period --template --port --target-port --name --limits --requests "
    "--address "
    "--for --from-literal --from-file -L --label-columns --max-log-requests --current-replicas --keys --containers "
    "-e --env"
)
_OF_OBJECTS = words(
    "get describe delete edit logs log exec scale autoscale label annotate patch rollout set expose attach "
    "port-forward cp debug top wait create run cordon uncordon drain"
)
_ROLLOUT = words("restart status undo history pause resume")
_SET = words("env image resources selector serviceaccount subject")


def judge(command: Command, system: System) -> Iterator[Finding]:
    """``kubectl VERB KIND/NAME -n NAMESPACE -l LABEL``."""
    follows = "logs" in command.words or "log" in command.words
    parts = take_apart(command.words[1:], _VALUED - {"-f"} if follows else _VALUED)
    space = parts.value("-n", "--namespace")
    if space is not None:
        yield _judge_namespace(space, system)
    for name in (*parts.values("-f", "--filename"), *parts.values("-k", "--kustomize")):
        if "://" not in name and name != "-":
            yield paths.judge_file(command, name, system, "manifest", "manifest")
    operands = parts.values("--from") if parts.operands[:2] == ("create", "job") else _strip_verbs(parts.operands)
    if operands is None:
        return
    pairs = list(_pairs(operands, parts.operands[0]))
    for kind, name in pairs:
        yield _judge_object(kind, name, space, system)
    if parts.operands[0] == "port-forward":
        yield from _judge_forwarded(pairs, operands, system)
    selector = parts.value("-l", "--selector")
    if selector is not None:
        yield from _judge_labels(selector, system)
    images = (
        [word.partition("=")[0] for word in operands if "=" in word] if parts.operands[:2] == ("set", "image") else []
    )
    for wanted in [*parts.values("-c", "--container"), *images]:
        yield from _judge_container(wanted, pairs, system)


def _strip_verbs(operands: tuple[str, ...]) -> tuple[str, ...] | None:
    """The words that name objects: those behind the verb; null where the verb names none of ours."""
    if (
        not operands
        or operands[0] not in _OF_OBJECTS
        or operands[0] in ("create", "run", "cordon", "uncordon", "drain")
    ):
        return None
    rest = operands[1:]
    if operands[0] == "rollout" and rest[:1] and rest[0] in _ROLLOUT:
        return rest[1:]
    if operands[0] == "set" and rest[:1] and rest[0] in _SET:
        return rest[1:]
    return rest


def _pairs(operands: tuple[str, ...], verb: str) -> Iterator[tuple[str, str]]:
    """Kinds and names as kubectl reads them: ``kind/name``, ``kind name…``, a pod's bare name."""
    if verb == "cp":
        yield from (("pod", word.partition(":")[0].rsplit("/", 1)[-1]) for word in operands if ":" in word)
        return
    slashed = [word for word in operands if "/" in word and ALIASES.get(word.split("/")[0].split(".")[0].lower())]
    if slashed:
        yield from ((ALIASES[word.split("/")[0].split(".")[0].lower()], word.split("/", 1)[1]) for word in slashed)
        return
    if verb in ("logs", "log", "exec", "attach", "debug", "port-forward"):
        yield from (("pod", word) for word in operands[:1])
        return
    kinds = [ALIASES.get(each.split(".")[0].lower(), "") for each in operands[0].split(",")] if operands else []
    if len(kinds) == 1 and kinds[0]:
        yield from ((kinds[0], word) for word in operands[1:] if "=" not in word and not word.endswith("-"))


def _judge_namespace(space: str, system: System) -> Finding:
    what = f"Kubernetes namespace {names.show(space)}"
    known = system.cluster.namespaces
    ask = Question(argv=("kubectl", "get", "namespace", space, "-o", "name"))
    found = names.find(space, known)
    if names.is_open(space) or space in (
        "default",
        "kube-system",
        "kube-public",
        "monitoring",
        "ingress-nginx",
        "cert-manager",
    ):
        return (
            matches("namespace", what, known[found])
            if found
            else unknown("namespace", what, "It is the cluster's own, or left open.", ask)
        )
    if found is not None:
        return matches("namespace", what, known[found])
    if not known or any(names.is_wild(each) for each in known):
        return unknown("namespace", what, "The checkout does not say which namespaces there are.", ask)
    near = names.nearest(space, known) or next(iter(known))
    return missing("namespace", what, "No manifest is in this namespace.", near, known[near], ask)


def _judge_object(kind: str, name: str, space: str | None, system: System) -> Finding:
    what = f"Kubernetes {kind} {names.show(name)}"
    resources = system.cluster.resources
    scope = () if space is None or names.is_wild(space) else ("-n", space)
    ask = Question(argv=("kubectl", "get", kind, name, *scope, "-o", "name"))
    if names.is_open(name):
        return unknown("object", what, "Which one is left open.")
    if kind in ("node", "event"):
        return unknown("object", what, "It is the cluster's own.", ask)
    of_kind = [each for each in resources if each.kind in (OWNERS if kind == "pod" else (kind,))]
    called = [each for each in of_kind if _is_called(each, kind, name)]
    found = next((each for each in called if not each.renamed), called[0] if called else None)
    if found is not None and found.renamed:
        other_name = names.nearest(name, found.renamed) or found.renamed[0]
        why = f"Every overlay gives it another name: {', '.join(found.renamed[:4])}."
        return ambiguous("object", what, why, other_name, found.where)
    if found is not None:
        return _judge_scope(found, what, space, of_kind, kind, name, ask)
    if any(each.name == names.WILD for each in of_kind):
        chart = next((each for each in system.cluster.charts if each in name or name in each), None)
        if chart is not None:
            return matches("object", what, next(each.where for each in of_kind if each.name == names.WILD))
        return unknown("object", what, "A Helm template names it; the name depends on the release.", ask)
    if not resources:
        return unknown("object", what, "The checkout has no manifests.", ask)
    if not of_kind and kind in (
        "secret",
        "replicaset",
        "endpoints",
        "configmap",
        "job",
        "persistentvolumeclaim",
        "persistentvolume",
    ):
        return unknown("object", what, "Others than manifests make such objects.", ask)
    known = {each.name: each.where for each in of_kind or resources}
    near = names.nearest(name, known)
    other = next((each for each in resources if each.name == name and each.kind != kind), None)
    if other is not None and (near is None or not of_kind):
        why = f"There is a {other.kind} of this name."
        return missing("object", what, why, f"{other.kind}/{name}", other.where, ask)
    chart = system.cluster.find_dependency(name)
    if chart is not None:
        return unknown("object", what, f"A chart that {chart} depends on may make it.", ask)
    why = f"No manifest has a {kind} of this name."
    return missing("object", what, why, near, known[near] if near else None, ask)


def _judge_scope(
    found: Resource, what: str, space: str | None, of_kind: list[Resource], kind: str, name: str, ask: Question
) -> Finding:
    """An object that is there, though perhaps in another namespace."""
    same = [each for each in of_kind if _is_called(each, kind, name)]
    spaces = {each.namespace for each in same}
    if (
        space is None
        or names.is_wild(space)
        or "" in spaces
        or any(names.is_wild(each) or names.fits(space, each) for each in spaces)
    ):
        return matches("object", what, found.where)
    near = min(spaces)
    return missing(
        "object", f"{what} in namespace {space}", f"The manifest puts it into {near}.", near, found.where, ask
    )


def _is_called(resource: Resource, kind: str, name: str) -> bool:
    if resource.name == names.WILD:
        return False
    if names.fits(name, resource.name) or names.fits(resource.name, name):
        return True
    if kind != "pod" or resource.kind == "pod":
        return False
    if resource.kind == "statefulset":
        return re.fullmatch(re.escape(resource.name) + rf"-(?:\d+|{names.WILD})", name) is not None
    return (
        re.fullmatch(
            re.escape(resource.name) + rf"-(?:[a-z0-9]+-)?(?:[a-z0-9]{{4,}}|{names.WILD}|x+)", name, re.IGNORECASE
        )
        is not None
    )


def _judge_labels(selector: str, system: System) -> Iterator[Finding]:
    known = {label for each in system.cluster.resources for label in each.labels}
    for label in selector.split(","):
        what = f"Kubernetes label {names.show(label)}"
        key, mark, value = label.partition("=")
        label = f"{key}={value.lstrip('=')}"
        if not mark or key.endswith("!") or names.is_open(value) or "(" in label:
            yield unknown("label", what, "It is no plain label with a value.")
        elif names.find(label, known):
            yield matches(
                "label", what, next(each.where for each in system.cluster.resources if names.find(label, each.labels))
            )
        elif not known or any(names.is_wild(each) for each in known if each.startswith(f"{key}=")):
            yield unknown("label", what, "The checkout does not write its labels out.")
        else:
            near = names.nearest(label, [each for each in known if each.startswith(f"{key}=")] or known)
            where = next((each.where for each in system.cluster.resources if near in each.labels), None)
            yield missing("label", what, "No manifest carries this label.", near, where)


def _judge_container(wanted: str, pairs: list[tuple[str, str]], system: System) -> Iterator[Finding]:
    owners = [
        each
        for each in system.cluster.resources
        for kind, name in pairs
        if each.containers and _is_called(each, kind, name)
    ]
    if names.is_open(wanted) or wanted == "*" or not owners:
        return
    what = f"container {wanted} of {owners[0].name}"
    known = [name for each in owners for name in each.containers]
    if names.find(wanted, known) or any(map(names.is_wild, known)):
        yield matches("container", what, owners[0].where)
    else:
        yield missing(
            "container", what, f"It has {', '.join(known)}.", names.nearest(wanted, known) or known[0], owners[0].where
        )


def _judge_forwarded(pairs: list[tuple[str, str]], operands: tuple[str, ...], system: System) -> Iterator[Finding]:
    """Ports that a service is asked for: it passes on those that it names, and no others."""
    for kind, name in pairs:
        services = [
            each for each in system.cluster.resources if kind == each.kind == "service" and _is_called(each, kind, name)
        ]
        offered = [port for each in services for port in each.offers]
        for word in operands[1:] if offered and not any(map(names.is_open, offered)) else ():
            port = word.rpartition(":")[2]
            if not port.isdecimal():
                continue
            what = f"port {port} of Kubernetes service {names.show(name)}"
            if port in offered:
                yield matches("port", what, services[0].where)
            else:
                yield missing("port", what, f"It has {', '.join(offered)}.", offered[0], services[0].where)


def judge_kustomize(command: Command, system: System) -> Iterator[Finding]:
    """``kustomize build FOLDER``."""
    parts = take_apart(command.words[1:], words("-o --output -e --env --helm-command --load-restrictor"))
    if parts.operands[:1] == ("build",):
        for place in parts.operands[1:2]:
            if "://" not in place and "?" not in place and not place.startswith("github.com/"):
                yield paths.judge_file(command, place, system, "manifest", "manifest")


def _find_charts(command: Command, operands: tuple[str, ...], system: System) -> Iterator[str]:
    """The chart that is named by its path: one that begins with a dot, or with a folder of the checkout."""
    yield from (word for word in operands[1:] if word.startswith(("./", "../")))
    if operands[:1] in (("upgrade",), ("install",), ("template",)) and command.is_here:
        for word in operands[2:3]:
            first = word.partition("/")[0]
            if "://" not in word and "/" in word and first.strip(".") and list(paths.places(command, first, system)):
                yield word


def judge_helm(command: Command, system: System) -> Iterator[Finding]:
    """``helm upgrade RELEASE CHART``: a chart by its path."""
    parts = take_apart(
        command.words[1:],
        words(
            "-n --namespace -f --values --set --version --timeout --kube-context --set-string --set-file --set-json "
            "--repo --history-max --description --post-renderer -o --output"
        ),
    )
    for path in (
        *parts.values("-f", "--values"),
        *_find_charts(command, parts.operands, system),
    ):
        yield paths.judge_file(command, path, system, "chart", "chart file")
    chart = next((place for path in _find_charts(command, parts.operands, system)
                  if (place := paths.locate(command, path.rstrip("/"), system))), None)  # fmt: skip
    if chart is not None:
        set_here = parts.values("--set", "--set-string", "--set-json", "--set-file")
        yield from charts.judge_values(set_here, chart, system)
    space = parts.value("-n", "--namespace")
    if space is not None:
        yield _judge_namespace(space, system)
