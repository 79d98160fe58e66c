"""A page as HTML for mail: what the plain text says, with the link to the button as something to press.

Its style stands on each element (css-inline), since mail programs throw style sheets away. Everything in it is escaped,
and nothing is fetched from anywhere.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from tocsin.page.message import PageMessage
from tocsin.timeline.line import fold
from tocsin.timeline.redact import plain

if TYPE_CHECKING:  # settings are read without drawing a letter
    from jinja2 import Environment

STYLE = """
body { margin: 0; padding: 16px; background: #ffffff; color: #1d2128; font: 16px/1.5 system-ui, sans-serif; }
.plate { display: inline-block; padding: 2px 10px; border-radius: 4px; background: #a3161f; color: #ffffff; }
h1 { font-size: 22px; margin: 12px 0 4px; } h2 { font-size: 16px; margin: 20px 0 4px; }
p { margin: 6px 0; } .soft { color: #565e6c; } .warn { color: #a3161f; font-weight: bold; }
.take { display: inline-block; padding: 12px 28px; border-radius: 6px; background: #a3161f; color: #ffffff;
  font-weight: bold; text-decoration: none; }
pre { background: #f2f3f5; padding: 10px; white-space: pre-wrap; font: 13px/1.4 monospace; }
"""
TEMPLATE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{{ page.title }}</title><style>{{ style }}</style></head><body>
{% if page.outside %}<h1>{{ page.title | fold }}</h1>
<p>{{ page.why }}</p>
<p><a class="take" href="{{ page.link }}">We have it…</a></p>
<p class="soft">The link opens a screen with one button; opening it changes nothing. Incident {{ page.number }}.</p>
{% else %}<p><span class="plate">{{ page.severity | fold }}</span>
<span class="soft">{{ page.number }} · {{ page.team }}</span></p>
<h1>{{ page.title | fold }}</h1>
{% if page.late_s %}<p class="warn">LATE by {{ page.late_s // 60 }} min: tocsin was not running.</p>{% endif %}
{% if page.repeat %}<p class="warn">This page was sent once before a restart.</p>{% endif %}
<p class="soft">Why you: {{ page.why | fold }}. Open since {{ page.opened_at.strftime("%H:%M") }} UTC.</p>
{% if page.informs %}<p>No answer is wanted. <a href="{{ page.link }}">More</a></p>
{% else %}<p><a class="take" href="{{ page.link }}">Acknowledge…</a></p>
<p class="soft">The link opens a screen with one button; opening it changes nothing.</p>
{% endif %}{% if page.symptoms %}<h2>Symptoms</h2>
<ul>{% for each in page.symptoms %}<li>{{ each.text | fold }}</li>{% endfor %}</ul>
{% endif %}{% if page.first_command %}<h2>Look first</h2><pre>{{ page.first_command.text | plain }}</pre>{% endif %}
{% for each in page.evidence %}<h2>$ {{ each.command | fold }}</h2>
{% if each.fault %}<p class="warn">{{ each.fault | fold }}</p>{% endif %}
{% if each.head %}<pre>{{ each.head | plain }}</pre>{% endif %}{% endfor %}
{% if page.beside %}<h2>Waited for the end of your quiet hours too</h2>
<ul>{% for each in page.beside %}<li><a href="{{ each.room }}">[{{ each.severity | fold }}] {{ each.title | fold }}</a>
<span class="soft">{{ each.number | fold }}</span></li>{% endfor %}</ul>
{% endif %}{% if page.next %}<p class="soft">Next: {{ page.next.who | map("fold") | join(", ") }} at
{{ page.next.at.strftime("%H:%M:%S") }} UTC.</p>{% endif %}
<p><a href="{{ page.room }}">Open the room</a></p>
{% endif %}</body></html>
"""


def draw(message: PageMessage) -> str:
    """The message as HTML."""
    import css_inline

    return css_inline.inline(
        _environment().from_string(TEMPLATE).render(page=message, style=STYLE), load_remote_stylesheets=False
    )


@cache
def _environment() -> Environment:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    environment.filters["fold"], environment.filters["plain"] = fold, plain
    return environment
