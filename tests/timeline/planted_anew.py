"""More shapes of secrets, found by somebody who went looking for what the first ones leave out: tokens of newer
vendors, hashes of passwords, statements of databases, Kubernetes Secrets with keys of any name, tables, broken lines.
"""

from __future__ import annotations

import base64
import json
import textwrap
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.timeline.planting import Maker

Shape = Callable[["Maker"], tuple[str, tuple[str, ...]]]
UPPER, DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789"
SMALL = "abcdefghijklmnopqrstuvwxyz0123456789"


def _bare(spell: Callable[[Maker], str]) -> Shape:
    def shape(make: Maker) -> tuple[str, tuple[str, ...]]:
        value = spell(make)
        return f"found {value} in use", (value[-12:],)

    return shape


def _in(form: str, spell: Callable[[Maker], str]) -> Shape:
    def shape(make: Maker) -> tuple[str, tuple[str, ...]]:
        value = spell(make)
        return form.replace("%", value), (value,)

    return shape


def _uuid(m: Maker) -> str:
    return "-".join(m.hex(n) for n in (8, 4, 4, 4, 12))


def _wrap(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _key(form: Callable[[str], str], line: Callable[[str], str] = str) -> Shape:
    """A private key as `form` prints it; `line` is what becomes of each of its lines."""

    def shape(make: Maker) -> tuple[str, tuple[str, ...]]:
        text, lines = make.pem("RSA PRIVATE KEY")
        return form(text), tuple(line(each) for each in lines)

    return shape


def _percent(text: str) -> str:
    for sign in "%\n /+=":
        text = text.replace(sign, f"%{ord(sign):02X}")
    return text


def _ssh2(text: str) -> str:
    lines = "\n".join(text.splitlines()[1:-1])
    return (
        f'---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\nComment: "x"\n{lines}\n---- END SSH2 ENCRYPTED PRIVATE KEY ----'
    )


def _broken_jwt(width: int, join: str) -> Shape:
    def shape(make: Maker) -> tuple[str, tuple[str, ...]]:
        lines = textwrap.wrap(make.jwt() + make.alnum(260), width, break_on_hyphens=False)
        return join.join(lines), tuple(each for each in lines[1:] if len(each) > 12)

    return shape


def _secret_in_yaml(make: Maker) -> tuple[str, tuple[str, ...]]:
    one, two = _wrap(make.word()), _wrap(make.word())
    text = f"apiVersion: v1\ndata:\n  DATABASE: {one}\n  x.conf: {two}\nkind: Secret\nmetadata:\n  name: shop\n"
    return text, (one, two)


def _secret_by_hand(make: Maker) -> tuple[str, tuple[str, ...]]:
    one, two = make.word(), make.word()
    text = (
        f"apiVersion: v1\nkind: Secret\nstringData:\n  conn: {one}\n  conf: |\n    level: info\n    {two}\ntype: Opaque"
    )
    return text, (one, two)


def _secret_in_json(make: Maker) -> tuple[str, tuple[str, ...]]:
    value = _wrap(make.word())
    made = {"apiVersion": "v1", "data": {"conn": value}, "kind": "Secret", "metadata": {"name": "shop"}}
    return json.dumps({"log": json.dumps(made)}) + "\n" + json.dumps(made, indent=1), (value,)


def _seed_of_three_lines(make: Maker) -> tuple[str, tuple[str, ...]]:
    words = make.words(24).split()
    lines = [" ".join(words[at : at + 8]) for at in (0, 8, 16)]
    notice = (
        "NOTE: the following 25 words can be used to recover access to your wallet. Write them down and store them "
        "somewhere safe and secure. Please do not store them in your email or on file storage services outside of "
        "your immediate control.\n\n"
    )
    return notice + "\n".join([*lines, "*" * 70]), tuple(lines)


def _announced_far(make: Maker) -> tuple[str, tuple[str, ...]]:
    """A name that announces the last of several secrets must not cover for those between."""
    one, two = make.word(), make.b64(30)
    return f"password=${{DB_PASSWORD}} client_secret='{one}' AWS_SECRET_ACCESS_KEY={two}", (one, two)


def _bare_key(first: str, size: int, join: str) -> Shape:
    """A key in base64 without its first and last line; `first` is how it begins, with its length in it."""

    def shape(make: Maker) -> tuple[str, tuple[str, ...]]:
        text = first + make.of(SMALL, size - len(first))
        lines = textwrap.wrap(text, 64)
        return join.join(lines), tuple(line[-10:] for line in lines)

    return shape


def _show(row: bytes) -> str:
    return row.decode().replace("\n", ".")


def _dump(show: Callable[[int, bytes], str]) -> Shape:
    """A file as it looks in numbers, sixteen bytes a line."""

    def shape(make: Maker) -> tuple[str, tuple[str, ...]]:
        said = f"# settings of it\nDB_PASSWORD={make.word()}".ljust(64, "#").encode()
        rows = [show(at, said[at : at + 16]) for at in range(0, len(said), 16)]
        return "\n".join(rows), (rows[1][-16:], rows[2][-16:])

    return shape


ANEW: dict[str, Shape] = {
    "several in a line": _announced_far,
    "xai": _bare(lambda m: "xa" + "i-" + m.alnum(80)),
    "perplexity": _bare(lambda m: "ppl" + "x-" + m.alnum(48)),
    "elevenlabs": _bare(lambda m: "sk" + "_" + m.hex(48)),
    "langsmith": _bare(lambda m: "lsv2" + "_pt_" + m.hex(32) + "_" + m.hex(10)),
    "pinecone": _bare(lambda m: "pc" + "sk_" + m.alnum(5) + "_" + m.alnum(63)),
    "nvidia": _bare(lambda m: "nva" + "pi-" + m.url(64)),
    "cerebras": _bare(lambda m: "cs" + "k-" + m.of(SMALL, 48)),
    "tavily": _bare(lambda m: "tv" + "ly-dev-" + m.alnum(32)),
    "voyage": _bare(lambda m: "p" + "a-" + m.url(43)),
    "firecrawl": _bare(lambda m: "f" + "c-" + m.hex(32)),
    "e2b": _bare(lambda m: "e2" + "b_" + m.hex(40)),
    "modal": _bare(lambda m: "a" + "k-" + m.alnum(22)),
    "supabase": _bare(lambda m: "sb" + "_secret_" + m.url(31)),
    "neon": _bare(lambda m: "na" + "pi_" + m.of(SMALL, 64)),
    "fly": _bare(lambda m: "Fly" + "V1 fm2_" + m.b64(90)),
    "confluent": _bare(lambda m: "cf" + "lt" + m.of(UPPER + SMALL + "+/", 60)),
    "dynatrace": _bare(lambda m: "dt" + "0c01." + m.of(UPPER + DIGITS, 24) + "." + m.of(UPPER + DIGITS, 64)),
    "splunk header": _in("Authorization: Splunk %", _uuid),
    "a header of a scheme nobody knows": _in("-H 'Authorization: Acme-Key %'", lambda m: m.alnum(24)),
    "opsgenie": _in("sent with GenieKey %", _uuid),
    "okta": _in("sent with SSWS %", lambda m: "00" + m.url(40)),
    "new relic licence": _bare(lambda m: m.hex(36) + "FFFF" + "NRAL"),
    "launchdarkly": _bare(lambda m: "sd" + "k-" + _uuid(m)),
    "stytch": _bare(lambda m: "secret" + "-live-" + m.url(36)),
    "infisical": _bare(lambda m: "s" + "t." + m.hex(24) + "." + m.hex(32) + "." + m.hex(32)),
    "bitwarden": _bare(lambda m: "0." + _uuid(m) + "." + m.alnum(30) + ":" + m.b64(16)),
    "jenkins": _bare(lambda m: "1" + "1" + m.hex(32)),
    "artifactory": _bare(lambda m: "AK" + "Cp" + m.alnum(69)),
    "artifactory reference": _bare(lambda m: "cmVm" + "dGtuOjAxOj" + m.alnum(50)),
    "crates": _bare(lambda m: "ci" + "o" + m.alnum(32)),
    "bitbucket": _bare(lambda m: "AT" + "BB" + m.alnum(32)),
    "asana": _bare(lambda m: "2/" + m.of(DIGITS, 16) + "/" + m.of(DIGITS, 16) + ":" + m.hex(32)),
    "airtable": _bare(lambda m: "pa" + "t" + m.alnum(14) + "." + m.hex(64)),
    "twilio key": _bare(lambda m: "S" + "K" + m.hex(32)),
    "mailchimp": _bare(lambda m: m.hex(32) + "-us" + "21"),
    "mailgun": _bare(lambda m: m.hex(32) + "-" + m.hex(8) + "-" + m.hex(8)),
    "resend": _bare(lambda m: "r" + "e_" + m.alnum(8) + "_" + m.alnum(24)),
    "plaid": _bare(lambda m: "access" + "-production-" + _uuid(m)),
    "adyen": _bare(lambda m: "AQ" + "E" + m.alnum(60) + "-" + m.b64(32) + "-" + m.alnum(16)),
    "snyk": _bare(lambda m: "snyk" + "_uat." + m.alnum(8) + "." + m.url(80)),
    "sonar": _bare(lambda m: "sq" + "u_" + m.hex(40)),
    "sourcegraph": _bare(lambda m: "sg" + "p_" + m.hex(16) + "_" + m.hex(40)),
    "github, newer": _bare(lambda m: "gh" + "s_" + m.alnum(10) + "_" + m.jwt()),
    "pagerduty": _bare(lambda m: "u" + "+" + m.alnum(18)),
    "an rpc address": _in("https://rpc.ankr.com/eth/%", lambda m: m.hex(64)),
    "unix password": _in("root:%:19000:0:99999:7:::", lambda m: "$" + "6$" + m.alnum(16) + "$" + m.alnum(86)),
    "bcrypt": _bare(lambda m: "$" + "2b$12$" + m.alnum(53)),
    "argon2": _bare(lambda m: "$" + "argon2id$v=19$m=65536,t=3,p=4$" + m.alnum(22) + "$" + m.alnum(43)),
    "scram": _bare(lambda m: "SCRAM" + "-SHA-256$4096:" + m.b64(16) + "$" + m.b64(32) + ":" + m.b64(32)),
    "alter role": _in("ALTER ROLE shop WITH PASSWORD '%';", lambda m: m.word()),
    "identified by": _in("CREATE USER shop IDENTIFIED WITH sha256_password BY '%'", lambda m: m.word()),
    "oracle by jdbc": _in("jdbc:oracle:thin:shop/%@//db:1521/X", lambda m: m.word()),
    "az login": _in("az login --service-principal -u shop -p % --tenant x", lambda m: m.alnum(34)),
    "snmp": _in("snmpwalk -v3 -u bob -A first12345 -X % host", lambda m: m.word()),
    "ipmitool": _in("ipmitool -H bmc -U admin -P % power status", lambda m: m.word()),
    "a setting with spaces": _in("appendonly yes\nrequirepass   %\nport 6379", lambda m: m.word()),
    "php": _in("define('DB_PASSWORD', '%');", lambda m: m.word()),
    "three quotes": _in("password = '''%'''", lambda m: m.word()),
    "rust": _in('Config { password: Some("%"), port: 5432 }', lambda m: m.word()),
    "first password": _in("A temporary password is generated for root@localhost: %", lambda m: m.word()),
    "several words": _in("passphrase: %", lambda m: m.words(5)),
    "psql": _in(" id | password | port\n----+----------+------\n  1 | % | 5432\n(1 row)\n", lambda m: m.word()),
    "psql with one column": _in(" password \n----------\n %\n(1 row)\n", lambda m: m.of(SMALL[:26], 9)),
    "mysql": _in(
        "+----+----------+\n| id | password |\n+----+----------+\n|  1 | % |\n+----+----------+", lambda m: m.word()
    ),
    "kubernetes, any key": _secret_in_yaml,
    "kubernetes, by hand": _secret_by_hand,
    "kubernetes, in json": _secret_in_json,
    "pem with carriage returns": _key(lambda text: text.replace("\n", "\r\n")),
    "pem in json in json": _key(lambda text: json.dumps(json.dumps({"key": text}))),
    "pem in an address": _key(_percent, _percent),
    "pem in a journal": _key(lambda text: "\n".join(f"Nov 21 04:05:06 w a[7]: {each}" for each in text.split("\n"))),
    "ssh2": _key(_ssh2),
    "jwt in narrow lines": _broken_jwt(40, "\n"),
    "jwt in continued lines": _broken_jwt(60, "\\\n"),
    "monero's own notice": _seed_of_three_lines,
    "rsa without its lines": _bare_key("MII" + "EvQIBADANBgkqhkiG9w0BAQEFAASC", 1624, "\n"),
    "rsa in one line": _bare_key("MII" + "EowIBAAKCAQEA", 1592, ""),
    "ec without its lines": _bare_key("MHc" + "CAQEEIOr4", 164, "\n"),
    "openssh without its lines": _bare_key("b3BlbnNzaC1r" + "ZXktdjEAAAAABG5vbmU", 540, "\r\n"),
    "csv": _in("id,user,password,role\n1,bob,%,admin\n", lambda m: m.word()),
    "csv with quotes": _in('"name";"db_password"\n"a; b";"%"\n', lambda m: m.word()),
    "tab-separated": _in("id\tuser\tapi_token\n1\tbob\t%\n", lambda m: m.alnum(20)),
    "consul": _in("AccessorID:   0c3c2a5e-1c2b-4a5e-9a11-aa22bb33cc44\nSecretID:     %\n", _uuid),
    "approle": _in("Key          Value\n---          -----\nsecret_id    %\n", _uuid),
    "vault before 1.10": _bare(lambda m: "s." + m.alnum(24)),
    "a token in a line": _in("CF_API_TOKEN %\n", lambda m: m.alnum(40)),
    "kubeconfig": _in("    client-key-data: %\n", lambda m: m.b64(150)),
    "pin": _in("PIN: %", lambda m: m.of(DIGITS, 6)),
    "one-time code": _in("Your verification code is %.", lambda m: m.of(DIGITS, 6)),
    "otp": _in("otp code %", lambda m: m.of(DIGITS, 6)),
    "xxd": _dump(lambda at, row: f"{at:08x}: {row.hex(' ', 2)}  {_show(row)}"),
    "hexdump": _dump(lambda at, row: f"{at:08x}  {row[:8].hex(' ')}  {row[8:].hex(' ')}  |{_show(row)}|"),
    "od": _dump(lambda at, row: f"{at:07o} {row.hex(' ')}"),
    "plain hex": _dump(lambda at, row: row.hex()),
}  # fmt: skip

READABLE = [
    "apiVersion: v1\nkind: ConfigMap\ndata:\n  mode: fast\n---\nkind: SecretStore\ndata:\n  a: b",
    "kind: Deployment\nspec:\n  secretName: shop-tls\n  data:\n    mode: fast",
    " id | name \n----+------\n  1 | shop\n(1 row)", "Password\n--------\nSee the vault, under shop.",
    " password_count \n----------------\n 12\n(1 row)", "PASS\n----\nok", "| token | used |\n|---|---|\n| 12 | 13 |",
    "Authorization: cluster administrator", "authorization: denied by policy", "passphrase: is needed for this key",
    "Enter passphrase for key '/home/bob/.ssh/id':", "U+200B is a character", "disk SK hynix 512G", "$1 $2 $5 and $6",
    "oc get pods -p 8080", "az vm list -o table", "password required for bob", "[sudo] password for bob: ",
    "pa-17 fc-3 ak-47 re_run sdk-34 st.louis pat.x", "helm upgrade shop ./chart --set image.tag=v1.2.3",
    "id,name,token_count\n1,shop,12\n", "user,password_changed_at\nbob,2026-11-21\n",
    "Password, token and key are set\nin two, three, four\n",
    "PIN required", "pin 17 is high", "GPIO pin: 17", "2FA enabled for 1200 of them", "SecretId: shop/db",
    "otp: invalid",
    "00000000  7f 45 4c 46 02 01 01 00  00 00 00 00 00 00 00 00  |.ELF............|\n",
    "the words of the wallet team: we go on", "snmpwalk -v2c host system", "access-control-allow-origin: *",
]  # fmt: skip
"""What is near these shapes and is none."""
