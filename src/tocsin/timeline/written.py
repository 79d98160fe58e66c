"""What files of settings and the outputs of programs give away, by a word of theirs that is no name of a secret."""

from __future__ import annotations

from tocsin.timeline.sureness import Form, Sure

_B64 = r"[A-Za-z0-9+/]"
_B58KEY = r"(?P<v>(?-i:[1-9A-HJ-NP-Za-km-z]){86,88})"
"""Sixty-four bytes in base58: a key of Solana, or a signature, which is public. What stands before it says which."""
_GIVEN = r"\"\s{0,8}:\s{0,8}\""
_HASH = b"password hash"

_KEYS = (
    Form(
        "key",
        r"(?i)(?<=[ _-])keys?[ \t]+(?:share[ \t]+)?\(?#?[0-9]{1,2}\)?[ \t]*[:=][ \t]*(?P<v>[^\s\"',]{16,512})",
        Sure.CHANCE,
    ),
    Form(
        "encrypt",
        rf"(?i)encrypt(?:ion)?(?:[_-]?key)?[\"']?[ \t]*[:=][ \t]*[\"']?(?P<v>{_B64}{{22,43}}={{1,2}})",
        Sure.CHANCE,
    ),
    Form(
        "certificate key|certificate-key|join key|bootstrap key",
        r"(?i)[a-z]{4,11}[- ]key[ \t:=]+(?:\r?\n)?(?P<v>[0-9a-f]{64})\b",
    ),
    Form(
        "mk dump|master key|volume key|mk bits",
        r"(?i)[a-z]{2,6} [a-z]{3,4}[^\n:]{0,20}:\s{0,8}(?P<v>[0-9a-f]{2}(?:[ \t\r\n]{1,40}[0-9a-f]{2}){15,127})\b",
    ),
    Form("crypt ", r"crypt[ \t]+[\w:.-]{3,40}[ \t]+(?P<v>[0-9a-f]{32,512})\b"),
    Form("auth|enc|aead", r"(?:auth(?:-trunc)?|enc|aead)[ \t]+\S{3,40}[ \t]+(?P<v>0x[0-9a-f]{16,512})"),
    Form("(0x", r"@[A-Z0-9.-]{1,80}[ \t]{1,8}\((?P<v>0x[0-9a-f]{16,64})\)", back=90),
    Form("munge key|shared key|corosync key|cluster key",
        r"(?i)[a-z-]{5,8} key[ \t]*[:=][ \t]*(?P<v>\S{16,512})", Sure.CHANCE),
    Form(
        "add(", r"(?i)accounts?\.add\([ \t]*[\"'](?P<v>(?:0x)?[0-9a-f]{64})[\"']", back=10,
    ),
    Form(
        "md5",
        r"(?<![\w/.=-])(?<!(?i:etag) )(?<!(?i:etag)[\"':] )(?<!(?i:etag)[ :][\"'])(?<!(?i:etag): [\"'])"
        r"(?<!(?i:etag)\":\")(?<!(?i:etag)\": \")(?<!(?i:sum|est)[ :])(?<!(?i:sum|est): )"
        r"md5(?P<v>[0-9a-f]{32})(?![\w.-])",
        kind=_HASH,
    ),
    Form("code_verifier|codeverifier",
        r"(?i)code_?verifier[\"']?[ \t]*[:=][ \t]*[\"']?(?P<v>[\w.~-]{43,128})", Sure.CHANCE),
    Form("keytab", r"keytab\b[^\n]{0,80}?(?P<v>0x[0-9a-f]{32,64})\b"),
    Form("secret key", rf"secret key\r?\n(?P<v>RW{_B64}{{40,512}}={{0,2}})"),
    Form(":x25519:", r":x25519:(?P<v>[A-Z2-7]{52})"),
    Form(
        "private key",
        r"(?i)private keys?\b[^\n]{0,40}\r?\n[-=~ \t]{0,80}\r?\n?\s{0,8}(?:\(?[0-9]{1,3}\)?[.:)]?[ \t]*)?(?P<v>(?:"
        r"0x)?[0-9a-f]{64})\b",
    ),
    Form(
        "keypair|secret|private|phantom|solflare|base58|bs58|payer key|signer key|wallet key|with key",
        r"(?i)(?=[^\n]{0,93}(?:\n[ \t]{0,40})?(?<=[^\w/+])[1-9A-HJ-NP-Za-km-z]{86})"
        r"[a-z0-9 ]{4,13}(?:(?!signature|\bsig\b|\btx|transaction|confirm|signed|public|pubkey)[^\n]){0,80}?"
        rf"(?:\r?\n[ \t]*)?(?<![\w/+]){_B58KEY}(?![\w/+=])",
    ),
    Form("\"result\"", rf"\"result\"\s{{0,8}}:\s{{0,8}}\{{\s{{0,8}}\"key{_GIVEN}(?P<v>[0-9a-f]{{64}})\""),
    Form("\"ciphertext\"", rf"\"ciphertext{_GIVEN}(?P<v>[0-9a-f]{{32,512}})"),
    Form("signingkey", rf"(?i)signingkey\w{{0,40}}\"[^{{}}]{{0,200}}?\"cborHex{_GIVEN}(?P<v>[0-9a-f]{{64,512}})"),
    Form("\"rune\"", rf"\"rune{_GIVEN}(?P<v>[\w=-]{{40,512}})"),
    Form("\"sha1\"", rf"\"sha1{_GIVEN}(?P<v>[0-9a-f]{{40}})\"\s{{0,8}},\s{{0,8}}\"token_last_eight\""),
    Form(
        "\"username\"",
        rf"\"username{_GIVEN}[^\"\n]{{0,80}}\"\s{{0,8}},\s{{0,8}}\"key{_GIVEN}(?P<v>[0-9a-f]{{32}})\"",
    ),
    Form("\"key\"", rf"\"key{_GIVEN}(?P<v>[\w-]{{16,64}}:[\w-]{{16,64}})\""),
    Form("\"encoded\"", rf"\"encoded{_GIVEN}(?P<v>{_B64}{{40,512}}={{0,2}})\""),
    Form(
        "oauth\"|gitlab-token\"|\"bearer\"",
        rf"(?i)[\w\"-]{{5,13}}\"\s{{0,8}}:\s{{0,8}}\{{\s{{0,40}}\"[^\"\n]{{1,100}}{_GIVEN}(?P<v>[^\"\n]{{16,512}})"
        rf"\"",
    ),
    Form(
        "\"keyname\"",
        rf"(?i)\"keyname{_GIVEN}[^\"\n]{{0,64}}\"[^{{}}]{{0,200}}?\"value{_GIVEN}(?P<v>{_B64}{{30,512}}={{0,2}})\"",
    ),
    Form("key1|key2", rf"key[12][ \t]+(?:FULL|Full|READ|Read)[ \t]+(?P<v>{_B64}{{30,512}}={{0,2}})"),
    Form("secret id", r"(?i)secret id[ \t]*[:=][ \t]*(?P<v>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"),
    Form(
        "ltai|akid|goog",
        r"(?:LTAI|AKID|GOOG)[A-Za-z0-9]{12,60}[\s\"',;:|]{1,12}(?:[A-Za-z_ ]{0,40}[=:\s\"]{1,4})?(?P<v>[A-Za-z0-9/"
        r"+]{30,44})\b",
        Sure.CHANCE,
    ),
    Form("ed25519v1-secret", r"ed25519v1-secret: type0 ==\s{1,8}(?P<v>\S{40,512})"),
    Form("\\u0040", r":(?P<v>[^\s:/@\"']{4,64})\\u0040", back=70),
    Form("<master>", r"<master>\{?(?P<v>[^<\s]{16,512})"),
)  # fmt: skip

_CARRIED = (
    Form(
        "securestring",
        r"SecureString\\?\"?(?:[,\s]{1,80}\\?\"?[Vv]alue\\?\"?\s{0,8}:\s{0,8}\\?\"|\t)(?P<v>[^\s\"\\][^\t\n\"\\]{3"
        r",512})",
    ),
    Form(
        "payload",
        rf"payload\"?\s{{0,8}}:\s{{0,40}}\{{?\s{{0,40}}(?:\"?dataCrc32c\"?\s{{0,4}}:[^\n]{{0,40}}\n\s{{0,40}})?\"?d"
        rf"ata\"?\s{{0,8}}:\s{{0,8}}\"?(?P<v>{_B64}{{8,512}}={{0,2}})",
    ),
    Form(
        "value",
        r"(?i:value)\"?\s{0,8}:\s{0,8}\"(?P<v>[^\"\n]{4,512})\"\s{0,8},\s{0,40}\"(?:[Nn]ame|[Kk]ey)\"\s{0,8}:\s{0,"
        r"8}\"(?P<n>[^\"\n]{1,64})\"",
        Sure.NAMED,
    ),
    Form(
        "value:",
        r"value:[ \t]*[\"']?(?P<v>[^\s\"']{4,512})[\"']?[ \t]*\r?\n[ \t]{0,40}(?:name|key):[ \t]*[\"']?(?P<n>[\w.-"
        r"]{1,64})",
        Sure.NAMED,
    ),
    Form(
        "{\"s\"|{\"b\"|{ \"s\"|\"stringvalue\"|\"string_value\"",
        rf"\"(?P<n>[\w.-]{{1,64}})\"\s{{0,8}}:\s{{0,8}}\{{\s{{0,40}}\"(?:S|B|stringValue|string_value){_GIVEN}(?P<v"
        rf">[^\"\n]{{4,512}})\"",
        Sure.NAMED, back=140,
    ),
    Form(
        "\"s\":|\"s\" :",
        rf"\"(?P<n>[\w.-]{{1,64}})\"\s{{0,8}}:\s{{0,8}}\{{\s{{0,40}}\"S{_GIVEN}(?P<v>[^\"\n]{{4,512}})\"",
        Sure.NAMED, back=140,
    ),
    Form(
        "\"]=>",
        r"\[\"(?P<n>[\w.-]{1,64})\"\]=>\s{0,40}string\([0-9]{1,6}\) \"(?P<v>[^\"\n]{4,512})\"",
        Sure.NAMED, back=70,
    ),
    Form("s:", r"s:[0-9]{1,3}:\\?\"(?P<n>[\w.-]{1,64})\\?\";s:[0-9]{1,6}:\\?\"(?P<v>[^\"\n\\]{4,512})", Sure.NAMED),
    Form("<key>", r"<key>(?P<n>[\w .-]{1,64})</key>\s{0,40}<string>(?P<v>[^<\n]{4,512})<", Sure.NAMED),
    Form(") \"", r"\) \"(?P<n>[\w.-]{1,64})\"\r?\n[ \t]{0,40}[0-9]{1,4}\) \"(?P<v>[^\"\n]{4,512})\"", Sure.NAMED),
    Form(
        "\" -> \"",
        r"(?P<n>[\w.-]{2,64})\"?[ \t]{0,8}[:=][ \t]{0,8}\"[^\"\n]{0,100}\" -> \"(?P<v>[^\"\n]{4,512})\"",
        Sure.NAMED, back=190,
    ),
    Form(
        "= \"\"\"|= '''|=\"\"\"|='''",
        r"(?P<n>[\w.-]{2,64})[ \t]*=[ \t]*(?:\"\"\"|''')\r?\n(?P<v>[^\s\"']{4,512})",
        Sure.NAMED, back=70,
    ),
    Form(
        "reg_sz",
        r"(?i)(?P<n>\w{2,64})[ \t]+REG_(?:EXPAND_)?SZ[ \t]+(?P<v>\S{4,512})",
        Sure.NAMED, back=80,
    ),
    Form(
        "variable \"",
        r"variable \"(?P<n>[\w-]{2,64})\"[ \t]*\{[^{}]{0,400}?\bdefault[ \t]*=[ \t]*\"(?P<v>[^\"\n]{4,512})\"",
        Sure.NAMED,
    ),
    Form("credentials\t", r"CREDENTIALS\t[^\t\n]{10,40}\t[^\t\n]{10,40}\t(?P<v>[A-Za-z0-9+/]{40})\t"),
    Form(
        "credentials\t",
        r"CREDENTIALS\t[^\n]{20,200}?\t(?P<v>[A-Za-z0-9+/]{100,512}={0,2})(?![\w+/])",
    ),
    Form("password>", r"(?i)password>\s{0,40}<value>(?P<v>[^<\s]{4,512})<"),
    Form("<value>", r"(?i)<value>(?P<v>[^<\s]{4,512})</value>\s{0,40}<plaintext>"),
    Form(
        "define(",
        r"(?i)define\([ \t]*[\"']\w{0,40}(?:key|salt|password|secret)\w{0,20}[\"'][ \t]*,[ \t]*[\"'](?P<v>[^\"'\n]"
        r"{8,512})[\"']",
    ),
    Form(
        "-key:|-sign:|-auth:|-crumb:|-secret:|-passphrase:",
        r"(?i)(?:^|(?<=[\s\"'<>*]))(?:x|cb|dd|api|jenkins|private|gotify|fastly|auth|signing|service)-[\w-]{0,40}:"
        r"[ \t]*(?P<v>[^\s,;]{12,512})",
        Sure.MIXED, back=60,
    ),
    Form("jenkins-crumb", r"(?i)jenkins-crumb[\"']?[:=][ \t]*(?P<v>[0-9a-f]{32,128})"),
)  # fmt: skip

_LINES = (
    Form("psk \"|eap \"|xauth \"|ntlm \"", r"(?i)[a-z]{3,5} \"(?P<v>[^\"\n]{4,512})\""),
    Form(
        "password |secret |key |md5 |community ",
        r"(?i)[a-z5]{3,9} (?:[05-9]|encrypted|ciphertext)[ \t]+(?P<v>[^\s\"]{6,512})",
        Sure.MIXED,
    ),
    Form("insecure-password ", r"insecure-password[ \t]+(?P<v>\S{4,512})", Sure.MIXED),
    Form("stats auth ", r"stats auth \S{1,64}?:(?P<v>\S{4,512})"),
    Form("login=", r"(?<=[ \t])login=[\w.@-]{1,64}:(?P<v>[^\s\"']{4,512})", Sure.ODD),
    Form("pass '|pass \"", r"(?i)(?<![\w-])pass ([\"'])(?P<v>[^\"'\n]{4,512})\1", Sure.CHOSEN),
    Form("loginmodule", r"(?i)loginmodule\s[^;]{0,400}?\buser_[\w.-]{1,64}=\"(?P<v>[^\"\n]{4,512})\""),
    Form(
        "set password",
        r"(?i)set password(?: for \S{1,130})?\s{0,4}=\s{0,4}(?:password\(\s{0,4})?'(?P<v>[^'\n]{4,512})'",
    ),
    Form("bearer.authorization.k8s.io.", r"(?i)[a-z0-9.]{28}(?P<v>[\w-]{16,512})", kind=b"token"),
    Form("neighbor ", r"(?i)neighbor[ \t]+\S{1,64}[ \t]+password[ \t]+(?P<v>\S{4,512})"),
    Form(
        "key-string |tacacs-server key |radius-server key |snmp-server community |rocommunity |rwcommunity |rocom"
        "munity6 ",
        r"(?i)[\w-]{10,13}(?: key| community)?[ \t]+(?P<v>[^\s\"]{4,512})",
        Sure.ODD,
    ),
    Form(
        "createuser ",
        r"(?i:createUser)[ \t]+(?:-\w{1,3}[ \t]+\S{1,64}[ \t]+)?\S{1,64}[ \t]+(?:MD5|SHA(?:-[0-9]{3})?)[ \t]+[\"']"
        r"?(?P<v>[^\s\"']{4,512})",
    ),
    Form("key content", r"(?i)key content[ \t]{0,40}:[ \t]*(?P<v>\S{4,512})"),
    Form("wifi:", r"(?i)WIFI:[^\n]{0,100}?P:(?P<v>[^;\n]{4,512});"),
    Form(
        "* \"",
        r"(?:^|(?<=: ))[\"']?[\w.@-]{1,64}[\"']?[ \t]{1,8}\* \"(?P<v>[^\"\n]{6,512})\"[ \t]+(?:\*|[0-9.]+)[ \t]*\r"
        r"?$",
        Sure.ODD, back=80,
    ),
    Form(
        "auth",
        r"(?<![\w-])(?-i:AUTH)\"?[ \t]+\"?(?:[\w.-]{1,32}\"?[ \t]+\"?)?(?P<v>[^\s\"<>]{6,512})\"?[ \t]*\r?$",
        Sure.MIXED,
    ),
    Form(
        "auth ",
        rf"(?-i:AUTH)[ \t]+(?:PLAIN|LOGIN|XOAUTH2|EXTERNAL)[ \t]+(?P<v>{_B64}{{8,512}}={{0,2}})[ \t]*\r?$",
        Sure.ODD,
    ),
    Form("334 ", rf"334 (?:UGFzc3dvcmQ6|VXNlcm5hbWU6)\r?\n(?:[CS<>]:?[ \t])?(?P<v>{_B64}{{4,512}}={{0,2}})[ \t]*\r?$"),
    Form(
        "pass ",
        r"(?:^|(?<=[>»\s]))PASS[ \t]+(?P<v>(?=[^\s/.():]{0,64}[0-9])(?=[^\s/.():]{0,64}[A-Z])[^\s/.():]{4,512})[ "
        r"\t]*\r?$",
        Sure.MIXED,
    ),
    Form("user ", r"^USER[ \t]+\S{1,64}\r?\n(?:[^\n]{0,80}\r?\n)?PASS[ \t]+(?P<v>\S{4,512})"),
    Form(" login ", r" LOGIN[ \t]+\S{1,80}[ \t]+\"?(?P<v>[^\s\"]{4,512})[\" \t]*\r?$", Sure.ODD),
    Form("requirepass|masterauth|rootpw", r"[a-z]{6,11}\r?\n(?P<v>\S{4,512})[ \t]*\r?$"),
    Form("user |setuser ", r"(?i:(?:set)?user)[ \t]+\S{1,64}[ \t](?:[^\n]{0,80}?[ \t])?(?P<v>[>#][^\s>#]{6,512})"),
    Form("auth-pass ", r"auth-pass[ \t]+\S{1,64}[ \t]+(?P<v>\S{4,512})"),
    Form("identified ", r"(?i)identified[ \t]+by[ \t]+\"?(?P<v>[^\s\"';]{6,512})", Sure.MIXED),
    Form("erlang", r"(?i)erlang[_. ]cookie[\"']?[ \t]*[:=][ \t]*[\"']?(?P<v>[A-Za-z0-9_]{8,512})"),
    Form("authtok|sasl_passwd", r"(?i)[a-z_]{7,11}[ \t]*[:=][ \t]*(?P<v>\S{4,512})"),
    Form("robot$", r"robot\$[\w+-]{1,64}[\"']?[ :,]{1,4}[\"']?(?P<v>[\w-]{16,512})", Sure.CHANCE),
)  # fmt: skip

_ADDRESSES = (
    Form("?code=|&code=", r"[?&]code=(?P<v>[\w.~/%=-]{20,512})", Sure.CHANCE),
    Form(
        "/reset|/password|/magic|/verify|/confirm|/invite|/activate|/unsubscribe|/hook|/webhook|/incoming|/heartb"
        "eat|/catch",
        r"(?i)/(?:reset|reset-password|password-reset|password/reset|password/edit|magic-link|magic|verify|confirm"
        r"|invite|activate"
        r"|unsubscribe|hooks?|webhooks?|incoming|heartbeat|catch)/(?:[\w-]{1,12}/){0,2}(?P<v>[\w-]{17,512}(?:/[\w-"
        r"]{17,512})?)",
        Sure.CHANCE,
    ),
    Form(
        "mainnet|testnet|sepolia|rpc|ethereum|polygon|arbitrum|solana|eth-",
        r"(?i)[a-z-]{3,8}[\w.-]{0,80}/(?:v[0-9]/|rpc/)?(?P<v>(?!0x)[\w-]{20,512})",
        Sure.CHANCE,
    ),
    Form(
        "p2pify.com/|blastapi.io/|nosnch.in/|cronitor.link/p/",
        r"(?i)(?:p2pify\.com|blastapi\.io|nosnch\.in|cronitor\.link/p)/(?P<v>[\w/-]{8,512})",
    ),
    Form(
        ".make.com/|/hooks/catch/|/with/key/|/bot/v2/hook/",
        r"(?i)(?:\.make\.com|/hooks/catch|/with/key|/bot/v2/hook)/(?P<v>[\w/-]{8,512})",
    ),
    Form(
        "alert.victorops.com/integrations/",
        r"(?i)alert\.victorops\.com/integrations/[\w-]{1,40}/[0-9]{8}/alert/(?P<v>[\w/-]{8,512})",
    ),
    Form("/cgi-bin/webhook/send?key=", r"(?i)/cgi-bin/webhook/send\?key=(?P<v>[\w-]{8,512})"),
    Form("/webhooks/", r"(?i)/api/v[0-9]{1,2}/webhooks/(?P<v>[\w/-]{20,512})", back=12),
    Form("?|&", r"(?i)[?&](?:dkey|api[_-]?key|ticket|appkey|sig|hmac|jwt)=(?P<v>[\w.~/%+=-]{20,512})", Sure.CHANCE),
    Form(
        "%3a%2f%2f",
        r"(?i)%3A%2F%2F[\w.~-]{1,64}%3A(?P<v>[\w.~!*'()-]{1,128}(?:%(?!40)[0-9A-F]{2}[\w.~!*'()-]{0,64}){0,8})%40",
    ),
)  # fmt: skip

WRITTEN = _KEYS + _CARRIED + _LINES + _ADDRESSES

BARE = (
    Form("", r"\b(?:live|test)_([A-Za-z0-9_=-]{36,})(?:[^\w=-]|$)", Sure.KEY, b"token"),
    Form("", r"\b(?:live|test)_([0-9a-f]{35})\b", Sure.CHANCE, b"token"),
    Form("", r"\b(?:live|test)_([A-Za-z0-9]{30,45})\b", Sure.TOKEN, b"token"),
    Form("", r"\b(b_[A-Za-z0-9_=-]{44})(?:[^\w=-]|$)", Sure.KEY, b"token"),
    Form("", r"\b(b_[A-Za-z0-9=-]{44})\b", Sure.CHANCE, b"token"),
    Form("", r"(?:^|: )\"[\w.@-]+\" \"([^\s\"/:]{8,})\"[ \t]*\r?$", Sure.CHOSEN),
    Form("", r"(?:^|: )\[[\w.-]+\](?::[0-9]+)?[ \t]+[\w.+-]+@[\w.-]+:([^\s:/]{6,})\r?$", Sure.ODD),
    Form("", r"(?:^|: )[\w-]+(?:\.[\w-]+)+(?::[0-9]+)?[ \t]+[\w.+-]+@[\w.-]+:([^\s:/]{6,})\r?$", Sure.CHOSEN),
    Form("", r"(\*[0-9A-F]{40})\b", kind=_HASH),
    Form(
        "",
        r"\{(?:SHA|SSHA|SMD5|MD5|CRYPT|SS?HA[0-9]{1,3}|PBKDF2[\w-]*|ARGON2|BCRYPT)\}([\w+/=.$,-]{12,})",
        kind=_HASH,
    ),
    Form("", r"\bgrub\.pbkdf2\.sha512\.[0-9]+\.([0-9A-Fa-f.]{32,})", kind=_HASH),
    Form("", r"^[a-z_][\w.-]*:([./A-Za-z0-9]{13}):[0-9]+:[0-9]*:", kind=_HASH),
    Form("", r"^[\w.@-]+:([./A-Za-z0-9]{13})\r?$", Sure.CHANCE, _HASH),
    Form("", r"\b(sk[A-Za-z0-9]{150,})\b", Sure.CHANCE, b"token"),
    Form("", r"^[\w.@-]+:[A-Za-z][^:\n]*:([0-9a-f]{32})\r?$", kind=_HASH),
    Form("", r":[0-9]+:[0-9a-fA-F]{32}:([0-9a-fA-F]{32}):::", kind=_HASH),
    Form("", r"\brpcauth=([^\s]{16,})", kind=_HASH),
    Form("", rf"\b(AQ[A-D]{_B64}{{10}}[BRhx]AA{_B64}{{22}}==)", kind=b"secret"),
    Form("", rf"(?:^|: )(?:[\w.-]+\t)?({_B64}{{43}}=)\t{_B64}{{43}}=\t[0-9]+\t", kind=b"secret"),
    Form("", rf"\t({_B64}{{43}}=)\t[0-9a-fA-F.:\[\]]+:[0-9]+\t", kind=b"secret"),
    Form("", r"^([A-Z2-7]{16,52})\r?\n\" [A-Z]", kind=b"one-time password"),
    Form("", r"\b(S[UAONCX][A-Z2-7]{56})\b", kind=b"token"),
    Form("", r"\b(S[A-Z2-7]{55})\b", kind=b"wallet key"),
    Form("", r"\b((?:[0-9]{6}-){7}[0-9]{6})\b", kind=b"secret"),
    Form("", r"\b(A3-[A-Z0-9]{6}-(?:[A-Z0-9]{6}-?[A-Z0-9]{5}|[A-Z0-9]{11})(?:-[A-Z0-9]{5}){3,4})\b", kind=b"secret"),
    Form("", r"\b(0201036c6e64[0-9a-f]{80,})\b", kind=b"token"),
    Form("", r"\b(AgEDbG5k[\w+/=-]{60,}|MDA[w-z][\w+/=-]{80,})", kind=b"token"),
    Form(
        "",
        r"\b((?:ed25519e?_sk|[a-z]+_x?sk|suiprivkey|ncryptsec|[a-z]+priv(?:key)?)1[02-9ac-hj-np-z]{38,})\b",
        kind=b"wallet key",
    ),
    Form("", r"\b([A-Za-z0-9]{52,76}(?:AZDO[A-Za-z0-9]{4}|JQQJ99[A-Za-z0-9]{26}))\b", kind=b"token"),
    Form("", r"\b(00D[A-Za-z0-9]{12,15}![\w.]{40,})", kind=b"token"),
    Form("", r"\b(K10[0-9a-f]{64}::[\w:.-]+)", kind=b"token"),
)
"""What is known by its own form, whatever stands around it: hashes of passwords, seeds, keys."""
