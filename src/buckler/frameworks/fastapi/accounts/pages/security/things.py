"""What a person has several of, each with a name: a page to name one anew, and a page that asks before one is removed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from fastapi import Depends, Response

from buckler.accounts.problems import AccountError
from buckler.frameworks.fastapi.accounts.depends import OwnerDep, fresh_owner
from buckler.frameworks.fastapi.accounts.pages.form import Form, Posted
from buckler.frameworks.fastapi.accounts.pages.page import Page, PageDep

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from fastapi import APIRouter

    from buckler.accounts.tables import Person
    from buckler.accounts.visit import Visit


@dataclass(frozen=True)
class Things:
    """`word`: in the path and in the names of texts. `names`: id → name of those that there are. `gone`: what is wrong with an id that
    is none of them. `rename` and `remove` commit."""

    word: str
    names: Callable[[Visit, Person], Awaitable[Mapping[UUID, str]]]
    gone: Callable[[], AccountError]
    remove: Callable[[Visit, Person, UUID], Awaitable[None]]
    rename: Callable[[Visit, Person, UUID, str], Awaitable[None]] | None = None
    needs_fresh: bool = True

    def add(self, router: APIRouter, below: str) -> None:
        """Add the pages of one of them, below the path of all settings."""
        path = f"{below}/{self.word}/{{thing:uuid}}"
        show_removal, removed = self._removal()
        router.get(f"{path}/remove", dependencies=[Depends(fresh_owner)] if self.needs_fresh else [])(show_removal)
        router.post(f"{path}/remove")(removed)
        if self.rename is not None:
            show_name, named = self._naming(self.rename)
            router.get(f"{path}/rename")(show_name)
            router.post(f"{path}/rename")(named)

    async def name(self, visit: Visit, person: Person, thing: UUID) -> str:
        """Return what it is called. Raises `AccountError` 404."""
        found = (await self.names(visit, person)).get(thing)
        if found is None:
            raise self.gone()
        return found

    def back(self, page: Page) -> str:
        """Return the path of the list."""
        return f"{page.paths.security}/{self.word}"

    def lost(self, page: Page, error: AccountError) -> Response:
        """Return the page that says what is wrong, most of all that it is gone, and leads to the list."""
        return page.again("problem", error, Form({}), to=self.back(page), label=page.say(f"pages.security_{self.word}.title"))

    def _removal(self) -> tuple[Any, Any]:
        async def show(page: PageDep, person: OwnerDep, thing: UUID) -> Response:
            try:
                name = await self.name(page.visit, person, thing)
            except AccountError as gone:
                return self.lost(page, gone)
            return page.show("security_remove", word=self.word, name=name, thing=thing)

        async def remove(page: PageDep, person: OwnerDep, form: Posted, thing: UUID) -> Response:
            try:
                name = await self.name(page.visit, person, thing)
            except AccountError as gone:
                return self.lost(page, gone)
            try:
                await self.remove(page.visit, person, thing)
            except AccountError as error:
                return page.again("security_remove", error, form, word=self.word, name=name, thing=thing)
            page.tell(f"pages.security_{self.word}.removed", name=name)
            return page.go(self.back(page))

        return show, remove

    def _naming(self, rename: Callable[[Visit, Person, UUID, str], Awaitable[None]]) -> tuple[Any, Any]:
        async def show(page: PageDep, person: OwnerDep, thing: UUID) -> Response:
            try:
                name = await self.name(page.visit, person, thing)
            except AccountError as gone:
                return self.lost(page, gone)
            return page.show("security_rename", word=self.word, name=name, thing=thing, given={"name": name})

        async def name(page: PageDep, person: OwnerDep, form: Posted, thing: UUID) -> Response:
            try:
                await rename(page.visit, person, thing, form.text("name"))
            except AccountError as gone:
                return self.lost(page, gone)
            page.tell(f"pages.security_{self.word}.renamed")
            return page.go(self.back(page))

        return show, name
