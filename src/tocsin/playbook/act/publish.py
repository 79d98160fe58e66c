"""Whether a command tells somebody outside: a request to where people read, or a program that sends words.

A page that is only fetched tells nobody, except where a provider takes messages by a plain GET.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tocsin.pattern import compile_late
from tocsin.playbook.act.call import Call
from tocsin.playbook.act.carrier import is_code
from tocsin.playbook.act.written import find_touched
from tocsin.playbook.shell import names

_HTTP = names("curl wget http https xh httpie curlie hurl")
_PROVIDER = compile_late(
    r"(?:^|[/.@])(?:statuspage|status|instatus|betteruptime|betterstack|statuspal|statuscast|sorryapp|hund|freshstatus|"
    r"incident|atlassian|twitter|x|t|bsky|facebook|fb|linkedin|instagram|threads|reddit|slack|discord|discordapp|"
    r"telegram|whatsapp|webex|twilio|sendgrid|mailgun|mailchimp|postmarkapp|sparkpost|mailjet|brevo|sendinblue|resend|"
    r"messagebird|vonage|nexmo|plivo|onesignal|pushover|ntfy|medium|wordpress|ghost|substack|intercom|zendesk|"
    r"freshdesk|ycombinator|youtube|tiktok)\.(?:com|io|org|net|app|co|social|site|sh|email|help|me)(?:$|[:/])|"
    r"(?:^|[/.@])(?:0x0\.st|transfer\.sh|paste\.rs|pastebin\.com|termbin\.com|dpaste\.\w+|ix\.io|file\.io|temp\.sh|"
    r"sprunge\.us|hastebin\.com|bashupload\.com)(?:$|[:/])|cachet|statping|upptime|staytus|uptime-?kuma|mastodon|mattermost|rocket\.?chat|matrix\.org|webhook\.office|outlook\.office|chat\.googleapis|"
    r"(?:email|sns|ses|pinpoint)\.[\w-]+\.amazonaws",
    re.IGNORECASE,
)
_SAYS = compile_late(
    r"(?:^|[^a-z])(?:status(?:es|page|_?updates?)?|announc\w*|tweets?|toots?|slack|discord|telegram|mattermost|teams|"
    r"web-?hooks?|hooks|notif\w*|broadcast|publish|posts?|messages?|chat|sms|e?mails?|newsletters?|press|blog|issues|"
    r"comments|discussions|releases|gists|advisor\w*|incidents|(?:send|post)_?-?message|graphql)(?:$|[^a-z])",
    re.IGNORECASE,
)
_BY_GET = compile_late(
    r"/(?:sendMessage|sendPhoto|sendDocument|chat\.(?:postMessage|update))\b|/api/send\b|"
    r"//ntfy\.[^/]+/[^?#]*/(?:publish|send|trigger)(?:[?#]|$)",
    re.IGNORECASE,
)
_WRITES = names("POST PUT PATCH DELETE")
_METHOD = compile_late(r"(?:-X|--request=?|--method=?|-[a-zA-Z]*X)=?([A-Za-z]*)")
_BODY = compile_late(
    r"-[sSfkLivgN#]*(?:d|F|T)|(?:-d|-F|-T).+|--(?:data(?:-\w+)?|json|form(?:-string)?|upload-file|url-query-data|"
    r"post-data|post-file|body-data|body-file)(?:=.*)?"
)
_MAILERS = names(
    "mail mailx nail s-nail sendmail mutt neomutt msmtp ssmtp swaks sendemail exim exim4 mpack toot tweet twurl t "
    "rainbowstream telegram-send slackcat slack-cli discord-send apprise ntfy pushover signal-cli matrix-commander "
    "sendgrid mailsend zulip-send irc sic ii statuspage statuspage-cli instatus"
)
_COMMANDS = compile_late(
    r"(?:gh|hub|glab)\b.* (?:issue|pr|mr|release|discussion|gist|repo|advisory|snippet) "
    r"(?:create|comment|note|edit|close|reopen|new|update|publish|upload)\b|"
    r"(?:gh|glab) api\b.*(?:(?:-x ?|--method[ =])(?:post|put|patch)|(?: -f|--field|--raw-field|--input))|"
    r"aws (?:sns publish|ses\w* send|pinpoint\S* send|chime\S* \S*send|connect start-outbound|chatbot)|"
    r"(?:pd|pagerduty|opsgenie|incident)\b.*(?:status[-_ ]?update|incident:notes|note)|"
    r"(?:slack|discord|telegram|twilio|twitter)\b.* (?:send|post|chat|create|message|tweet)|wp post (?:create|update)|"
    r"(?:nc|ncat|netcat|telnet|socat|openssl s_client)\b.*(?:[ :])(?:25|465|587|smtps?)\b|"
    r"git send-email|ghost publish|kafka-console-producer\b.*(?:announce|notif)|az communication\b|"
    r"gcloud pubsub\b.*publish|tocsin\b.*--(?:public|audience[= ]public)\b|git push\b.* gh-pages\b|"
    r"twilio\b.*:create\b|pastebinit\b|(?:nc|ncat|netcat|socat)\b.*\b(?:termbin|pastebin)\."
)
_UPLOADS = compile_late(
    r"(?:aws s3|s3cmd|gsutil|gcloud storage|az storage|rclone|mc|scp|rsync|wrangler|firebase|netlify|surge|vercel)\b"
)
_NOTICE = compile_late(
    r"(?:^|[/@:.])(?:status|statuspage|notice|announcements?|maintenance)(?:[.\-/][\w./-]*)?$|"
    r"://(?:status|statuspage)\b",
    re.IGNORECASE,
)
_KEPT = compile_late(r"evidence|incident|forensic|backup|archive|preserv", re.IGNORECASE)
_ELSEWHERE = compile_late(r"\w+://|[\w.@$-]+:")
_SCRIPTS = compile_late(
    r"(?:(?:make|just|task|rake|node|deno run|bun run|python[\d.]*|ruby|php|perl|bash|sh|npm run|pnpm run|yarn|"
    r"yarn run|npx|invoke|fab|go run)(?: -\S+)* )?(?:\S*/)?(?:[^\s/]*[-_:])?"
    r"(?:notify|status[-_]?updates?|update[-_]status|announce\w*|"
    r"(?:outage|incident|maintenance)[-_](?:notice|post|announcement|message))"
    r"(?:\.\w+|[-_](?:all|public|users|customers)\S*)?(?: |$)"
)
_WEB_ROOT = compile_late(
    r"^(?:\S+:)?/(?:var/www|usr/share/nginx|srv/(?:www|http)|usr/local/www|htdocs)\b.*"
    r"(?:status|maintenance|notice|announce|incident|outage|index|banner|503|/html/?$)",
    re.IGNORECASE,
)
"""Where a page stands that everybody sees."""
_NAMED = compile_late(
    r"(?<![a-z])(?:tweet|announce|status-?_?page|(?:post|publish|update|set|send)[-_](?:public[-_])?"
    r"(?:status|update|notice|announcement|message|notification|alert)s?|"
    r"(?:notify|inform|tell|alert|e?mail|message)[-_](?:all[-_])?(?:users?|customers?|public|press|media|community|everyone|stakeholders?|subscribers?)|broadcast|newsletter|press[-_]release)"
    r"(?:[sd]|ing)?(?![a-z])"
)
_CODE_SENDS = compile_late(r"post|put|send|publish|urlopen|fetch|request|smtp|tweet", re.IGNORECASE)
_CODE_MAILS = compile_late(r"smtplib|sendmail\(|nodemailer|net/smtp|\bmail\(")
_READS = compile_late(r"jsonrpc|\"?query\"?\s*[:=]\s*\"?(?:query|\{)", re.IGNORECASE)
_OWN_NOTIFIERS = names("systemd-notify sd-notify inotifywait inotifywatch notify-send")
_LOOKS = names("grep egrep fgrep rg cat less head tail ls find echo printf awk sed jq stat wc diff test cd vim vi git")
_SENDS_NOTHING = compile_late(r"-V|-H|-e|--version|--help|-bp")
_FROM_FILE = compile_late(r"-[a-zA-Z]*K|--config|-i-|--input-file=-")
_UNSEEN = compile_late(r"(?:https?://)?\$")
_LOCAL = compile_late(r"(?:https?://)?(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])(?::\d+)?(?:/|$)")
_SCHEME = compile_late(r"^\w+://")
_BODY_ITEM = compile_late(r"[\w.\[\]-]+(?::?=|@)[^=]")
_ASKS = compile_late(r"-[a-zA-Z]*G|--get|-I|--head")


def publishes(call: Call, source: str) -> bool:
    """Whether a command says something where others than the responders may read it."""
    if call.program in _HTTP:
        return _asks_to_publish(call, source)
    if call.program in _MAILERS:
        return len(call.words) < 2 or not all(_SENDS_NOTHING.fullmatch(each)
                                              for each in call.words[1:])  # fmt: skip
    line = call.line.lower()
    if _COMMANDS.match(line) or (_SCRIPTS.match(line) and call.program not in _OWN_NOTIFIERS):
        return True
    if _UPLOADS.match(line) and _puts_out(call.words):
        return True
    if any(touch.how in ("create", "say", "edit") and _WEB_ROOT.match(touch.path) for touch in find_touched(call)):
        return True
    if any(write.path.startswith(("/dev/tcp/", "/dev/udp/")) for write in call.writes):
        return True
    if is_code(call.words):
        return _CODE_MAILS.search(line) is not None or bool(
            _CODE_SENDS.search(line) and (_PROVIDER.search(line) or _SAYS.search(line))
        )
    return (call.program not in _LOOKS or call.words[1:2] == ("push",)) and _NAMED.search(line) is not None


def _puts_out(words: tuple[str, ...]) -> bool:
    """Whether a notice is copied to another place, other than to keep it."""
    *sources, target = (word for word in words if not word.startswith("-"))
    return (
        _ELSEWHERE.match(target) is not None
        and not _KEPT.search(target)
        and any(map(_NOTICE.search, (*sources[1:], target)))
    )


def _asks_to_publish(call: Call, source: str) -> bool:
    urls = list(_urls(call))
    fed = call.feed.text or "" if any(map(_FROM_FILE.fullmatch, call.words)) else ""
    if any(_BY_GET.search(url) for url in urls) or _PROVIDER.search(fed) or _SAYS.search(fed):
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


_ADDRESS = compile_late(r"\w+://|\$|[\w.-]+\.\w+(?:[:/]|$)|:|localhost")
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
        return method in _WRITES or method.startswith("$")
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
