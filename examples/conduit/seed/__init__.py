"""Demo content: believable, fictional, and the same every time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from sqlalchemy import insert, select

from buckler.accounts import Person
from buckler.accounts.addresses import email_key
from examples.conduit import db
from examples.conduit.models import Article, ArticleTag, Base, Comment, Favorite, Follow, User
from examples.conduit.seed.people import ANGLES, BIOS, CLOSINGS, COMMENTS, FIRST_NAMES, HEADINGS, LAST_NAMES, OPENINGS
from examples.conduit.seed.topics import TOPICS, Topic
from examples.conduit.settings import DEMO_EMAIL, DEMO_PASSWORD, DEMO_USERNAME

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from buckler.accounts.passwords import Hasher
    from examples.conduit.db import Database

    Row = dict[str, Any]
    Rows = list[Row]
    Idea = tuple[Topic, str, tuple[str, str]]  # what about, of it what, and seen how

PEOPLE = 40
ARTICLES = 320
_FIRST_DAY = datetime(2024, 11, 4, 7, 30, tzinfo=UTC)
_GAP = timedelta(hours=53)  # between two articles
_SEED = 1  # of the generator: the content is the same on every machine


async def seed(database: Database, hasher: Hasher) -> bool:
    """Fill an empty database, and return whether it was empty. The demo account alone can sign in: nobody else has a password."""
    random = Random(_SEED)  # noqa: S311  # to repeat itself is what it is for
    async with database.session() as session:
        if await session.scalar(select(User.id).limit(1)) is not None:
            return False
        known = _people(random)
        await session.execute(insert(Person), _accounts(known, await hasher.hash(DEMO_PASSWORD)))
        people = await _insert(session, User, known)
        ideas = random.sample([(topic, subject, angle) for topic in TOPICS for subject in topic.subjects for angle in ANGLES], ARTICLES)
        written = [_article(random, number, people, idea) for number, idea in enumerate(ideas)]
        articles = await _insert(session, Article, written)
        for table, rows in _around(random, people, articles, list(zip(ideas, written, strict=True))):
            await session.execute(insert(table), rows)
        db.changed(session, db.ARTICLES, db.TAGS)
        await session.commit()
    return True


async def _insert(session: AsyncSession, table: type[User | Article], rows: Rows) -> list[int]:
    """Return the ids that the database gave, in the order of `rows`."""
    return list(await session.scalars(insert(table).returning(table.id, sort_by_parameter_order=True), rows))


def _around(random: Random, people: list[int], articles: list[int], written: Sequence[tuple[Idea, Row]]) -> list[tuple[type[Base], Rows]]:
    """Return what hangs on people and articles."""
    tags = [row for article, (idea, _) in zip(articles, written, strict=True) for row in _tags(random, article, idea[0])]
    favorites = [{"user_id": who, "article_id": article} for article in articles for who in _some(random, people, 14)]
    follows = [{"follower_id": who, "followed_id": whom} for who in people for whom in _some(random, people, 9) if whom != who]
    comments = [row for article, (_, own) in zip(articles, written, strict=True) for row in _comments(random, article, people, own)]
    return [(ArticleTag, tags), (Favorite, favorites), (Follow, follows), (Comment, comments)]


def _some(random: Random, people: list[int], most: int) -> list[int]:
    """Return up to `most` people; a few are chosen far more often than the others, as in life."""
    last = len(people) - 1
    return sorted({people[min(random.randint(0, last), random.randint(0, last))] for _ in range(random.randint(0, most))})


def _people(random: Random) -> Rows:
    names = [f"{first}.{last}" for first in FIRST_NAMES for last in LAST_NAMES]
    return [
        _person(DEMO_USERNAME, "The account to look around with."),
        *[_person(name, _bio(random)) for name in random.sample(names, PEOPLE - 1)],
    ]


def _person(username: str, bio: str | None) -> Row:
    return {"person_id": uuid4(), "username": username, "username_key": username.casefold(), "bio": bio, "created_at": _FIRST_DAY}


def _accounts(people: Rows, password_hash: str) -> Rows:
    """Who they are. The demo account alone has a password and a confirmed address."""
    rows: Rows = []
    for person in people:
        is_demo = person["username"] == DEMO_USERNAME
        email = DEMO_EMAIL if is_demo else f"{person['username_key']}@conduit.example"
        rows.append(
            {
                "id": person["person_id"],
                "email": email,
                "email_key": email_key(email),
                "email_verified_at": _FIRST_DAY if is_demo else None,
                "password_hash": password_hash if is_demo else None,
                "language": "en",
                "created_at": _FIRST_DAY,
            }
        )
    return rows


def _bio(random: Random) -> str | None:
    chosen = random.choice(BIOS)
    return chosen.format(topic=random.choice(TOPICS).tag).capitalize() if chosen else None


def _article(random: Random, number: int, people: list[int], idea: Idea) -> Row:
    topic, subject, (pattern, description) = idea
    title = pattern.format(subject)
    at = _FIRST_DAY + number * _GAP + timedelta(minutes=random.randint(0, 600))
    return {
        "slug": "-".join("".join(c if c.isalnum() else " " for c in title.lower().replace("'", "")).split()),
        "title": title[0].upper() + title[1:],
        "description": description,
        "body": _body(random, topic, subject),
        "author_id": random.choice(people),
        "created_at": at,
        "updated_at": at,
    }


def _tags(random: Random, article: int, topic: Topic) -> Rows:
    names = [topic.tag, *random.sample(topic.tags, random.randint(0, len(topic.tags)))]
    return [{"article_id": article, "name": name, "position": at} for at, name in enumerate(names)]


def _body(random: Random, topic: Topic, subject: str) -> str:
    facts = random.sample(topic.facts, len(topic.facts))
    first, second = random.sample(HEADINGS, 2)
    steps = "\n".join(f"{at}. {step}." for at, step in enumerate(random.sample(topic.steps, len(topic.steps)), start=1))
    parts = [
        f"{random.choice(OPENINGS).format(subject=f'*{subject}*')} {facts[0]}",
        f"## {first}",
        f"{facts[1]} {facts[2]}",
        steps,
        f"## {second}",
        f"> {facts[3]}",
        f"{facts[4]} More on [the tag page](/tag/{topic.tag}).",
    ]
    if topic.code and random.random() < 0.5:
        parts.append(f"```\n{topic.code}\n```")
    return "\n\n".join([*parts, random.choice(CLOSINGS)])


def _comments(random: Random, article: int, people: list[int], written: Row) -> Rows:
    texts = random.sample(COMMENTS, random.choice((0, 0, 1, 2, 3, 5)))
    times = sorted(written["created_at"] + timedelta(hours=random.randint(1, 200)) for _ in texts)
    return [
        {"body": text, "article_id": article, "author_id": random.choice(people), "created_at": at, "updated_at": at}
        for text, at in zip(texts, times, strict=True)
    ]
