"""A playbook to be guarded: looks, changes and blanks, with rules and gates to lay upon them."""

from __future__ import annotations

from tocsin.playbook.model import Approval, Forbids, Prohibition
from tocsin.run.guard import Forbidden, Verdict, judge
from tocsin.words import Effect

from .scene import Scene

RESPONSE = """
### Diagnosis

```bash
df -h
cat /srv/app/.env
du -sh <folder>
```

### Mitigation

1. Make room

   ```bash
   ./scripts/make_room.sh
   docker restart web
   ```

2. If that is not enough

   ```bash
   rm -rf /var/cache/web
   docker restart <container>
   ```
"""
LOOK, SENSITIVE, BLANK = "df -h", "cat /srv/app/.env", "du -sh <folder>"
UNKNOWN, RESTART, DELETE, RESTART_ANY = (
    "./scripts/make_room.sh", "docker restart web", "rm -rf /var/cache/web", "docker restart <container>",
)  # fmt: skip
CHANGES = (UNKNOWN, RESTART, DELETE)

RESTARTS = Forbids(verbs=("restart", "reboot"))
DELETIONS = Forbids(effects=(Effect.DESTROY,))
ANYTHING = Forbids(effects=tuple(Effect))


def ask(scene: Scene, statement: str, **given: str) -> Verdict:
    return judge(scene.task(statement, given), scene.incident, scene.book)


def ban(forbids: Forbids = RESTARTS, line: int = 90, scope: str = "scenario", **more: object) -> Prohibition:
    return Prohibition(line=line, text=f"Do not ({line})", scope=scope, forbids=forbids, **more)  # type: ignore[arg-type]


def gate(line: int, scope: str = "scenario", by: str | None = "security", **more: object) -> Approval:
    return Approval(line=line, text=f"Ask ({line})", scope=scope, by=by, **more)  # type: ignore[arg-type]


def line_of(scene: Scene, statement: str) -> int:
    step = scene.task(statement).step
    assert step is not None
    return step.line


def section_of(scene: Scene, statement: str) -> int:
    step = scene.task(statement).step
    assert step is not None
    assert step.section is not None
    return step.section


def forbidden(scene: Scene) -> set[str]:
    """The statements that are forbidden now."""
    return {text for text in scene.lines() if isinstance(ask(scene, text), Forbidden)}
