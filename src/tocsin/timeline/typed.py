"""What commands give away that take a secret as an argument, or by a pipe, or print one when they are asked to."""

from __future__ import annotations

from tocsin.timeline.sureness import Form, Sure

_VALUE = r"[\"']?(?P<v>[^\s\"'|;&<>$]{4,512})"
_TO = r"[^\n|;]{0,120}?[ \t]"

TYPED = (
    Form(
        "echo |printf ",
        r"\w{4,6}[ \t]+(?:-\w{1,2}[ \t]+)?(?:['\"]%s(?:\\n)?['\"][ \t]+)?[\"']?(?P<v>[^\s\"'|$]{4,512})[\"']?[ \t]"
        r"*\|[ \t]*"
        r"(?:sudo[ \t]+(?:-\w+[ \t]+){0,4}-\w*S|passwd|kinit|chpasswd|su[ \t]|cryptsetup|[^\n|]{0,120}?(?:--passwo"
        r"rd-stdin|--pass-stdin"
        r"|--stdin|--passphrase-fd|--with-token|-pass stdin|--key-file=-|-d -|[ \t]secrets?[ \t]+(?:put|set"
        r"|create|import)\b))",
    ),
    Form("sudo |passwd|kinit|pass insert", rf"[a-z]{{4,7}}[^\n<]{{0,80}}<<<[ \t]*{_VALUE}"),
    Form(
        "<<<",
        r"(?=[aeklpstu])(?<!grep )(?<!grep [\"'])(?<!grep -[a-zA-Z] )(?<!grep -[a-zA-Z] [\"'])(?<!grep -[a-zA-Z]{2} )"
        r"(?<!grep -[a-zA-Z]{2} [\"'])"
        r"(?:(?<![a-z])(?:api|ssh)?(?:key(?:s|ctl|file)?|pass(?:code)?)(?![a-z])|passw|passphrase|token|secret|login"
        r"|unseal|encrypt)[^\n<]{0,120}+<<<[ \t]*[\"']?(?P<v>[^\s\"'|;&<>$]{8,512})",
        Sure.MIXED, back=140,
    ),
    Form(
        "-u |--user |--user=",
        r"(?:^[ \t]*|(?<=[ \t]))-(?:u|-user)[ =]{1,2}[\"']?(?P<v>[\w.~+/=-]{16,512}:[xX]?)(?=[\s\"']|\Z)",
        Sure.MIXED,
    ),
    Form(
        "-u |--user |--user=",
        r"^[ \t]*-(?:u|-user)[ =]{1,2}[\"']?(?P<u>[\w.@+-]{1,64}):(?!(?P=u))(?P<v>[^\s\"'$/:]{6,512})[\"']?"
        r"(?=[ \t]*(?:\\|$)|[^\n]{0,200}://)",
        Sure.TYPED, back=20,
    ),
    Form(
        "http |https |xh ",
        r"(?:^|(?<=[\s$;&|(]))(?:https?|xhs?)[ \t][^\n|;]{0,200}?(?:-a|--auth)[ =][\"']?(?:[\w.@+-]{1,64}:)?"
        r"(?P<v>[^\s\"':$]{6,512})",
        Sure.ODD,
    ),
    Form("net use ", r"(?i)net use[ \t]+(?:\w:[ \t]+)?\\\\\S{3,200}[ \t]+(?P<v>[^\s/*]\S{3,512})[ \t]+/user:"),
    Form(
        "setx ", r"(?i:setx)[ \t]+(?:/m[ \t]+)?(?P<n>\w{2,64})[ \t]+[\"']?(?P<v>[^\s\"']{4,512})", Sure.NAMED,
    ),
    Form(
        "assword",
        r"assword[^\n\"'}]{0,40}+[\"'}](?:[^\n]{0,60}+\n)?[^\n]{0,60}?send(?:line)?(?: --)?[ (]\""
        r"(?P<v>[^\"\\\n]{4,512})(?:\\[rn])?\"",
    ),
    Form(
        "-y ",
        r"-y[ \t]+[\"']?(?:hmac-[\w-]{3,10}:)?[\w.-]{1,128}:(?P<v>[A-Za-z0-9+/]{16,512}={0,2})(?=[\s\"']|\Z)",
        Sure.MIXED,
    ),
    Form("mosquitto_", rf"mosquitto_\w{{1,12}}{_TO}-P[ \t]+{_VALUE}"),
    Form("xfreerdp|rdesktop|mstsc", rf"(?i)[a-z]{{5,8}}{_TO}(?:/p:|-p[ \t]+){_VALUE}"),
    Form("net use ", r"(?i)net use [^\n]{1,120}?/user:\S{1,64}[ \t]+(?P<v>[^\s/*]\S{3,512})"),
    Form("net user ", r"(?i)net user \S{1,64}[ \t]+(?P<v>[^\s/*]\S{3,512})[ \t]+/"),
    Form("convertto-securestring", rf"(?i)ConvertTo-SecureString(?:[ \t]+-String)?[ \t]+{_VALUE}"),
    Form("openssl ", rf"(?i:openssl){_TO}-[kK][ \t]+{_VALUE}"),
    Form("zip ", rf"(?i:zip)[ \t](?:[^\n|;]{{0,60}}[ \t])?-P[ \t]+{_VALUE}", Sure.MIXED),
    Form("7z |7za |7zz ", rf"(?i)7z[az]?[ \t]+[a-z][ \t](?:[^\n|;]{{0,60}}[ \t])?-p{_VALUE}", Sure.MIXED),
    Form(
        " -storepass | -keypass | -srcstorepass | -deststorepass | -srckeypass | -destkeypass | -pw ",
        rf"[ \t]-[a-z]{{2,13}}[ \t]+{_VALUE}",
    ),
    Form(
        "-login |-login=|-auth |-auth=|-userpass |-userpass=",
        r"(?i)-[a-z]{4,8}[ =][\"']?[\w.@-]{1,64}:(?P<v>(?!\d{1,6}\b|//)[^\s\"']{4,512})",
    ),
    Form("oathtool ", rf"oathtool{_TO}(?P<v>[A-Za-z2-7=]{{16,128}}|[0-9a-fA-F]{{32,128}})"),
    Form(
        "docker |podman |helm |nerdctl |skopeo |oras |crane ",
        rf"[a-z]{{4,7}}{_TO}(?:-p=|--password=)[\"']?(?P<v>[^\s\"'$]{{4,512}})",
    ),
    Form(
        "curl ",
        r"curl[^\n|;]{0,200}?[ \t](?:-b|--cookie)[ =]?[\"']?[\w.-]{1,64}=(?P<v>[^\s\"';$]{6,512})",
        Sure.MIXED, b"cookie",
    ),
    Form("add_user|change_password|authenticate_user", rf"[a-z_]{{8,17}}[ \t]+\S{{1,64}}[ \t]+{_VALUE}", Sure.MIXED),
    Form(
        "vault |bao ",
        rf"[a-z]{{3,5}}[ \t]+(?:operator[ \t]+)?(?:login|unseal)[ \t]+(?:-[\w=-]{{1,40}}[ \t]+){{0,3}}{_VALUE}",
        Sure.CHANCE,
    ),
    Form("walletpassphrase |encryptwallet |importprivkey |unlockwallet ", rf"[a-z]{{12,16}}[ \t]+{_VALUE}"),
    Form("secret set ", r"secret set \w{1,64}[ \t]+(?:--body|-b)[ =]" + _VALUE),
    Form("--from-literal", r"--from-literal[= ][\"']?[\w.-]{1,64}=(?P<v>[^\s\"'$]{4,512})"),
    Form("ftp ", rf"ftp{_TO}-u[ \t]+[\"']?[^\s\"',]{{1,64}},(?P<v>[^\s\"'$]{{4,512}})"),
    Form("rpcclient ", rf"rpcclient{_TO}-U[ \t]+[\"']?[^\s\"'%]{{1,64}}%(?P<v>[^\s\"'$]{{4,512}})"),
    Form("useradd |usermod ", rf"user[a-z]{{3}}{_TO}(?:-p|--password)[ \t]+{_VALUE}"),
    Form("wpa_passphrase ", rf"wpa_passphrase[ \t]+\S{{1,64}}[ \t]+{_VALUE}"),
    Form("nmcli ", rf"nmcli{_TO}password[ \t]+{_VALUE}"),
    Form("db2 ", rf"db2{_TO}user[ \t]+\S{{1,64}}[ \t]+using[ \t]+{_VALUE}"),
    Form(
        "conn |connect |sqlplus |expdp |impdp |sqlldr ",
        r"(?i)[a-z]{4,7}[ \t]+(?:-\w{1,9}[ \t]+){0,3}[\"']?[a-z][\w.$-]{0,30}/(?P<v>[^\s/@\"']{4,512})",
        Sure.MIXED,
    ),
    Form("setcookie ", r"setcookie[ \t]+(?P<v>[A-Za-z0-9_]{8,512})"),
    Form(
        "setenv |set -|export -x",
        r"(?:setenv|set[ \t]+-\w*x\w*|export[ \t]+-x)[ \t]+(?P<n>\w{2,64})[ \t]+[\"']?(?P<v>[^\s\"']{4,512})",
        Sure.NAMED,
    ),
    # what a file of such a name holds stands alone in the next line
    Form(
        "cat |xxd |base64 |less |head |tail |hexdump ",
        r"(?i)[a-z0-9]{3,7} [^\n|]{0,160}?(?<![a-z])(?:secret|token|passw|passphrase|private|credential|cookie|"
        r"(?:[\w-]{0,40}[._-])?key)"
        r"(?![\w.-]*(?:\.pub|\.md|\.crt|\.ya?ml|\.json|\.conf|\.cnf|\.log|\.py|\.go|\.[jt]s|\.sh|\.sql|\.service)\b)"
        r"[^\n]{0,80}\r?\n(?P<v>[\w+/=.~:-]{12,512})[ \t]*\r?(?:\n|\Z)",
        Sure.FILED,
    ),
    Form(
        "$ |# |+ |% |> ",
        r"(?i)(?:[$+%>]|(?<=[\w~/\]])#) (?=\w[^\n]{8,400}+\n[^\s:/=]{8,512}+=*+[ \t\r]*+(?:\n|\Z))"
        r"(?=[^\n]{0,60}?\b(?:get|get-\w{2,40}|read|show|view|cat|echo [\"']?\$(?=\w)|printenv|output|lookup"
        r"|find-\w{2,40}|item|access|decrypt|config:get|base64)(?:(?<=\$)|(?!\w)))"
        r"(?=[^\n]{0,200}?(?:passw|passphrase|secret|token|credential|api[_-]?key|private[_-]?key))"
        r"(?![^\n]{0,300}?(?:[.:]metadata|custom-columns|-o name|\.name\b|list-|polic|status\b|usage\b|\.csv\b|uid\b"
        r"|\.pub\b|public|version=|--help|digest|sha256))"
        r"[^\n]{8,400}\n(?P<v>[^\s:/=]{8,512}={0,2})",
        Sure.ANSWER,
    ),
    # what is asked for stands alone in the next line
    Form("urandom", r"(?i)urandom[^\n]{0,160}\r?\n(?P<v>[\w+/=.~:-]{12,512})[ \t]*\r?(?:\n|\Z)", Sure.FILED),
    Form(
        "genkey|genpsk|pwgen|openssl rand|--unsafe|dumpprivkey|get-key|print-key|create-token"
        "|access-token|identi"
        "ty-token|get-login-password"
        "|initial-password|initial-admin-password|op read|pass show|whoami -t|get-token|versions access|jwt.hex|j"
        "wtsecret|nodekey"
        "|export-private-key|print-token",
        r"(?i)(?![^\n]{0,180}--(?:help|version))[\w .-]{5,24}[^\n]{0,160}"
        r"\r?\n(?P<v>[\w+/=.~:-]{12,512})[ \t]*\r?(?:\n|\Z)",
        Sure.PRINTED,
    ),
)  # fmt: skip
