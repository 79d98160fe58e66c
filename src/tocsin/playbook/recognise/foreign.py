"""Orders not to do something in other languages: what they forbid, told in English words.

The grammar of each language is not needed, only how it says "do not": before the verb (Chinese, Russian, Romance), or
behind it (Japanese, Korean, German). What is forbidden is told by the stems of a few verbs. An order in other letters
whose verbs are not known forbids every change, since to understand too little must never let a command through.
"""

from __future__ import annotations

import re

from tocsin.pattern import compile_late

_LETTERS = compile_late(r"[\u0400-\u04ff\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af]")
QUICK = (  # for lower case
    r"nicht\s|niemals\s|keinesfalls\s|nunca\s|não\s|jam[aá]is\s|prohibid|proibid|interdit|vietat|"
    r"n(?<!\wn)(?:on?|e)\s|m(?<!\wm)ai\s|n['’]\w+ez\b"
)
_GERMAN = (
    r"(?:neu\s*starten|starten|stoppen|anhalten|abschalten|herunterfahren|löschen|entfernen|leeren|ändern|verändern|"
    r"bearbeiten|anfassen|ausführen|ausrollen|deployen|zurückrollen|umschalten|skalieren|veröffentlichen)"
)
_SPANISH = (
    r"(?:reini(?:ciar|cie[ns]?)|borr(?:ar|e[ns]?)|elimin(?:ar|e[ns]?)|apag(?:ar|ue[ns]?)|deten(?:er|ga[ns]?)|"
    r"modifi(?:car|que[ns]?)|ejecut(?:ar|e[ns]?)|despl(?:egar|iegue[ns]?)|to(?:car|que[ns]?)|ha(?:cer|ga[ns]?)|"
    r"publi(?:car|que[ns]?)|cambi(?:ar|e[ns]?))"
)
_ORDERS = tuple(
    compile_late(pattern, re.IGNORECASE)
    for pattern in (
        r"^(?:请\s*)?(?:千万|绝对|绝|切|务必)?(?:不要|不得|不可(?!用)|不准|勿|切勿|请勿|禁止|严禁|别(?!名|的|处|人))\s*(?P<what>\S.*)",
        r"^(?P<what>\S.*?)(?:しないで(?:ください)?|しないこと|してはいけ(?:ない|ません)|してはならない|するな|は?禁止|"
        r"ないこと)[。.!！]?$",
        r"^(?P<what>\S.*?)(?:하지\s*마(?:세요|십시오|라|시오)?|하지\s*말\s*것|금지|하면\s*안\s*(?:됩니다|된다|돼))[.!]?$",
        r"^(?:никогда\s+|ни в коем случае\s+|пожалуйста,?\s+)*не\s+"
        r"(?P<what>\w+(?:йте|ите|ьте|йтесь|итесь|ть|ться)\b.*)",
        r"^(?:нельзя|запрещено|запрещается|недопустимо|заборонено|не можна)\s+(?P<what>\S.*)",
        r"^(?:niemals|keinesfalls|auf keinen fall|unter keinen umständen|verboten:?)\s+(?P<what>\S.*)",
        rf"^(?P<what>\S.{{2,80}}?)\s+nicht\s+(?P<rest>{_GERMAN})[.!]?$",
        r"^(?:não|nunca|jamais)\s+(?P<what>(?:\w+[aei]r\b|reinici|apagu|delet|exclu|remov|par[ea]m?\b|alter|modifi|"
        r"execut|rod|faça|divulgu|publi|toqu|mex).*)",
        rf"^(?:no|nunca|jamás)\s+(?P<what>{_SPANISH}(?:l[aoe]s?)?\b.*)",
        r"^(?:surtout\s+)?ne\s+(?:pas|jamais)\s+(?P<what>\S.*)",
        r"^(?:surtout\s+)?n(?:e\s+|['’])(?P<what>\w+ez)\s+(?:pas|jamais)\b(?P<rest>.*)",
        r"^(?:non|mai)\s+(?P<what>(?:riavvi|cancell|elimin|spegn|ferm|modific|esegu|tocc|pubblic|cambi)\w*.*)",
        r"^(?:prohibido|proibido|interdit(?: de)?|vietato)\s+(?P<what>\S.*)",
    )
)
_STEMS = (
    ("restart", r"重启|重新启动|再起動|リスタート|перезапус|перезагру|рестарт|재시작|재부팅|neu ?\w*start|reinici|"
                r"red[ée]marr|riavvi"),
    ("delete", r"删除|清空|清除|清理|削除|消去|удал|очищ|стира|삭제|제거|lösch|entfern|leeren|apag|delet|exclu|"
               r"remov|borr|elimin|supprim|effac|cancell"),
    ("stop", r"停止|关闭|关机|停机|останавл|остановл|выключ|중지|종료|stopp|anhalt|abschalt|herunterfahr|"
             r"desligu?|parar|deten|arr[êe]t|ferm(?:are|ez)|spegn"),
    ("change", r"修改|更改|变更|変更|触|измен|меня|правьте|трога|변경|수정|änder|anfass|bearbeit|alter|modifi|"
               r"cambi|toqu|mex"),
    ("deploy", r"部署|发布版本|デプロイ|разв[её]рт|деплой|выкат|배포|deploy|ausroll|implant|despl[ei]"),
    ("roll back", r"回滚|ロールバック|откат|롤백|zurückroll|revert"),
    ("restore", r"恢复备份|还原|リストア|восстанавл|복원|wiederherstell|restaur"),
    ("fail over", r"切换主|主从切换|フェイルオーバー|переключ|umschalt"),
    ("scale", r"扩容|缩容|スケール|масштаб|skalier"),
    ("run any command", r"执行|运行|実行|выполня|(?<!пере)запуска|실행|ausführ|execut|ejecut|ex[ée]cut|esegu|rod[ae]"),
    ("announce to the public", r"公开|公布|对外|客户|公表|顧客|публик|клиент|сообща|공개|고객|veröffentlich|"
                               r"kunden|divulg|clientes|public[ao]|publique|pubblic|client"),
)  # fmt: skip
_MEANINGS = tuple((english, compile_late(pattern, re.IGNORECASE)) for english, pattern in _STEMS)
_LOGS = compile_late(r"日志|ログ|журнал|лог[иа]?\b|\blogs?\b|protokoll|registros|로그", re.IGNORECASE)
_IDLE = compile_late(
    r"exced|esque[cç]|entrar e[mn] p[áâa]nico|hesit|olvid|oubli|paniqu|dimentic|vergess|惊慌|慌|忘|担心|паник|забыва|"
    r"慌て|忘れ|당황",
    re.IGNORECASE,
)
_CLEARLY = compile_late(
    r"reinici|red[ée]marr|riavvi|neu ?\w*start|lösch|entfern|\bapag(?:ar|ue)|\bborr(?:ar|e)\b|"
    r"\belimin(?:ar|e|ez)\b|supprim|"
    r"effac|cancellare|anhalt|abschalt|herunterfahr|desligu?|änder|anfass|ausführ|zurückroll|umschalt|skalier|"
    r"veröffentlich|divulg[au]",
    re.IGNORECASE,
)
_OTHER_LETTERS = compile_late(r"[\u0400-\u04ff\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af]{2}")
_ANYTHING = "make any changes"


def may_order(text: str) -> bool:
    """A cheap look: whether a text can hold such an order."""
    return _QUICK.search(text.lower()) is not None or (not text.isascii() and _LETTERS.search(text) is not None)


_QUICK = compile_late(QUICK)


def find_order(clause: str) -> str | None:
    """What a clause forbids, in English words behind its own; None when it is no such order."""
    if not may_order(clause):
        return None
    words = clause.strip(" *_\"'。.!！·•-")
    for pattern in _ORDERS:
        match = pattern.match(words)
        if match is not None:
            what = f"{match['what']} {match.groupdict().get('rest') or ''}".strip()
            return None if _IDLE.match(what) else f"{_tell(what)} ({what})"
    return None


def translate(what: str) -> str:
    """What is forbidden in English words, where it is clearly said in another language; else as it is."""
    return _tell(what) if _OTHER_LETTERS.search(what) or _CLEARLY.search(what) else what


def _tell(what: str) -> str:
    found = [english for english, pattern in _MEANINGS if pattern.search(what)]
    told = " and ".join(found) if found else _ANYTHING if _OTHER_LETTERS.search(what) else what
    return f"{told} logs" if _LOGS.search(what) and {"delete", "change"} & set(found) else told
