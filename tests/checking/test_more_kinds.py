"""Variables of targets, values of charts, names in overlays, stages of images, inputs of workflows."""

from __future__ import annotations

import pytest
from tests.checking.test_kinds import check, last

MAKE = {
    "Makefile": """ENV ?= staging
drain: guard-HOST ## drain
	ssh $(HOST) true
promote:
ifndef REPLICA
	$(error REPLICA is not set)
endif
	./p $(REPLICA)
snapshot: check
	./s --keep=$(KEEP) $(ENV)
check:
	@test -n "$(VOLUME)" || (echo "VOLUME?"; exit 1)
	@[ -n "$(KEEP)" ] || echo "keeping all"
wipe:
	@if [ -z "$(NAME)" ]; then echo "NAME?"; exit 1; fi
guard-%:
	@ if [ "${${*}}" = "" ]; then echo "$* not set"; exit 1; fi
"""
}
TARGET_SETS = {
    "Makefile": "all: deploy\ndeploy-prod: export ENV := prod\ndeploy-prod: deploy\ndeploy: check guard-ENV\n"
    'check:\n\t@test -n "$(ENV)" || exit 1\nguard-%:\n\t@test -n "${${*}}" || (echo $*; exit 1)\n'
    '%-eu: ZONE = eu\nship-eu:\n\t@test -n "$(ZONE)" || exit 1\nlate: ENV =\nlate: deploy\n',
}
SETTINGS_APART = {"Makefile": "ifneq (,$(X))\n  include .env # not in git\nendif\n" + MAKE["Makefile"]}
RULES_APART = {"Makefile": "include build/common.mk\n" + MAKE["Makefile"]}
TASK = {
    "Taskfile.yml": """version: "3"
vars: {HUB: main}
tasks:
  reset: {requires: {vars: [BELT, HUB]}, cmds: [echo {{.BELT}}], aliases: [r]}
  wipe: {prompt: Really?, cmds: [rm x]}
  step: {internal: true, cmds: ["true"]}
"""
}
CHART = {
    "deploy/chart/Chart.yaml": "name: shop\ndependencies:\n- {name: redis}\n",
    "deploy/chart/values.yaml": "replicaCount: 2\nimage: {tag: a}\nresources: {}\nenv: []\nweb:\n  limit: 4\n",
    "deploy/chart/templates/d.yaml": "a: {{ .Values.replicaCount }}\nb: {{ .Values.image.tag }}\n"
    "c: {{ toYaml .Values.web | indent 2 }}\n{{- with .Values.image }}{{ .pullPolicy }}{{ end }}\n"
    "d: {{ .Values.debug }}\n",
}
OVERLAYS = {
    "k/base/kustomization.yaml": "resources: [a.yaml]\n",
    "k/base/a.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: api}\n",
    "k/prod/kustomization.yaml": "namespace: p\nnamePrefix: prod-\nresources: [../mid]\n",
    "k/mid/kustomization.yaml": "nameSuffix: -x\nresources: [../base]\n",
}
PLAIN = {**OVERLAYS, "k/dev/kustomization.yaml": "namespace: d\nresources: [../base]\n"}
IMAGES = {
    "app/Dockerfile": "FROM node AS deps\nARG REV=1\nFROM deps as Run\n",
    "docker-bake.hcl": 'target "app" {\n}\ngroup "all" {\n  targets = ["app"]\n}\n',
    "compose.yaml": "services:\n  web: {build: app}\n",
}
FLOW = {
    ".github/workflows/r.yml": "on:\n  workflow_dispatch:\n    inputs:\n      version: {required: true}\n"
    "      target: {type: choice, options: [a, b], required: true, default: a}\n",
}


@pytest.mark.parametrize(
    ("files", "fence"),
    [
        (MAKE, "make drain HOST=a"),
        (MAKE, "HOST=a make drain"),
        (MAKE, "export REPLICA=b\nmake promote"),
        (MAKE, "make snapshot VOLUME=<volume> ENV=prod"),
        ({**MAKE, "x.mk": "", "Makefile": "-include .env\n" + MAKE["Makefile"]}, "make drain UNKNOWN=1"),
        (MAKE, "make wipe NAME=a GOOS=linux GOFLAGS=-v DOCKER_BUILDKIT=1 CFLAGS=-O2 V=1 DESTDIR=/x"),
        (TARGET_SETS, "make deploy-prod"),
        (TARGET_SETS, "make ship-eu"),
        (SETTINGS_APART, "make drain UNKNOWN=1"),
        (RULES_APART, "make drain UNKNOWN=1"),
        (TASK, "task r BELT=1"),
        (TASK, "task wipe --yes"),
        (CHART, "helm upgrade shop deploy/chart --set image.tag=b,replicaCount=3 --set image.pullPolicy=Always"),
        (CHART, "helm upgrade shop deploy/chart --set resources.limits.cpu=2 --set env[0].name=a --set debug=true"),
        (CHART, "helm upgrade shop deploy/chart --set web.anything=1 --set redis.port=3 --set global.x=1"),
        (OVERLAYS, "kubectl -n p get deploy prod-api-x"),
        (PLAIN, "kubectl -n d get deploy api"),
        (IMAGES, "docker build --target run --build-arg REV=2 app"),
        (IMAGES, "docker buildx bake all web"),
        (FLOW, "gh workflow run r.yml -f version=1 -f target=b"),
    ],
)
def test_what_is_there_matches(files: dict[str, str], fence: str) -> None:
    row = check(files, fence)[-1]
    assert row.verdict == "matches", row.findings


@pytest.mark.parametrize(
    ("files", "fence", "verdict", "what"),
    [
        (MAKE, "make drain", "missing", "arguments of make target drain: HOST"),
        (MAKE, "make promote", "missing", "arguments of make target promote: REPLICA"),
        (MAKE, "make snapshot KEEP=3", "missing", "arguments of make target snapshot: VOLUME"),
        (MAKE, "make wipe", "missing", "arguments of make target wipe: NAME"),
        (MAKE, "make snapshot VOLUME=a VOLUMES=b", "missing", "variable VOLUMES for make"),
        (TARGET_SETS, "make all", "missing", "arguments of make target all: ENV"),
        (TARGET_SETS, "make late", "missing", "arguments of make target late: ENV"),
        (SETTINGS_APART, "make drian", "missing", "make target drian"),
        (RULES_APART, "make lint", "not_checkable", "make target lint"),
        (TASK, "task reset", "missing", "arguments of task target reset: BELT"),
        (TASK, "task wipe", "ambiguous", "asks on a terminal"),
        (TASK, "task step", "missing", "task target step"),
        (CHART, "helm upgrade shop deploy/chart --set image.version=b", "missing", "value image.version"),
        (CHART, "helm upgrade shop deploy/chart --set replicas=4", "missing", "value replicas of chart"),
        (OVERLAYS, "kubectl -n p get deploy api", "ambiguous", "deployment api"),
        (IMAGES, "docker build --target runner app", "missing", "stage runner of app/Dockerfile"),
        (IMAGES, "docker build --build-arg VERSION=2 app", "missing", "build argument VERSION"),
        (IMAGES, "docker build apps", "missing", "folder apps"),
        (IMAGES, "docker buildx bake apps", "missing", "bake target apps"),
        (FLOW, "gh workflow run r.yml -f version=1 -f target=c", "missing", "input target=c"),
        (FLOW, "gh workflow run r.yml -f target=a", "missing", "input version"),
    ],
)
def test_what_has_drifted_is_found(files: dict[str, str], fence: str, verdict: str, what: str) -> None:
    found = last(files, fence)
    assert found[0] == verdict and what in found[1], check(files, fence)[-1].findings
