"""A browser without JavaScript, in process: it opens pages, fills in the form whose button is pressed, and follows redirects."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx

if TYPE_CHECKING:
    from tests.frameworks.accounts.shop import Shop

HOST = "https://shop.example"


@dataclass
class Sheet:
    """One form: where it goes, what is in it, what its buttons say."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    boxes: dict[str, str] = field(default_factory=dict)
    buttons: list[str] = field(default_factory=list)


class Reader(HTMLParser):
    """What a person reads on a page, and the forms on it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.forms: list[Sheet] = []
        self.inputs: dict[str, dict[str, str | None]] = {}
        self.links: dict[str, str] = {}
        self.title = self.text = ""
        self._path: list[str] = []
        self._link = self._select = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag not in {"input", "meta", "link", "br", "circle", "path"}:
            self._path.append(tag)
        if tag == "form":
            self.forms.append(Sheet(found["action"] or ""))
        elif tag == "input":
            name = found.get("name") or ""
            self.inputs[found.get("id") or name] = found
            where = self.forms[-1].boxes if found["type"] == "checkbox" else self.forms[-1].fields
            where[name] = found.get("value") or ""
        elif tag == "select":
            self._select = found["name"] or ""
        elif tag == "option" and ("selected" in found or self._select not in self.forms[-1].fields):
            self.forms[-1].fields[self._select] = found["value"] or ""
        elif tag == "a":
            self._link = found["href"] or ""

    def handle_endtag(self, tag: str) -> None:
        while tag in self._path and self._path.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        said = " ".join(data.split())
        if not said or "script" in self._path:
            return
        if "title" in self._path:
            self.title = said
            return
        self.text += said + "\n"
        if "button" in self._path and "form" in self._path:
            self.forms[-1].buttons.append(said)
        if "a" in self._path:
            self.links[said] = self._link


class Window:
    """Keeps its cookies. `status`, `page`, `answer` and `where` are of the page that is open."""

    def __init__(self, shop: Shop, address: str, language: str) -> None:
        self.shop = shop
        headers = {"sec-fetch-site": "same-origin", "accept": "text/html", "accept-language": language}
        transport = httpx.ASGITransport(shop.guard, client=(address, 50_000))
        self.client = httpx.AsyncClient(transport=transport, base_url=HOST, headers=headers, follow_redirects=True)

    async def open(self, path: str) -> Window:
        return self._shown(await self.client.get(path))

    def _shown(self, answer: httpx.Response) -> Window:
        self.answer, self.status = answer, answer.status_code
        self.page = Reader(answer.text)
        self.where = str(answer.url).removeprefix(HOST)
        return self

    async def press(self, button: str, *, where: str = "", ticked: tuple[str, ...] = (), **typed: Any) -> Window:
        """Fill in the form with this button, the first one that leads to a path with `where` in it, and press it. What is typed must have
        a field."""
        form = next(one for one in self.page.forms if button in one.buttons and where in one.action)
        assert typed.keys() <= form.fields.keys(), (typed, form)
        given = {name: value if isinstance(value, str) else json.dumps(value) for name, value in typed.items()}
        boxes = {name: form.boxes[name] for name in ticked}
        return self._shown(
            await self.client.post(form.action, data={**form.fields, **boxes, **given}, headers={"referer": str(self.answer.url)})
        )

    async def follow(self, link: str) -> Window:
        return await self.open(self.page.links[link])

    async def ask(self, path: str, **body: Any) -> dict[str, Any]:
        """Ask as the script of the pages does."""
        answer = await self.client.post(path, json=body, headers={"accept": "application/json"})
        self.status = answer.status_code
        found: dict[str, Any] = answer.json()
        return found

    @property
    def text(self) -> str:
        return self.page.text

    @property
    def path(self) -> str:
        return urlsplit(self.where).path
