"""The shapes that those give their tokens who hand them out, and the keys of chains: known wherever they stand.

Each begins with something that is looked for in plain words (`STARTS`); a pattern is tried only there. A token that a
narrow screen or a backslash has broken in two is put together before it is looked at.
"""

from __future__ import annotations

import re
from itertools import islice

from tocsin.timeline.chance import is_chance

Place = tuple[int, int, bytes]
"""From, to, and the kind of what stands there."""

_B58 = rb"[1-9A-HJ-NP-Za-km-z]"
_SHAPES = re.compile(
    rb"(?P<key_id>(?:AKIA|ASIA|ABIA|ACCA|AROA|AIDA|AGPA)[A-Z0-9]{16}\b|LTAI[A-Za-z0-9]{12,}+|AKID[A-Za-z0-9]{13,}+)"
    rb"|(?P<api_key>(?:sk|pk|rk)_(?:live|test)_\w{10,}+|AIza[\w-]{30,}+|SG\.[\w-]{16,}+\.[\w-]{16,}+|whsec_[\w+/=-]{16,}+"
    rb"|key-[0-9a-f]{32}\b|SK[0-9a-f]{32}\b|sq0(?:atp|csp|idp)-[\w-]{20,}+|shp(?:at|ca|pa|ss|tka)_[0-9a-fA-F]{32}"
    rb"|dapi[0-9a-f]{32}(?:-\d)?|NRAK-[A-Z0-9]{20,}+|NR(?:JS|II)-[\w-]{16,}+|PMAK-[0-9a-f-]{30,}+|lin_api_\w{20,}+"
    rb"|rubygems_[0-9a-f]{32,}+|oy2[a-z0-9]{43}|[0-9a-f]{32}-us\d{1,2}\b|xkeysib-[0-9a-f]{40,}+[\w-]*+"
    rb"|sk-(?=[\w-]{0,80}[0-9])[\w-]{20,}+|pscale_(?:tkn|pw|oauth)_[\w.-]{20,}+|fio-u-[\w-]{20,}+"
    rb"|glc_[\w+/=]{20,}+|glsa_\w{20,}+|xai-\w{40,}+|pplx-\w{30,}+|sk_[0-9a-f]{40,}+\b|lsv2_(?:pt|sk)_[0-9a-f]{32}_\w{8,}+"
    rb"|pcsk_\w{40,}+|nvapi-[\w-]{40,}+|csk-[a-z0-9]{40,}+|tvly-[\w-]{20,}+|pa-[\w-]{43}(?![\w-])|fc-[0-9a-f]{32}\b"
    rb"|e2b_[0-9a-f]{40}|a[ks]-(?=[A-Za-z]{0,21}\d)[A-Za-z0-9]{22}(?![\w-])|re_[A-Za-z0-9]{8}_[A-Za-z0-9]{20,}+"
    rb"|sdk-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|AQE[\w+/]{30,}+[\w+/=.-]*+|cflt[A-Za-z0-9+/]{50,}+)"
    rb"|(?P<token>eyJ[\w-]{8,}+\.(?:\.(?=[\w-]{8}))?[\w-]{8,}+(?:\.[\w-]*+){0,3}|ghs_\w{4,}_eyJ[\w.-]{20,}+|gh[pousr]_\w{20,}+|github_pat_\w{20,}+"
    rb"|gl(?:pat|dt|rt|cbt|ptt|ft|soat|imt|agent|oas|ffct|cibt)-[\w.-]{16,}+|GR1348941[\w-]{20,}+"
    rb"|xox[abeoprs](?:\.xox[bp])?-[\w-]{10,}+|xapp-[\w-]{16,}+|npm_\w{30,}+|hv[sbr]\.[\w-]{20,}+|pypi-[\w-]{30,}+"
    rb"|ya29\.[\w-]{20,}+|1//0[\w-]{20,}+|GOCSPX-[\w-]{20,}+|do[opr]_v1_[0-9a-f]{40,}+|dp\.(?:pt|st|ct|sa|scim|audit)\."
    rb"[\w.-]{20,}+|hf_\w{30,}+|ntn_\w{30,}+|secret_[A-Za-z0-9]{40,}+|figd_[\w-]{20,}+|dckr_(?:pat|oat)_[\w-]{20,}+"
    rb"|sntry[su]_[\w+/=-]{20,}+|sbp_[0-9a-f]{40}|bkua_[0-9a-f]{30,}+|CCIPAT_\w{20,}+|pul-[0-9a-f]{40}"
    rb"|tskey-[\w-]{16,}+|pnu_\w{30,}+|ATATT3x[\w=-]{20,}+|ATCTT3x[\w=-]{20,}+|HRKU-[\w-]{30,}+|EAA[A-Z][A-Za-z0-9]{40,}+"
    rb"|EAAA[\w-]{50,}+|access_token\$production\$\w+\$[0-9a-f]{32}|v1\.0-[0-9a-f]{24}-[0-9a-f]{100,}+"
    rb"|sb_secret_[\w-]{20,}+|napi_[a-z0-9]{50,}+|fm[12]a?_[\w+/=]{40,}+|dt0[cs]\d\d\.[A-Z0-9]{24}\.[A-Z0-9]{64}"
    rb"|secret-(?:live|test)-[\w-]{30,}+|st\.[0-9a-f]{24}\.[0-9a-f]{32}\.[0-9a-f]{32}|AKCp[A-Za-z0-9]{60,}+"
    rb"|cmVmdGtu\w{40,}+|cio[A-Za-z0-9]{32}\b|ATBB[A-Za-z0-9_=]{24,}+|pat[A-Za-z0-9]{14}\.[0-9a-f]{64}"
    rb"|access-(?:production|sandbox|development)-[0-9a-f-]{36}|snyk_[us]at\.[\w.-]{30,}+|sq[aup]_[0-9a-f]{40}"
    rb"|sgp_(?:\w{5,16}_)?[0-9a-f]{40}|u\+(?=[A-Za-z_-]{0,17}\d)[\w-]{18}(?![\w-])|sl\.[\w-]{60,}+|t1\.9eu[\w-]{30,}+|AQVN[\w-]{30,}+)"
    rb"|(?P<vendor>ABSK[\w+/]{100,}+={0,2}|GOOG(?:1E)?[A-Z0-9]{20,}+|ucat_[A-Z0-9]{20,}+|akab-[a-z0-9]{16}-[a-z0-9]{16}"
    rb"|vercel_blob_rw_\w{20,}+|(?:vc[pikar]|nf[pcoub])_\w{20,}+|npg_[A-Za-z0-9]{12,}+|AVNS_[\w-]{12,}+|mdb_sa_sk_[\w-]{20,}+|dose[0-9a-f]{32}\b"
    rb"|SWM(?:TKN|KEY)-1-[\w+/=-]{30,}+|sha256~[\w-]{43}|xox[cd]-[\w%+/=-]{20,}+|xsmtpsib-[\w-]{40,}+|lin_oauth_[0-9a-f]{40,}+"
    rb"|hc[a-z]{2}[ki]_[a-z0-9]{40,}+|api-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|rootly_[0-9a-f]{40,}+|inc_[0-9a-f]{40,}+|pat-(?:na|eu|ap)\d-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|pk_\d{6,12}_[A-Z0-9]{20,}+"
    rb"|CFPAT-[\w-]{30,}+|rzp_(?:live|test)_[A-Za-z0-9]{14,}+"
    rb"|FLWSECK(?:_TEST)?-[0-9a-zA-Z-]{20,}+|zpka_\w{30,}+|WPL_AP1\.[\w.=-]{16,}+"
    rb"|tk_(?=[a-z]{0,28}\d)[a-z0-9]{29}\b|syt_\w{10,}+|tgp_v1_[\w-]{30,}+|ory_(?:at|pat|st|rt|ac|sess)_[\w.-]{20,}+|EZ[AT]K[A-Za-z0-9]{50,}+"
    rb"|shippo_(?:live|test)_[0-9a-f]{40}|duffel_(?:live|test)_[\w-]{30,}+|tfp_[\w.=-]{30,}+|rdme_\w{40,}+|tk-us-[\w-]{30,}+|p8e-[a-z0-9]{32}\b"
    rb"|ls-(?=[A-Za-z]{0,24}\d)[A-Za-z0-9]{36}\b|NuGetApiKey\.[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|jfrt@\w{20,}+|endr\+[A-Za-z0-9]{16}|amzn\.mws\.[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|CLOJARS_[0-9a-f]{60}"
    rb"|dG9rO[A-Za-z0-9+/]{40,}+={0,2}|ops_eyJ[\w-]{50,}+|apify_api_\w{30,}+|tly-[\w-]{40,}+|dnkey-[\w-]{30,}+|fo1_[\w-]{40,}+"
    rb"|nfc_\w{30,}+|nr[a-z]{2}-[\w-]{27,}+|phx_\w{30,}+|whsk_\w{20,}+|jina_\w{40,}+|r8_\w{30,}+|gsk_\w{40,}+|v[1-4]\.(?:local|public)\.(?=[\w-]{0,60}[A-Z])(?=(?:[A-Za-z_-]{0,60}[0-9]){3})[\w-]{50,}+(?:\.[\w-]++)?|AstraCS:[A-Za-z0-9]{20,}+:[0-9a-f]{64}|hvp\.[\w-]{20,}+)"
    rb"|(?P<wallet_key>[xyzuvtYZUV]prv" + _B58 + rb"{20,}+|AGE-(?:SECRET-KEY|PLUGIN-[A-Z0-9]+)-1[0-9A-Z]{30,}+"
    rb"|nsec1[02-9ac-hj-np-z]{50,}+|edsk" + _B58 + rb"{50,}+)"
)
_HOOK = re.compile(
    rb"(?i)(?:hooks\.slack(?:-gov)?\.com/(?:services|workflows|triggers)/|discord(?:app)?\.com/api/webhooks/"
    rb"|[\w.-]{1,80}\.webhook\.office\.com/webhookb2/|outlook\.office\.com/webhook/|api\.telegram\.org/bot"
    rb"|infura\.io/(?:ws/)?v3/|alchemy(?:api)?\.(?:com|io)/v2/|quiknode\.pro/|events\.pagerduty\.com/integration/"
    rb"|hc-ping\.com/|rpc\.ankr\.com/\w{1,40}/|go\.getblock\.io/|chat\.googleapis\.com/v1/spaces/)(?!\[redacted)([^\s\"'<>\\]{8,512}+)"
)
_BOT = re.compile(rb"(?<![\w.:-])\d{8,10}:(AA[\w-]{33})(?![\w-])")
_MOST_BOT = 11
_OTPAUTH = re.compile(rb"(?i)otpauth(?:-migration)?://[^\s\"'<>]{1,1024}+")
STARTS = (
    b"eyj ghp_ gho_ ghu_ ghs_ ghr_ github_pat_ glpat- gldt- glrt- glcbt- glptt- glft- glsoat- glimt- glagent- gloas- "
    b"glffct- glcibt- gr1348941 xox xapp- npm_ akia asia abia acca aroa aida agpa ltai akid aiza sg. hvs. hvb. hvr. "
    b"pypi- sk_ pk_ rk_ sk- whsec_ key- sq0 shpat_ shpca_ shppa_ shpss_ shptka_ dapi nrak- nrjs- nrii- pmak- lin_api_ "
    b"rubygems_ oy2 xkeysib- pscale_ fio-u- glc_ glsa_ ya29. 1//0 gocspx- doo_v1_ dop_v1_ dor_v1_ dp.pt. dp.st. dp.ct. "
    b"dp.sa. dp.scim. dp.audit. hf_ ntn_ secret_ figd_ dckr_ sntrys_ sntryu_ sbp_ bkua_ ccipat_ pul- tskey- pnu_ "
    b"atatt3x atctt3x hrku- eaa access_token$ v1.0- sl. t1.9eu aqvn xprv yprv zprv uprv vprv tprv age-secret-key- "
    b"age-plugin- nsec1 edsk xai- pplx- lsv2_ pcsk_ nvapi- csk- tvly- pa- fc- e2b_ ak- as- re_ sdk- aqe cflt "
    b"sb_secret_ napi_ fm1_ fm2_ fm1a_ dt0c dt0s secret-live- secret-test- st. akcp cmvmdgtu cio atbb pat access- "
    b"snyk_ squ_ sqp_ sqa_ sgp_ u+ absk goog ucat_ akab- vercel_blob_rw_ vcp_ vci_ vck_ vca_ vcr_ nfp_ nfc_ "
    b"nfo_ nfu_ nfb_ npg_ avns_ mdb_sa_sk_ dose swmtkn-1- swmkey-1- sha256~ xsmtpsib- lin_oauth_ hcaik_ hcbik_ "
    b"hcxik_ api- rootly_ inc_ cfpat- rzp_ flwseck zpka_ wpl_ap1. tk_ syt_ tgp_v1_ ory_ "
    b"ezak eztk shippo_ duffel_ tfp_ rdme_ tk-us- p8e- ls- nugetapikey. jfrt@ endr+ amzn.mws. clojars_ dg9ro "
    b"ops_eyj apify_api_ tly- dnkey- fo1_ phx_ whsk_ jina_ r8_ gsk_ hvp. "
    b"v1.local. v2.local. v3.local. v4.local. v1.public. "
    b"v2.public. v3.public. v4.public. astracs:"
).split()
HOOKS = (
    b"hooks.slack discord.com/api discordapp.com/api webhook.office.com outlook.office.com/webhook api.telegram.org "
    b"infura.io alchemy alchemyapi quiknode.pro events.pagerduty.com/integration hc-ping.com chat.googleapis.com "
    b"rpc.ankr.com go.getblock.io"
).split()
_BREAK = re.compile(rb"\\?\r?\n[ \t]{0,40}")
MOST_BROKEN, MOST_BREAKS = 400, 2


def find_shaped(content: bytes, at: int) -> Place | None:
    """At the beginning that a vendor gives its tokens."""
    if at and (content[at - 1 : at].isalnum() or content[at - 1] in b"_-"):
        return None
    found = _SHAPES.match(content, at)
    if found is not None:
        return at, go_on(content, found.end()), _name(found)
    return _find_broken(content, at)


def _find_broken(content: bytes, at: int) -> Place | None:
    """A token that goes on in the next line, or the one after it."""
    piece = content[at : at + MOST_BROKEN]
    breaks = list(islice(_BREAK.finditer(piece), MOST_BREAKS + 1))
    if not breaks or breaks[0].start() < 4 or not _is_token(piece[: breaks[0].start()]):
        return None
    joined, done = b"", 0
    for count, each in enumerate(breaks):
        joined += piece[done : each.start()]
        done = each.end()
        stop = breaks[count + 1].start() if count + 1 < len(breaks) else len(piece)
        found = _SHAPES.match(joined + piece[done:stop])
        if found is not None and found.end() > len(joined) and is_chance(found[0], 12):
            end = at + done + found.end() - len(joined)
            return at, go_on(content, end), _name(found)
    return None


def _name(found: re.Match[bytes]) -> bytes:
    group = str(found.lastgroup)
    return b"token" if group == "vendor" else group.replace("_", " ").encode()


_TOKEN = re.compile(rb"[\w.+/=-]+")
_REST = re.compile(rb"\\?\r?\n[ \t]{0,40}([\w.+/=-]{6,}+)[ \t]*+(?=[\\\r\n\"']|\Z)")
_LAST = re.compile(
    rb"\\?\r?\n[ \t]{0,40}(?=[\w.+/=-]{0,40}\d)(?=[\w.+/=-]{0,40}[A-Z])([\w.+/=-]{4,40}+)[ \t]*+(?=[\r\n\"']|\Z)"
)


def _is_token(piece: bytes) -> bool:
    return _TOKEN.fullmatch(piece) is not None


def go_on(content: bytes, end: int) -> int:
    """Where a token ends that was broken at the end of a line: the next line is by chance, and nothing else."""
    rest, lines = _REST.match(content, end), 0
    while rest is not None and is_chance(rest[1], 10):
        end, lines = rest.end(1), lines + 1
        rest = _REST.match(content, end)
    last = _LAST.match(content, end) if lines else None
    return last.end(1) if last else end


def find_hook(content: bytes, at: int) -> Place | None:
    """At the host of an address that whoever knows it may use: its path."""
    found = _HOOK.match(content, max(0, content.rfind(b"/", max(0, at - 90), at) + 1)) or _HOOK.match(content, at)
    return (*found.span(1), b"webhook") if found else None


def find_bot(content: bytes, at: int) -> Place | None:
    """At ``:AA``: the token of a bot of Telegram, behind the bot's number."""
    digits = at - len(content[max(0, at - _MOST_BOT) : at].rstrip(b"0123456789")) - max(0, at - _MOST_BOT)
    found = _BOT.match(content, at - digits)
    return (*found.span(1), b"token") if found else None


def find_otpauth(content: bytes, at: int) -> Place | None:
    """At ``otpauth``: all of the address."""
    found = _OTPAUTH.match(content, at)
    return (*found.span(), b"one-time password") if found else None
