"""What a playbook chooses for the lines below it, outside of any shell: a cluster, a project, an account.

``kubectl config use-context eu`` is written to a file of the account, so it needs approval; and whoever reads below it
before it was done reads another cluster than the playbook means. Such looks wait until a person has let it be done, has
done it, or has left it out.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import takewhile

from tocsin.incident.book import number_steps
from tocsin.incident.state import Incident
from tocsin.pattern import compile_late
from tocsin.playbook.model import Procedure, Step
from tocsin.words import Effect, StepState

_BEGINS = r"(?:^|[;&|({\n]|\$\(|\b(?:sudo|then|do|else)\b)\s*(?:[\w./-]*/)?"
_KUBE = r"kubectl|oc|helm|kustomize|stern|k9s|flux|argocd|istioctl|linkerd|velero|kubectx|kubens|cilium|calicoctl|krew"
_FAMILIES = tuple(
    (compile_late(f"{_BEGINS}(?:{chooses})"), compile_late(f"{_BEGINS}(?:{follows})\\b"))
    for chooses, follows in (
        (
            r"(?:kubectl|oc)\s+(?:-\S+\s+)*config\s+(?:use-context|use|set-context|set)\b|kubectx\s+[^\s-]|"
            r"kubens\s+[^\s-]|oc\s+(?:project\s+[^\s-]|login\b)|aws\s+eks\s+update-kubeconfig\b|"
            r"gcloud\s+container\s+clusters\s+get-credentials\b|az\s+aks\s+get-credentials\b",
            _KUBE,
        ),
        (r"gcloud\s+(?:config\s+(?:set|configurations\s+activate)|auth\s+login)\b", r"gcloud|gsutil|bq"),
        (r"az\s+(?:account\s+set|login)\b", "az"),
        (r"docker\s+context\s+use\b", r"docker|docker-compose"),
        (r"(?:terraform|tofu)\s+workspace\s+(?:select|new)\b", r"terraform|tofu|terragrunt"),
    )
)
"""What chooses, and the programs that go by it."""
_SAYS_ITSELF = compile_late(r"\s--(?:kube-)?(?:context|project|subscription)[\s=]")
"""A look that says itself where it looks."""
_OVER = (StepState.OK, StepState.SKIPPED)


def find_held_by(procedure: Procedure, step_id: str, incident: Incident) -> Step | None:
    """The line above a look that chooses where it looks and that nobody has let happen, or left out, as yet."""
    for chooser_id, chooser in _find_choosers(procedure, step_id):
        record = incident.steps.get(chooser_id)
        if record is None or record.state not in _OVER:
            return chooser
    return None


@lru_cache(maxsize=4096)
def _find_choosers(procedure: Procedure, step_id: str) -> tuple[tuple[str, Step], ...]:
    """The steps above one that choose something which it goes by."""
    numbered = number_steps(procedure)
    step = next((each for found, each in numbered if found == step_id), None)
    if step is None or step.statement is None:
        return ()
    text = step.statement.text
    above = takewhile(lambda pair: pair[0] != step_id, numbered)
    families = [chooses for chooses, follows in _FAMILIES if follows.search(text) and not _SAYS_ITSELF.search(text)]
    return tuple(pair for pair in above if _changes(pair[1]) and any(each.search(_text(pair[1])) for each in families))


def _text(step: Step) -> str:
    return step.statement.text if step.statement is not None else ""


def _changes(step: Step) -> bool:
    return step.statement is not None and step.statement.effect.rank > Effect.READ_SENSITIVE.rank


def explain_held(chooser: Step) -> str:
    """Why a look waits for a line above it."""
    return (
        f"Line {chooser.line} chooses where it looks, and has not been done: approve that, or leave it out, and this "
        "runs by itself."
    )
