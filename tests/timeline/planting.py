"""Secrets made up anew: every shape that is to be found, with other values for each seed.

Nothing here is anybody's; it is put together when it is needed, so that no file of ours holds what looks like a key.
"""

from __future__ import annotations

import base64
import json
import random
import textwrap
from collections.abc import Callable
from typing import NamedTuple

from tests.timeline.planted_anew import ANEW, READABLE

LOWER, UPPER, DIGITS = "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789"
ALNUM = LOWER + UPPER + DIGITS
B58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
WORDS = (
    "ribbon cactus orbit lunar velvet puzzle anchor mimic drastic hollow zebra timber quantum fossil glove pencil "
    "walnut engine saddle mirror copper tunnel bridge salmon carbon lizard magnet violin rocket planet island jungle"
).split()


class Planted(NamedTuple):
    """A text as a command prints it, and what of it may never be seen."""

    name: str
    text: str
    secrets: tuple[str, ...]


class Maker:
    """Makes values by chance, the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self._dice = random.Random(seed)

    def of(self, letters: str, length: int) -> str:
        """A run of such letters, with at least one of each kind that there is among them."""
        while True:
            found = "".join(self._dice.choice(letters) for _ in range(length))
            kinds = [kind for kind in (LOWER, UPPER, DIGITS) if set(kind) & set(letters)]
            if length < 12 or all(set(kind) & set(found) for kind in kinds):
                return found

    def hex(self, length: int) -> str:
        return self.of("0123456789abcdef", length)

    def alnum(self, length: int) -> str:
        return self.of(ALNUM, length)

    def url(self, length: int) -> str:
        return self.of(ALNUM + "_-", length - 1) + self.of(ALNUM, 1)

    def b64(self, size: int) -> str:
        return base64.b64encode(self._dice.randbytes(size)).decode()

    def word(self) -> str:
        return f"{self._dice.choice(WORDS)}{self._dice.randrange(100, 9999)}{self._dice.choice(WORDS)}"

    def words(self, count: int) -> str:
        found = self._dice.sample(WORDS, count)
        return " ".join(found) if found != sorted(found) else self.words(count)

    def pem(self, kind: str) -> tuple[str, tuple[str, ...]]:
        """A key with its rules of dashes, and its lines."""
        lines = textwrap.wrap(self.b64(300), 64)
        return "\n".join([f"-----BEGIN {kind}-----", *lines, f"-----END {kind}-----"]), tuple(lines)

    def jwt(self) -> str:
        parts = [json.dumps({"alg": "HS256"}), json.dumps({"sub": self.word()})]
        spelt = [base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts]
        return ".".join([*spelt, self.url(43)])


def _pem(kind: str) -> Callable[[Maker], tuple[str, tuple[str, ...]]]:
    return lambda make: make.pem(kind)


def _bare(spell: Callable[[Maker], str]) -> Callable[[Maker], tuple[str, tuple[str, ...]]]:
    def shape(make: Maker) -> tuple[str, tuple[str, ...]]:
        value = spell(make)
        return f"found {value} in use", (value,)

    return shape


def _in(form: str, spell: Callable[[Maker], str]) -> Callable[[Maker], tuple[str, tuple[str, ...]]]:
    def shape(make: Maker) -> tuple[str, tuple[str, ...]]:
        value = spell(make)
        return form.replace("%", value), (value,)

    return shape


def _wrap(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _kube(make: Maker) -> tuple[str, tuple[str, ...]]:
    key, token = _wrap(make.pem("RSA PRIVATE KEY")[0]), make.jwt()
    text = f"users:\n- name: admin\n  user:\n    client-key-data: {key}\n    token: {token}\n"
    return text, (key[30:90], token)


def _wrapped(make: Maker) -> tuple[str, tuple[str, ...]]:
    inner = _wrap(f"LOG=info\nDB_PASSWORD={make.word()}\n")
    return f"data:\n  app.env: {inner}", (inner[:40],)


def _wrapped_lines(make: Maker) -> tuple[str, tuple[str, ...]]:
    inner = _wrap(
        f"# settings of the shop, for everybody to read\nDB_HOST=db\nDB_PASSWORD={make.word()}\nLOG_LEVEL=info\n"
    )
    lines = textwrap.wrap(inner, 76)
    return "\n".join(lines), tuple(line for line in lines if len(line) > 20)


def _array(make: Maker) -> tuple[str, tuple[str, ...]]:
    numbers = ",".join(str(int(make.hex(2), 16)) for _ in range(64))
    return f"[{numbers}]", (numbers[20:60],)


def _continued(make: Maker) -> tuple[str, tuple[str, ...]]:
    first, second = make.alnum(18), make.alnum(18)
    return f"ghp_{first}\\\n{second}", (first, second)


def _narrow(make: Maker) -> tuple[str, tuple[str, ...]]:
    first, second = make.alnum(24), make.alnum(12)
    return f"token ghp_{first}\n{second}\ndone", (first, second)


def _coloured(make: Maker) -> tuple[str, tuple[str, ...]]:
    value = make.word()
    half = len(value) // 2
    text = f"\x1b[1;31mpass\x1b[0mword=\x1b[32m{value[:half]}\x1b[0m{value[half:]}\x1b[K"
    return text, (value, value[:half] + "\x1b")


def _jwk(make: Maker) -> tuple[str, tuple[str, ...]]:
    secret = make.url(43)
    return json.dumps({"kty": "EC", "crv": "P-256", "x": make.url(43), "d": secret}), (secret,)


def _putty(make: Maker) -> tuple[str, tuple[str, ...]]:
    lines = textwrap.wrap(make.b64(120), 64)
    head = f"PuTTY-User-Key-File-3: ssh-ed25519\nPrivate-Lines: {len(lines)}"
    return "\n".join([head, *lines, f"Private-MAC: {make.hex(64)}"]), tuple(lines)


def _prefixed_lines(make: Maker) -> tuple[str, tuple[str, ...]]:
    text, lines = make.pem("PRIVATE KEY")
    return "\n".join(f"api-1  | {line}" for line in text.split("\n")), lines


def _end_of_key(make: Maker) -> tuple[str, tuple[str, ...]]:
    text, lines = make.pem("EC PRIVATE KEY")
    return "tail of it:\n" + text.split("\n", 2)[2], lines[1:]


def _numbered(make: Maker) -> tuple[str, tuple[str, ...]]:
    words = make.words(12).split()
    return "\n".join(f"{at}. {word}" for at, word in enumerate(words, 1)), tuple(f". {word}" for word in words)


SHAPES: dict[str, Callable[[Maker], tuple[str, tuple[str, ...]]]] = {
    "aws key id": _bare(lambda m: "AK" + "IA" + m.of(UPPER + DIGITS, 16)),
    "aws secret in the environment": _in("AWS_SECRET_ACCESS_KEY=%", lambda m: m.b64(30)),
    "aws secret in json": _in('{"SecretAccessKey": "%"}', lambda m: m.b64(30)),
    "aws credentials as csv": _in("AK" + "IA0123456789ABCDEF,%", lambda m: m.of(ALNUM + "+/", 40)),
    "aws session token": _in("aws_session_token = %", lambda m: m.b64(120)),
    "gcp api key": _bare(lambda m: "AI" + "za" + m.url(35)),
    "gcp oauth": _bare(lambda m: "ya" + "29." + m.url(60)),
    "gcp service account": lambda m: ((t := m.pem("PRIVATE KEY"))[0].replace("\n", "\\n"), t[1]),
    "azure storage": _in("AccountName=shop;AccountKey=%;EndpointSuffix=x", lambda m: m.b64(64)),
    "azure sas": _in("https://shop.blob.core.windows.net/c?sv=2022-11-02&se=2027&sig=%", lambda m: m.alnum(43) + "%3D"),
    "azure client secret": _bare(lambda m: m.alnum(3) + "8Q" + "~" + m.alnum(34)),
    "azure service bus": _in("Endpoint=sb://x/;SharedAccessKeyName=Root;SharedAccessKey=%", lambda m: m.b64(32)),
    "github": _bare(lambda m: "gh" + "o_" + m.alnum(36)),
    "github fine-grained": _bare(lambda m: "github" + "_pat_" + m.alnum(22) + "_" + m.alnum(59)),
    "gitlab": _bare(lambda m: "gl" + "pat-" + m.url(20)),
    "gitlab runner": _bare(lambda m: "gl" + "rt-" + m.url(20)),
    "slack": _bare(lambda m: "xo" + "xb-" + m.of(DIGITS, 12) + "-" + m.alnum(24)),
    "slack webhook": _in("https://hooks.slack.com/services/%", lambda m: f"T{m.alnum(8)}/B{m.alnum(8)}/{m.alnum(24)}"),
    "stripe": _bare(lambda m: "sk" + "_live_" + m.alnum(24)),
    "stripe webhook": _bare(lambda m: "wh" + "sec_" + m.alnum(32)),
    "sendgrid": _bare(lambda m: "S" + "G." + m.url(22) + "." + m.url(43)),
    "twilio": _in("TWILIO_AUTH_TOKEN: %", lambda m: m.hex(32)),
    "jwt": _bare(lambda m: m.jwt()),
    "bearer": _in("> Authorization: Bearer %", lambda m: m.url(40)),
    "basic": _in("curl -H 'Authorization: Basic %' https://x", lambda m: _wrap(f"bob:{m.word()}")),
    "api key header": _in("X-Api-Key: %", lambda m: m.alnum(32)),
    "private-token header": _in("PRIVATE-TOKEN: %", lambda m: m.url(20)),
    "pkcs8": _pem("PRIVATE KEY"),
    "pkcs1": _pem("RSA PRIVATE KEY"),
    "ec": _pem("EC PRIVATE KEY"),
    "dsa": _pem("DSA PRIVATE KEY"),
    "encrypted": _pem("ENCRYPTED PRIVATE KEY"),
    "openssh": _pem("OPENSSH PRIVATE KEY"),
    "pgp": _pem("PGP PRIVATE KEY BLOCK"),
    "pem behind the names of containers": _prefixed_lines,
    "pem without its beginning": _end_of_key,
    "putty": _putty,
    "jwk": _jwk,
    "age": _bare(lambda m: "AGE-SECRET" + "-KEY-1" + m.of("QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", 58)),
    "wireguard": _in("[Interface]\nPrivateKey = %\nListenPort = 51820", lambda m: m.b64(32)),
    "kube config": _kube,
    "kubernetes secret": _in("kind: Secret\ndata:\n  password: %\n", lambda m: _wrap(m.word())),
    "kubeadm": _in("kubeadm join 10.0.0.1:6443 --token %", lambda m: m.of(LOWER + DIGITS, 6) + "." + m.hex(16)),
    "netrc": _in("machine git.example.org login deploy password %", lambda m: m.word()),
    "netrc in lines": _in("machine x\n  login deploy\n  password %\n", lambda m: m.of(LOWER, 9)),
    "pgpass": _in("db.internal:5432:shop:tocsin:%", lambda m: m.word()),
    "docker auth": _in('{"auths": {"r.example.org": {"auth": "%"}}}', lambda m: _wrap(f"bob:{m.word()}")),
    "npm": _in("//registry.example.org/:_authToken=%", lambda m: "np" + "m_" + m.alnum(36)),
    "pypi": _bare(lambda m: "py" + "pi-" + m.url(80)),
    "vault": _bare(lambda m: "hv" + "s." + m.url(30)),
    "url": _in("cloning https://deploy:%@git.example.org/x.git", lambda m: m.word()),
    "postgres": _in("postgresql://shop:%@db:5432/shop?sslmode=require", lambda m: m.word() + "!"),
    "mongodb": _in("mongodb+srv://shop:%@cluster0.example.net/x", lambda m: m.word()),
    "redis": _in("redis://:%@cache:6379/0", lambda m: m.word()),
    "amqp": _in("amqps://shop:%@mq:5671//", lambda m: m.word()),
    "mysql for go": _in("shop:%@tcp(db:3306)/shop?parseTime=true", lambda m: m.word()),
    "jdbc": _in("jdbc:mysql://db/shop?user=shop&password=%&ssl=1", lambda m: m.word()),
    "ado": _in("Server=db;Database=shop;User Id=shop;Password=%;Encrypt=yes", lambda m: m.word()),
    "ado short": _in("Data Source=db;Uid=shop;Pwd=%;", lambda m: m.word()),
    "libpq": _in("host=db user=shop password='%' dbname=shop", lambda m: m.word()),
    "oracle": _in("sqlplus shop/%@db.internal:1521/SHOP", lambda m: m.word()),
    "environment": _in("PATH=/usr/bin\nSMTP_PASSWORD=%\nHOME=/root", lambda m: m.of(LOWER, 9)),
    "export": _in("export STRIPE_WEBHOOK_SECRET='%'", lambda m: m.word()),
    "flag": _in("server --password % --port 80", lambda m: m.of(LOWER, 9)),
    "flag with a sign": _in("server --db-password=% --port 80", lambda m: m.word()),
    "mysql -p": _in("mysql -u root -p% shop -e 'select 1'", lambda m: m.word()),
    "sshpass": _in("sshpass -p '%' ssh root@10.0.0.7", lambda m: m.word()),
    "curl -u": _in("curl -s -u admin:% http://localhost:9200/", lambda m: m.word()),
    "redis-cli": _in("redis-cli -h cache -a % info", lambda m: m.word()),
    "wif": _bare(lambda m: "K" + m.of(B58, 51)),
    "xprv": _bare(lambda m: "xp" + "rv" + m.of(B58, 107)),
    "mnemonic": _in('{"mnemonic": "%"}', lambda m: m.words(12)),
    "seed phrase": _in("Write down your seed phrase:\n\n  %\n", lambda m: m.words(24)),
    "words alone": _in("%", lambda m: m.words(12)),
    "words in numbered lines": _numbered,
    "monero spend key": _in("secret spend key: %", lambda m: m.hex(64)),
    "monero view key": _in("Secret view key: %", lambda m: m.hex(64)),
    "ethereum": _in("cast send --private-key 0x% --rpc-url http://x", lambda m: m.hex(64)),
    "ethereum in the environment": _in("DEPLOYER_PRIVATE_KEY=%", lambda m: m.hex(64)),
    "solana": _array,
    "cosmos": _in('"priv_key": {"type": "tendermint/PrivKeyEd25519", "value": "%"}', lambda m: m.b64(64)),
    "totp": _in("otpauth://totp/shop:bob?secret=%&issuer=shop", lambda m: m.of("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 32)),
    "cookie": _in("Cookie: sessionid=%; theme=dark", lambda m: m.alnum(32)),
    "set-cookie": _in("< set-cookie: JSESSIONID=%; Path=/; HttpOnly", lambda m: m.of(UPPER + DIGITS, 32)),
    "cookie jar": _in("#HttpOnly_x.example.org\tTRUE\t/\tTRUE\t1893456000\tsid\t%", lambda m: m.alnum(32)),
    "hex key": _in("encryption_key = %", lambda m: m.hex(64)),
    "by chance near its name": _in("Your new signing key (keep it safe!) is now %", lambda m: m.url(43)),
    "mail address": _in("notify % about it", lambda m: f"{m.word()}@mail.example.org"),
    "wrapped in base64": _wrapped,
    "wrapped in lines of base64": _wrapped_lines,
    "continued line": _continued,
    "narrow screen": _narrow,
    "coloured": _coloured,
    "json": _in('{"user":"bob","db":{"password":"%","port":5432}}', lambda m: m.word()),
    "json in json": _in('{"msg":"{\\"client_secret\\":\\"%\\"}"}', lambda m: m.word()),
    "json pair": _in('[{"name": "DB_PASSWORD", "value": "%"}]', lambda m: m.word()),
    "yaml": _in("db:\n  password: %\n  port: 5432", lambda m: m.of(LOWER, 9)),
    "yaml pair": _in("env:\n- name: DB_PASSWORD\n  value: %\n", lambda m: m.word()),
    "yaml block": _in("apiToken: |\n  %\nnext: 1", lambda m: m.alnum(40)),
    "xml": _in("<db><password>%</password></db>", lambda m: m.word()),
    "xml attributes": _in('<add key="DbPassword" value="%"/>', lambda m: m.word()),
    "toml": _in('[db]\npassword = "%"', lambda m: m.word() + " " + m.word()),
    "ini": _in("[client]\nuser=root\npassword=%\n", lambda m: m.of(LOWER, 9)),
    "sentence": _in("the admin password is % until noon", lambda m: m.word()),
    "terraform": _in('+ password = "%"', lambda m: m.word()),
    "telegram": _in("https://api.telegram.org/bot%/getMe", lambda m: f"{m.of(DIGITS, 9)}:AA{m.url(33)}"),
    "digitalocean": _bare(lambda m: "do" + "p_v1_" + m.hex(64)),
    "hugging face": _bare(lambda m: "h" + "f_" + m.alnum(34)),
    "grafana": _bare(lambda m: "gl" + "sa_" + m.alnum(32) + "_" + m.hex(8)),
    "unheard-of vendor": _bare(lambda m: "acme" + "_live_" + m.alnum(32)),
    "openssl -passin": _in("openssl rsa -in k -passin pass:% -noout", lambda m: m.word()),
}  # fmt: skip


SHAPES |= ANEW


def plant(seed: int) -> list[Planted]:
    """Every shape with values of this seed."""
    make = Maker(seed)
    return [Planted(name, *shape(make)) for name, shape in SHAPES.items()]


def plant_readable(seed: int) -> list[str]:
    """What looks by chance and is what an incident is read by."""
    m = Maker(seed)
    uuid = "-".join(m.hex(n) for n in (8, 4, 4, 4, 12))
    return [
        *READABLE,
        f"image: registry.example.org/shop@sha256:{m.hex(64)}", f"commit {m.hex(40)}", f"HEAD is now at {m.hex(7)} fix",
        f"request_id={uuid}", f"trace={m.hex(32)} span={m.hex(16)}", f"block 0x{m.hex(64)} imported",
        f'"hash":"0x{m.hex(64)}","parentHash":"0x{m.hex(64)}"', f"from 0x{m.hex(40)} to 0x{m.hex(40)}",
        f"tx {m.hex(64).upper()} committed", f"pod/web-{m.of('bcdfghjklmnpqrstvwxz2456789', 10)}-x2x7z 1/1 Running",
        f"validator cosmosvaloper1{m.of('qpzry9x8gf2tvdw0s3jn54khce6mua7l', 38)} is jailed",
        f"address bc1q{m.of('qpzry9x8gf2tvdw0s3jn54khce6mua7l', 38)}", f"address 4{m.of(B58, 94)}", f"1{m.of(B58, 33)}",
        f"xpub{m.of(B58, 107)}", "SHOP-12 INC-20261121-003 acknowledged", f"container {m.hex(12)} exited (137)",
        f"app hash {m.hex(64).upper()} at height 1234567", f"md5 {m.hex(32)}  dump.sql.gz", f"{m.hex(64)}  dump.tar",
        f'integrity "sha512-{m.b64(64)}"', f"-----BEGIN CERTIFICATE-----\n{m.b64(48)}\n-----END CERTIFICATE-----",
        f"SHA256:{m.alnum(43)} bob (ED25519)", f"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{m.alnum(43)} deploy",
        "level=info msg=\"applied index\" index=19283", "GET /api/v1/tokens?limit=50 200 12ms", "token_count=1234",
        "2026-11-21T22:15:48.123456Z INFO  [consensus] finalizing commit of block hash=" + m.hex(64).upper(),
        "max_tokens=4096 temperature=0.7", "key=orders:1234 ttl=60", "cache_key=user/1234/profile hit=1",
        "Password authentication failed for user bob", "secret/shop/db: permission denied", "auth_method=oidc ok",
        "ssh deploy@web-1 'uptime'", "root@web-1:~# df -h", "git@github.com:shop/web.git", "react@18.2.0",
        "getty@tty1.service loaded active", f"peer id 12D3KooW{m.of(B58, 44)}", f"cid Qm{m.of(B58, 44)}",
        "the quick brown fox jumps over the lazy dog and runs away from every hunter in town",
        "orders payments search billing users carts stock mail", f"etag: \"{m.hex(32)}\"", "session opened for root",
        "password_file=/run/secrets/db", "PASSWORD_MIN_LENGTH=12", "secretName: shop-tls", "tokenReviewer: true",
        "secretKeyRef:\n  name: shop-db\n  key: password\n", "Enter password:", "private key file not found",
        "ID  NAME  STATE\n1   api   running", "latency p99=12.3ms rps=1200", f"peer {m.hex(40)}@10.0.0.7:26656",
        f"--discovery-token-ca-cert-hash sha256:{m.hex(64)}", "token: 0x" + m.hex(40), "COOKIE_DOMAIN=example.org",
        "UP 3 days, load 0.42 0.40 0.38", "/var/lib/docker/overlay2/" + m.hex(64) + "/diff", "port: 5432 -> 15432",
    ]  # fmt: skip
