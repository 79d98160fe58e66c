"""Whether a command tells somebody outside: a request to where people read, or a program that sends words.

A page that is only fetched tells nobody, except where a provider takes messages by a plain GET.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tocsin.playbook.act.call import Call
from tocsin.playbook.act.carrier import is_code
from tocsin.playbook.shell import names

_HTTP = names("curl wget http https xh httpie curlie hurl")
_PROVIDER = re.compile(
    r"(?:^|[/.@])(?:statuspage|status|instatus|betteruptime|betterstack|statuspal|statuscast|sorryapp|hund|freshstatus|"
    r"incident|atlassian|twitter|x|t|bsky|facebook|fb|linkedin|instagram|threads|reddit|slack|discord|discordapp|"
    r"telegram|whatsapp|webex|twilio|sendgrid|mailgun|mailchimp|postmarkapp|sparkpost|mailjet|brevo|sendinblue|resend|"
    r"messagebird|vonage|nexmo|plivo|onesignal|pushover|ntfy|medium|wordpress|ghost|substack|intercom|zendesk|"
    r"freshdesk|ycombinator|youtube|tiktok)\.(?:com|io|org|net|app|co|social|site|sh|email|help|me)(?:$|[:/])|"
    r"mastodon|mattermost|rocket\.?chat|matrix\.org|webhook\.office|outlook\.office|chat\.googleapis|"
    r"(?:email|sns|ses|pinpoint)\.[\w-]+\.amazonaws",
    re.IGNORECASE,
)
_SAYS = re.compile(
    r"(?:^|[^a-z])(?:status(?:es|page|_?updates?)?|announc\w*|tweets?|toots?|slack|discord|telegram|mattermost|teams|"
    r"web-?hooks?|hooks|notif\w*|broadcast|publish|posts?|messages?|chat|sms|e?mails?|newsletters?|press|blog|issues|"
    r"comments|discussions|releases|gists|advisor\w*|incidents|(?:send|post)_?-?message|graphql)(?:$|[^a-z])",
    re.IGNORECASE,
)
_BY_GET = re.compile(
    r"/(?:sendMessage|sendPhoto|sendDocument|chat\.(?:postMessage|update))\b|/api/send\b|"
    r"//ntfy\.[^/]+/[^?#]*/(?:publish|send|trigger)(?:[?#]|$)",
    re.IGNORECASE,
)
_WRITES = names("POST PUT PATCH DELETE")
_METHOD = re.compile(r"(?:-X|--request=?|--method=?|-[a-zA-Z]*X)=?([A-Za-z]*)")
_BODY = re.compile(
    r"-[sSfkLivgN#]*(?:d|F|T)|(?:-d|-F|-T).+|--(?:data(?:-\w+)?|json|form(?:-string)?|upload-file|url-query-data|"
    r"post-data|post-file|body-data|body-file)(?:=.*)?"
)
_MAILERS = names(
    "mail mailx nail s-nail sendmail mutt neomutt msmtp ssmtp swaks sendemail exim exim4 mpack toot tweet twurl t "
    "rainbowstream telegram-send slackcat slack-cli discord-send apprise ntfy pushover signal-cli matrix-commander "
    "sendgrid mailsend zulip-send irc sic ii statuspage statuspage-cli instatus"
)
_COMMANDS = re.compile(
    r"(?:gh|hub|glab)\b.* (?:issue|pr|mr|release|discussion|gist|repo|advisory|snippet) "
    r"(?:create|comment|note|edit|close|reopen|new|update|publish|upload)\b|"
    r"(?:gh|glab) api\b.*(?:(?:-x ?|--method[ =])(?:post|put|patch)|(?: -f|--field|--raw-field|--input))|"
    r"aws (?:sns publish|ses\w* send|pinpoint\S* send|chime\S* \S*send|connect start-outbound|chatbot)|"
    r"(?:pd|pagerduty|opsgenie|incident)\b.*(?:status[-_ ]?update|incident:notes|note)|"
    r"(?:slack|discord|telegram|twilio|twitter)\b.* (?:send|post|chat|create|message|tweet)|wp post (?:create|update)|"
    r"(?:nc|ncat|netcat|telnet|socat|openssl s_client)\b.*(?:[ :])(?:25|465|587|smtps?)\b|"
    r"git send-email|ghost publish|kafka-console-producer\b.*(?:announce|notif)|az communication\b|"
    r"gcloud pubsub\b.*publish"
)
_NAMED = re.compile(
    r"(?<![a-z])(?:tweet|announce|status-?_?page|(?:post|publish|update|set|send)[-_](?:public[-_])?"
    r"(?:status|update|notice|announcement|message|notification|alert)s?|"
    r"(?:notify|inform|tell|alert|e?mail|message)[-_](?:all[-_])?(?:users?|customers?|public|press|media|community|everyone|stakeholders?|subscribers?)|broadcast|newsletter|press[-_]release)"
    r"(?:[sd]|ing)?(?![a-z])"
)
_CODE_SENDS = re.compile(r"post|put|send|publish|urlopen|fetch|request|smtp|tweet", re.IGNORECASE)
_READS = re.compile(r"jsonrpc|\"?query\"?\s*[:=]\s*\"?(?:query|\{)", re.IGNORECASE)
_LOOKS = names("grep egrep fgrep rg cat less head tail ls find echo printf awk sed jq stat wc diff test cd vim vi git")
_SENDS_NOTHING = re.compile(r"-V|-H|-e|--version|--help|-bp")
_UNSEEN = re.compile(r"(?:https?://)?\$")
_LOCAL = re.compile(r"(?:https?://)?(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])(?::\d+)?(?:/|$)")
_SCHEME = re.compile(r"^\w+://")
_BODY_ITEM = re.compile(r"[\w.\[\]-]+(?::?=|@)[^=]")
_ASKS = re.compile(r"-[a-zA-Z]*G|--get|-I|--head")


def publishes(call: Call, source: str) -> bool:
    """Whether a command says something where others than the responders may read it."""
    if call.program in _HTTP:
        return _asks_to_publish(call, source)
    if call.program in _MAILERS:
        return len(call.words) < 2 or not all(_SENDS_NOTHING.fullmatch(each)
                                              for each in call.words[1:])  # fmt: skip
    line = call.line.lower()
    if _COMMANDS.match(line):
        return True
    if any(write.path.startswith(("/dev/tcp/", "/dev/udp/")) for write in call.writes):
        return True
    if is_code(call.words):
        return bool(_CODE_SENDS.search(line) and (_PROVIDER.search(line) or _SAYS.search(line)))
    return (call.program not in _LOOKS or call.words[1:2] == ("push",)) and _NAMED.search(line) is not None


def _asks_to_publish(call: Call, source: str) -> bool:
    urls = list(_urls(call))
    if any(_BY_GET.search(url) for url in urls):
        return True
    if not _writes(call):
        return False
    if any(_PROVIDER.search(_host(url)) or _SAYS.search(url) for url in urls):
        return not all(_is_own_call(url, call) for url in urls)
    unseen = not urls or any(_UNSEEN.match(url) for url in urls)
    return unseen and not _READS.search(call.line) and ("$" in call.line or _SAYS.search(source) is not None)


def _is_own_call(url: str, call: Call) -> bool:
    """Whether a request is a remote procedure call to the own machine, which has its own names for paths."""
    local = _LOCAL.match(url)
    return local is not None and _READS.search(call.line) is not None


def _urls(call: Call) -> Iterator[str]:
    values = False
    for word in call.words[1:]:
        skipped, values = values, word in _VALUED
        if word.startswith("--url="):
            yield word[6:]
        elif not skipped and not word.startswith("-") and _ADDRESS.match(word):
            yield word


_ADDRESS = re.compile(r"\w+://|\$|[\w.-]+\.\w+(?:[:/]|$)|:|localhost")
_VALUED = names(
    "-d -F -H -X -T -o -u -A -e -b -c -m -w -K -x -D -E --data --data-raw --data-binary --data-urlencode --form --json "
    "--header --request --upload-file --output --user --user-agent --cookie --max-time --write-out --method "
    "--post-data --body-data --post-file --body-file --proxy --cacert --cert --key --connect-timeout --retry --resolve"
)


def _host(url: str) -> str:
    return _SCHEME.sub("", url).split("/")[0].rsplit("@", 1)[-1].lower()


def _writes(call: Call) -> bool:
    words = call.words[1:]
    method = _method(words)
    if method:
        return method in _WRITES
    if call.program in ("http", "https", "xh", "httpie"):
        return any(_BODY_ITEM.match(word) for word in words if "://" not in word)
    gets = any(_ASKS.fullmatch(word) for word in words)
    return not gets and any(map(_BODY.fullmatch, words))


def _method(words: tuple[str, ...]) -> str:
    for at, word in enumerate(words):
        match = _METHOD.fullmatch(word)
        if match:
            return (match[1] or "".join(words[at + 1 : at + 2])).upper()
    return next((word for word in words if word in ("POST", "PUT", "PATCH", "GET", "DELETE", "HEAD")), "")
