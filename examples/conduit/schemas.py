"""What comes in. Unknown fields and wrong types end here, with the field named; `fields` says what each text may be."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from examples.conduit.fields import (
    MAX_OFFSET,
    MAX_PAGE,
    Bio,
    Body,
    CommentBody,
    Description,
    Email,
    Image,
    Name,
    Password,
    SignInEmail,
    TagName,
    Tags,
    Title,
    Username,
    wrong,
)


class In(BaseModel):
    """What comes in. `hide_input_in_errors`: a refused password must not reach a log."""

    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, populate_by_name=True, hide_input_in_errors=True)


class Change(In):
    """What comes in to change something: fields that are not given stay as they are."""

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if not self.model_fields_set:
            raise wrong("must have at least one field to change")
        return self

    def changes(self) -> dict[str, Any]:
        """Return the fields that were given, by name."""
        return self.model_dump(exclude_unset=True)


class SignIn(In):
    """E-mail address and password."""

    email: SignInEmail
    password: Password


class NewUser(In):
    """Who registers by the API. On the site Buckler's own form asks, and `ConduitProfile` for the username."""

    username: Username
    email: Email
    password: Password


class ProfileChange(Change):
    """As the settings form has it. Blank `bio` and `image` become null."""

    username: Username = ""
    bio: Bio = None
    image: Image = None


class UserChange(ProfileChange):
    """As the API has it: with address and password, for accounts that a program made (see `services.people.change`)."""

    email: Email = ""
    password: Password = ""


class NewArticle(In):
    """As the editor has it."""

    title: Title
    description: Description
    body: Body
    tag_list: Tags = []


class ArticleChange(Change):
    """As the editor has it, for an article that exists."""

    title: Title = ""
    description: Description = ""
    body: Body = ""
    tag_list: Tags = []


class NewComment(In):
    """As the form under an article has it."""

    body: CommentBody


class Window(In):
    """Which part of a list."""

    limit: Annotated[int, Field(ge=1, le=MAX_PAGE)] = 20
    offset: Annotated[int, Field(ge=0, le=MAX_OFFSET)] = 0


class ArticleFilter(Window):
    """Which articles; several conditions must all hold."""

    tag: TagName | None = None
    author: Name | None = None
    favorited: Name | None = None


class UserRequest(In):
    """The body of a request, with the name of its one member, as the RealWorld API has it."""

    user: NewUser


class SignInRequest(In):
    """As `UserRequest`."""

    user: SignIn


class UserChangeRequest(In):
    """As `UserRequest`."""

    user: UserChange


class ArticleRequest(In):
    """As `UserRequest`."""

    article: NewArticle


class ArticleChangeRequest(In):
    """As `UserRequest`."""

    article: ArticleChange


class CommentRequest(In):
    """As `UserRequest`."""

    comment: NewComment
