"""`tocsin token`, and who came and went."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from tocsin.cli.client import Client, Where
from tocsin.cli.words import Format, PersonId, clock, say, show_json, show_table

HERE = Where()


def create(
    name: str,
    /,
    *,
    person: str | None = None,
    scope: str = "read",
    days: Annotated[int, Parameter(validator=Number(gte=1, lte=366))] = 90,
    where: Where = HERE,
) -> None:
    """Make a token with which a program asks in a person's name. It is printed once.

    Parameters
    ----------
    name
        What it is for: it stands in lists and in the record.
    person
        Whose (default: yours).
    scope
        `read` looks, `respond` acts in incidents, `admin` makes tokens and links too; never more than the person may.
    days
        After so many days it ends.
    """
    client = Client(where, as_nobody=person is not None)
    say(client.post("tokens", name=name, person=person, scope=scope, days=days)["text"])


def list_all(*, format: Format = "text", where: Where = HERE) -> None:  # noqa: A002 the option's name
    """List tokens, without their secrets, those that are over too."""
    found = Client(where, as_nobody=where.as_ is None).get("tokens")
    if format == "json":
        show_json(found)
        return
    rows = [
        (
            each["id"],
            each["person"],
            each["scope"],
            "revoked" if each["revoked_at"] else f"until {clock(each['expires_at'])}",
            each["name"],
        )
        for each in found
    ]
    show_table("Tokens", ("ID", "PERSON", "SCOPE", "GOOD", "FOR"), rows)


def revoke(token: str, /, *, where: Where = HERE) -> None:
    """End a token now, by the id that `tocsin token list` shows.

    Parameters
    ----------
    token
        Its id, as `tocsin token list` lists it.
    """
    ended = Client(where, as_nobody=where.as_ is None).post("tokens", token, "revoke")
    say(f"{ended['id']} ({ended['name']}) of {ended['person']} is over.")


def access(*, format: Format = "text", where: Where = HERE) -> None:  # noqa: A002 the option's name
    """Show who came and went, was turned away, or was given a way in, the last first."""
    found = Client(where, as_nobody=where.as_ is None).get("access")
    if format == "json":
        show_json(found)
        return
    show_table("Who came and went", ("AT", "WHAT"), [(clock(each["at"]), each["text"]) for each in found])


def forget(person: PersonId, /, *, where: Where = HERE) -> None:
    """Take a person's password, sessions and tokens away. A link lets them in again: `tocsin signin NAME`."""
    Client(where, as_nobody=True).post("accounts", person, "forget")
    say(f"{person} is signed out everywhere, and has neither password nor tokens any more.")


def unblock(person: PersonId, /, *, where: Where = HERE) -> None:
    """Let somebody at whose password others have guessed too often sign in again at once."""
    Client(where, as_nobody=True).post("accounts", person, "unblock")
    say(f"What was tried at the password of {person} counts no more. A link lets them in too: tocsin signin {person}")
