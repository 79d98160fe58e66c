"""Playbooks as strangers write them, in whatever language: their parts are known and what they forbid holds."""

from __future__ import annotations

import pytest

from tocsin.words import Tag

from .strangers import Read, in_fix, kinds_of, only, texts_of

_CHINESE = """\
# 数据库连接耗尽

## 症状
- 接口超时
- `DBConnectionsExhausted` 告警

## 诊断
```bash
psql -c "select count(*) from pg_stat_activity;"
```

## 解决
1. 重启应用
   ```bash
   kubectl rollout restart deploy/app
   ```
2. 不要删除日志

## 升级
30 分钟未解决：呼叫数据库负责人
"""
_RUSSIAN = """\
# Недоступна база данных

**Симптомы:**
- Ошибки 500

**Диагностика:**
1. Проверьте журнал

**Решение:**
1. Перезапустите базу

**Нельзя:**
- Удалять данные
"""


def test_a_playbook_in_chinese(read: Read) -> None:
    playbook = read(_CHINESE)
    found = only(playbook)
    assert kinds_of(found) == ["symptoms", "diagnosis", "resolution", "escalation"]
    assert found.alerts == ("DBConnectionsExhausted",)
    assert [step.title for step in found.steps if step.statement] == [None, "重启应用"]
    assert found.prohibitions[0].forbids.objects == ("log", "journal")
    assert playbook.escalation[0].who == ("数据库负责人",)
    assert playbook.escalation[0].triggers[0].after_s == 1800


def test_a_playbook_in_russian(read: Read) -> None:
    found = only(read(_RUSSIAN))
    assert kinds_of(found) == ["symptoms", "diagnosis", "resolution", "prohibition"]
    assert texts_of(found) == ["Проверьте журнал", "Перезапустите базу"]
    assert "delete" in found.prohibitions[0].forbids.verbs


@pytest.mark.parametrize(
    "order",
    [
        "不要重启主库",
        "データベースを再起動しないでください",
        "데이터베이스를 재시작하지 마세요",
        "Не перезапускайте базу",
        "Datenbank nicht neu starten",
        "Não reinicie o banco",
        "No reinicie la base",
        "Ne pas redémarrer la base",
        "Non riavviare il database",
    ],
)
def test_an_order_not_to_restart_holds_in_any_language(order: str, read: Read) -> None:
    (rule,) = only(read(in_fix(f"- {order}\n- Look"))).prohibitions
    assert "restart" in rule.forbids.verbs
    assert Tag.EVIDENCE_DESTROYING in rule.forbids.tags


def test_an_order_that_is_not_understood_forbids_every_change(read: Read) -> None:
    (rule,) = only(read(in_fix("- 不要摆弄调度器"))).prohibitions
    assert "mutate" in rule.forbids.effects


@pytest.mark.parametrize(
    "finding",
    [
        "База не отвечает",
        "接口不可用",
        "Daten nicht vorhanden",
        "Não responde",
        "No modifications were made",
        "No user impact",
    ],
)
def test_a_finding_forbids_nothing(finding: str, read: Read) -> None:
    assert only(read(in_fix(f"- {finding}"))).prohibitions == ()
