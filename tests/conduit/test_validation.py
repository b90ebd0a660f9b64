"""Whatever comes in, the answer is 4xx with the field named: never a 500, never a row that should not be."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.conduit.inside import Inside

NUL, SURROGATE, BELL, TURN = "a\x00b", "a\ud800b", "a\x07b", "a\u202eb"
ARTICLE = {"title": "t", "description": "d", "body": "b"}
PERSON = {"username": "mira", "email": "mira@test.com", "password": "nine green bottles"}
BAD_TEXTS: tuple[Any, ...] = (NUL, SURROGATE, BELL, 7, True, ["a"], {"a": "b"}, None, "", "  \t ")


def raw(body: object) -> dict[str, Any]:
    """A body as JSON in ASCII, so that lone surrogates travel as \\ud800."""
    return {"content": json.dumps(body).encode(), "headers": {"content-type": "application/json"}}


def only_error(answer: Any, field: str) -> str:
    assert answer.status_code == 422, answer.text
    errors = answer.json()["errors"]
    assert list(errors) == [field], errors
    message: str = errors[field][0]
    return message


@pytest.mark.parametrize("value", BAD_TEXTS)
@pytest.mark.parametrize("field", ["title", "description", "body"])
async def test_article_texts(conduit: Inside, field: str, value: object) -> None:
    token = await conduit.join("mira")
    assert only_error(await conduit.ask("POST", "/articles", token, **raw({"article": {**ARTICLE, field: value}})), field)
    slug = await conduit.write(token)
    assert only_error(await conduit.ask("PUT", f"/articles/{slug}", token, **raw({"article": {field: value}})), field)


# A password may hold any character but NUL.
PERSON_TEXTS = [(field, value) for field in PERSON for value in BAD_TEXTS if field != "password" or value != BELL]


@pytest.mark.parametrize(("field", "value"), PERSON_TEXTS)
async def test_person_texts(conduit: Inside, field: str, value: object) -> None:
    assert only_error(await conduit.ask("POST", "/users", **raw({"user": {**PERSON, field: value}})), field)
    if field != "username":
        found = await conduit.ask("POST", "/users/login", **raw({"user": {"email": "a@test.com", "password": "b", field: value}}))
        assert only_error(found, field)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", "x" * 201),
        ("title", TURN),
        ("title", "two\nlines"),
        ("description", "x" * 401),
        ("body", "x" * 100_001),
        ("tagList", None),
        ("tagList", "a"),
        ("tagList", ["x"] * 21),
        ("tagList", ["x" * 41]),
        ("tagList", [""]),
        ("tagList", [NUL]),
        ("tagList", [7]),
        ("tagList", [["a"]]),
    ],
)
async def test_article_limits(conduit: Inside, field: str, value: object) -> None:
    token = await conduit.join("mira")
    assert only_error(await conduit.ask("POST", "/articles", token, **raw({"article": {**ARTICLE, field: value}})), field)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("username", "x" * 41),
        ("username", "with space"),
        ("username", "../admin"),
        ("username", ".."),
        ("username", "ｍｉｒａ"),  # noqa: RUF001  # full-width letters, which look like others
        ("username", "mіra"),  # noqa: RUF001  # one Cyrillic letter
        ("email", "nobody"),
        ("email", "a@b"),
        ("email", "a@test.com\r\nBcc: b@test.com"),
        ("email", f"{'x' * 250}@test.com"),
        ("password", "short7c"),
        ("password", "x" * 1025),
    ],
)
async def test_person_limits(conduit: Inside, field: str, value: str) -> None:
    assert only_error(await conduit.ask("POST", "/users", **raw({"user": {**PERSON, field: value}})), field)


@pytest.mark.parametrize(
    "image", ["javascript:alert(1)", "http://test.com/a.png", "https://", "https://[", "data:image/png;base64,AA", 'https://a/"b', NUL]
)
async def test_images_are_https_addresses(conduit: Inside, image: str) -> None:
    token = await conduit.join("mira")
    assert only_error(await conduit.ask("PUT", "/user", token, **raw({"user": {"image": image}})), "image")


@pytest.mark.parametrize("bio", [NUL, SURROGATE, "x" * 2001, 7])
async def test_bio(conduit: Inside, bio: object) -> None:
    token = await conduit.join("mira")
    assert only_error(await conduit.ask("PUT", "/user", token, **raw({"user": {"bio": bio}})), "bio")


@pytest.mark.parametrize("password", ["password123", "Password123", "nina", "12345678", "mira-the-first", "MIRA-the-first@test.com"])
async def test_passwords_that_anybody_would_try(conduit: Inside, password: str) -> None:
    person = {"username": "mira-the-first", "email": "mira-the-first@test.com", "password": password}
    assert only_error(await conduit.ask("POST", "/users", json={"user": person}), "password")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"user": {**PERSON, "isAdmin": True}}, "isAdmin"),
        ({"user": PERSON, "more": 1}, "more"),
        ({"user": {**PERSON, "id": 1}}, "id"),
        ({"user": {**PERSON, "\ud800": 1}}, "user"),
        ({"user": {**PERSON, "x" * 5000: 1}}, "x" * 60),
        ({}, "user"),
        ({"user": None}, "user"),
        ({"user": []}, "user"),
        ([], "body"),
        (7, "body"),
        (None, "body"),
    ],
)
async def test_shape(conduit: Inside, body: object, field: str) -> None:
    assert only_error(await conduit.ask("POST", "/users", **raw(body)), field)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b'{"user":', b"[" * 5000, b'{"user": NaN}', b'{"user": 1e999}'])
async def test_not_json(conduit: Inside, content: bytes) -> None:
    answer = await conduit.ask("POST", "/users", content=content, headers={"content-type": "application/json"})
    assert answer.status_code in {400, 413, 422}, answer.text
    assert answer.json()


async def test_json_needs_its_content_type(conduit: Inside) -> None:
    """JSON as text/plain is what another site's form can send (CVE-2021-32677)."""
    answer = await conduit.ask("POST", "/users", content=json.dumps({"user": PERSON}), headers={"content-type": "text/plain"})
    assert answer.status_code == 422


@pytest.mark.parametrize("kind", ["/user", "/articles/slug"])
async def test_a_change_must_change_something(conduit: Inside, kind: str) -> None:
    token = await conduit.join("mira")
    slug = await conduit.write(token)
    name = "user" if kind == "/user" else "article"
    assert only_error(await conduit.ask("PUT", kind.replace("slug", slug), token, json={name: {}}), name)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=x", "limit"),
        ("limit=99999999999999999999999999", "limit"),
        ("offset=-1", "offset"),
        ("offset=99999999999999999999999999", "offset"),
        ("tag=%00", "tag"),
        ("tag=" + "x" * 41, "tag"),
        ("author=%00", "author"),
        ("favorited=a%07", "favorited"),
        ("sort=title", "sort"),
    ],
)
async def test_queries(conduit: Inside, query: str, field: str) -> None:
    assert only_error(await conduit.ask("GET", f"/articles?{query}"), field)


@pytest.mark.parametrize("number", ["0", "-1", "x", "9" * 30, "2147483648", "1.5"])
async def test_comment_numbers(conduit: Inside, number: str) -> None:
    token = await conduit.join("mira")
    slug = await conduit.write(token)
    assert only_error(await conduit.ask("DELETE", f"/articles/{slug}/comments/{number}", token), "comment_id")


@pytest.mark.parametrize("path", ["/articles/a%07b", f"/articles/{'x' * 200}", "/profiles/a%07b", f"/profiles/{'x' * 50}"])
async def test_path_parts(conduit: Inside, path: str) -> None:
    answer = await conduit.ask("GET", path)
    assert answer.status_code in {400, 422}, answer.text


@pytest.mark.parametrize("text", ["שלום", "日本語", "e\u0301", "👩🏽‍🌾 of the year", "naïve — yes", "a\u200db"])
async def test_honest_unicode_is_welcome(conduit: Inside, text: str) -> None:
    token = await conduit.join("mira")
    slug = await conduit.write(token, text, body=f"{text}\r\n\tmore", tagList=[text])
    article = (await conduit.ask("GET", f"/articles/{slug}")).json()["article"]
    kept = text.replace("e\u0301", "é")
    assert (article["title"], article["body"], article["tagList"]) == (kept, f"{kept}\n\tmore", [kept])
    assert (await conduit.ask("GET", "/articles", params={"tag": text})).json()["articlesCount"] == 1
