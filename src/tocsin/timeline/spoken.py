"""What sentences and prompts give away: ``password for bob has been reset to …``, ``Recovery code: …``."""

from __future__ import annotations

from tocsin.timeline.sureness import Form, Sure

_WHAT = r"(?:password|passwort|passphrase|passcode|secret key|api key|access key|client secret|auth key)"
_WHATS = "password|passwort|passphrase|passcode|secret key|api key|access key|client secret|auth key"
_FOREIGN = (
    "passwort|mot de passe|contraseña|contrasena|senha|пароль|密码|密碼|口令|パスワード|暗証番号|kennwort"
    "|wachtwoord|비밀번호|암호|hasło|haslo|heslo|lösenord|şifre|parola|adgangskode|salasana|jelszó"
)
_SAID = (
    r"(?: for [^\n]{1,60}?)?(?: (?:has|have|been|was|is|successfully|now|changed|reset|set|updated|generated|rotated"
    r"|new|created)){0,6}(?: (?:to|is|as|was)|:)[ \t]*:?[ \t]*[\"'`]?(?P<v>[^\s\"'`]{6,512})"
)
_ALONE = r"[ \t]*\r?(?:\n|\Z)"
_CODE = r"[A-Za-z0-9]{3,12}(?:[ -][A-Za-z0-9]{3,12}){0,7}"
_OF_LETTERS = r"(?:[A-Za-z]{8,32}|[A-Za-z]{3,12}(?:-[A-Za-z]{3,12}){1,11}|[A-Za-z]{4}(?: [A-Za-z]{4}){2,11})"
_ONCE = b"one-time code"

SPOKEN = (
    Form(_WHATS, rf"(?i){_WHAT}{_SAID}", Sure.MIXED),
    Form(
        "use |using |with |enter |try ",
        rf"(?i)\w{{3,5}} (?:the |this )?{_WHAT} [\"'`]?(?P<v>[^\s\"'`]{{6,512}})",
        Sure.MIXED,
    ),
    Form(
        "log in|login|sign in|credentials|creds",
        r"(?i)[a-z ]{5,11}\b[^\n]{0,40}? [\w.@-]{1,64} / (?P<v>[^\s\"'`/]{6,512})",
        Sure.MIXED,
    ),
    Form(
        "password|passphrase",
        rf"(?i)pass(?:word|phrase)(?: for [^\n:]{{1,120}})?: {{1,4}}(?P<v>\S{{6,512}}){_ALONE}",
        Sure.ODD,
    ),
    Form(
        "password for |passphrase for ",
        rf"(?i)pass(?:word|phrase) for [^\n:]{{1,120}}: {{1,4}}(?P<v>[^\s:]{{2,64}}-[^\s:]{{2,64}}-[^\s:]{{2,64}})"
        rf"{_ALONE}",
    ),
    Form(
        "password|passphrase|access token|api token|secret|private key|secret key|api key",
        rf"(?i)[a-z]{{3,10}}(?: [a-z]{{3,5}})?\b[^\n:]{{0,60}}:[ \t]*\r?\n(?:[ \t]*\r?\n){{0,3}}[ \t]*(?P<v>[^\s:]"
        rf"{{8,512}}){_ALONE}",
        Sure.MIXED,
    ),
    Form(
        "password",
        rf"(?i)password[^\n]{{0,120}}\r?\n(?:new )?(?:value|password)[ \t]{{0,3}}: {{1,20}}(?P<v>\S{{8,512}})"
        rf"{_ALONE}",
        Sure.ODD,
    ),
    Form(
        _FOREIGN,
        rf"(?i)(?:{_FOREIGN})[\"']?[ \t]*(?:[:=]|：|は|是|lautet:?|is\b|ist\b|est\b|es\b|é\b|è\b)[ \t]*"
        r"[\"']?(?P<v>[^\s\"',;]{6,512})",
        Sure.ODD,
    ),
    Form(
        "password：|passphrase：|secret：|token：|passwort：",
        r"(?i)[a-z]{5,10}：[ \t]*(?P<v>[^\s\"',;]{6,512})",
        Sure.ODD,
    ),
    Form("password<|passwd<|passphrase<", r"(?i)pass(?:word|wd|phrase)<(?P<v>[^<>\s]{6,512})>", Sure.MIXED),
    Form("token", r"(?i)token[ :=]{1,3}(?P<v>[0-9a-f]{32,64})\b", Sure.CHANCE),
    Form(
        "recovery|backup|scratch|rescue|emergency|bypass|single-use",
        r"(?i)[a-z-]{6,10}[ _-](?:scratch )?(?:code|key|token|password)s?\b"
        rf"(?:[ \t]+(?:is|are)|[^\n:]{{0,40}}:)[ \t]*[\"'`]?(?P<v>{_CODE}(?:,[ \t]?{_CODE}){{0,15}})(?![\w/])",
        Sure.DIGIT,
    ),
    Form(
        "recovery|backup|scratch|rescue|emergency|bypass|single-use|2fa|mfa",
        r"(?i)[a-z0-9-]{3,10}[ _-](?:scratch )?(?:code|key|token)s?\b(?:[ \t]+(?:is|are)|[^\n:]{0,40}:)"
        rf"[ \t]*[\"'`]?(?P<v>{_OF_LETTERS}(?:(?:,[ \t]?|[ \t]){_OF_LETTERS}){{0,15}})(?![\w/])",
        Sure.LETTERS,
    ),
    Form(
        "security key|recovery key|backup key",
        r"(?i)[a-z]{6,8} key[ \t]*[:=][ \t]*[\"'`]?(?P<v>[a-z0-9]{4}(?: [a-z0-9]{4}){7,15})\b",
        Sure.DIGIT,
    ),
    Form(
        "admin:|administrator:|root:|superuser:",
        r"(?i)(?:(?<=use )|(?<=try )|(?<=with )|(?<=log in as )|(?<=login )|(?<=creds )|(?<=credentials ))"
        r"[a-z]{4,13}:(?P<v>[^\s\"'`:/]{8,64})(?=[\s.,]|\Z)",
        Sure.CHOSEN,
    ),
    Form(
        "one-time |one time |temporary |verification |security |authentication |confirmation |sign-in |signin |lo"
        "gin |2-step |two-factor "
        "|activation |pairing |device |user code",
        r"(?i)[\w-]{4,14}(?: time)? (?:password|passcode|code|pin)(?: is|:| =)[ \t]*[\"'`]?"
        r"(?P<v>[0-9]{4,10}\b|(?-i:[A-Z0-9]{3,5}-[A-Z0-9]{3,5}\b))",
        kind=_ONCE,
    ),
    Form(
        " is your ",
        r"(?i)(?:(?-i:[A-Z])-)?(?<![\w.-])(?P<v>[0-9]{4,8}|[0-9]{3}[ -][0-9]{3}) is your [^\n]{0,60}\b(?:code|otp|"
        r"pin|passcode|password)\b",
        kind=_ONCE, back=60,
    ),
    Form(
        " is your ",
        r"(?P<v>\b[A-Z]-[0-9]{4,8}) is your [^\n]{0,60}\b(?:code|otp|pin|passcode|password)\b",
        kind=_ONCE, back=60,
    ),
    Form(
        "enter the code|enter this code",
        r"(?i)enter (?:the|this) code:? (?P<v>(?-i:[A-Z0-9]{4,9}(?:-[A-Z0-9]{4})?))\b(?= to|\.| at)",
        kind=_ONCE,
    ),
    Form("puk", r"(?i)PUK[12]?[ \t]*[:=][ \t]*(?P<v>[0-9]{8})\b"),
    Form(
        "key|secret|manually",
        r"(?i)[a-z]{3,8}\b[^\n:]{0,40}:[ \t]*(?P<v>[a-z2-7]{4}(?: [a-z2-7]{4}){3,15})\b",
        Sure.DIGIT,
    ),
    Form(
        "this password|this token|this secret|this key|please change|please store|please save|store it|store this"
        "|keep it|keep this|save this|save it",
        rf"(?i)^[ \t]*(?P<v>[^\s:]{{8,128}}){_ALONE}(?:[ \t]*\r?\n){{0,2}}[ \t]{{0,8}}(?:this|please|store|keep|sav"
        rf"e) [^\n]{{0,80}}"
        r"(?:must|should|only|password|passphrase|token|secret|key)",
        Sure.MIXED, back=200,
    ),
)  # fmt: skip
