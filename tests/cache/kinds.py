"""Types of an application: what its functions take and return."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from enum import Enum, Flag, StrEnum
from typing import NamedTuple

from pydantic import BaseModel, Field, SecretStr


class State(StrEnum):
    DRAFT = "draft"
    PUBLIC = "public"


class Colour(Enum):
    RED = 1


class Right(Flag):
    READ = 1
    WRITE = 2


class Point(NamedTuple):
    x: int
    y: float = 0.0


@dataclass(frozen=True)
class Author:
    name: str


@dataclass(frozen=True)
class Article:
    slug: str
    author: Author
    state: State = State.DRAFT
    rights: Right = Right.READ | Right.WRITE
    places: tuple[Point, ...] = ()


@dataclass
class Draft:
    words: list[str]


@dataclass
class Counted:
    count: int = dataclasses.field(default=0, init=False)


@dataclass
class Blind:
    """Names a type that is nowhere."""

    what: Nowhere  # type: ignore[name-defined]  # noqa: F821  # as one that is imported for type checkers alone


class Profile(BaseModel):
    name: str
    friends: list[str] = []


class Account(BaseModel):
    name: str
    password: SecretStr = SecretStr("")
    hidden: str = Field(default="", exclude=True)
