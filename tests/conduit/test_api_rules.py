"""Rules of the API that the RealWorld collection does not ask about."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conduit.inside import Inside


async def test_a_new_title_brings_a_new_address(conduit: Inside) -> None:
    token = await conduit.join("mira")
    slug = await conduit.write(token)
    answer = await conduit.ask("PUT", f"/articles/{slug}", token, json={"article": {"title": "On wheat"}})
    moved = answer.json()["article"]["slug"]
    assert moved.startswith("on-wheat-")
    assert (await conduit.ask("GET", f"/articles/{slug}")).status_code == 404
    assert (await conduit.ask("GET", f"/articles/{moved}")).status_code == 200


async def test_tags_keep_their_order_and_lose_repetitions(conduit: Inside) -> None:
    token = await conduit.join("mira")
    slug = await conduit.write(token, tagList=["b", "a", "b"])
    change = {"article": {"tagList": ["c", "a"]}}
    assert (await conduit.ask("GET", f"/articles/{slug}")).json()["article"]["tagList"] == ["b", "a"]
    assert (await conduit.ask("PUT", f"/articles/{slug}", token, json=change)).json()["article"]["tagList"] == ["c", "a"]
    assert set((await conduit.ask("GET", "/tags")).json()["tags"]) == {"c", "a"}


async def test_filters_must_all_hold(conduit: Inside) -> None:
    mira, tom = await conduit.join("mira"), await conduit.join("tom")
    await conduit.write(mira, "One", tagList=["x"])
    slug = await conduit.write(tom, "Two", tagList=["x"])
    await conduit.ask("POST", f"/articles/{slug}/favorite", mira)
    for query, titles in {
        "tag=x": ["Two", "One"],
        "tag=x&author=MIRA": ["One"],
        "tag=x&favorited=mira": ["Two"],
        "author=mira&favorited=mira": [],
        "author=nobody": [],
        "favorited=nobody": [],
        "offset=5": [],
    }.items():
        answer = (await conduit.ask("GET", f"/articles?{query}")).json()
        assert [article["title"] for article in answer["articles"]] == titles, query


async def test_favouring_and_following_twice_is_doing_it_once(conduit: Inside) -> None:
    token = await conduit.join("mira")
    slug = await conduit.write(token)
    for _ in range(2):
        assert (await conduit.ask("POST", f"/articles/{slug}/favorite", token)).json()["article"]["favoritesCount"] == 1
        assert (await conduit.ask("POST", "/profiles/mira/follow", token)).json()["profile"]["following"] is True
    for _ in range(2):
        assert (await conduit.ask("DELETE", f"/articles/{slug}/favorite", token)).json()["article"]["favoritesCount"] == 0
        assert (await conduit.ask("DELETE", "/profiles/mira/follow", token)).json()["profile"]["following"] is False


async def test_an_article_takes_everything_of_its_own_with_it(conduit: Inside) -> None:
    token = await conduit.join("mira")
    slug = await conduit.write(token, tagList=["x"])
    await conduit.ask("POST", f"/articles/{slug}/favorite", token)
    await conduit.ask("POST", f"/articles/{slug}/comments", token, json={"comment": {"body": "hello"}})
    assert (await conduit.ask("DELETE", f"/articles/{slug}", token)).status_code == 204
    assert (await conduit.ask("GET", "/tags")).json() == {"tags": []}
    assert (await conduit.ask("GET", "/articles?favorited=mira")).json() == {"articles": [], "articlesCount": 0}


async def test_a_comment_belongs_to_its_article(conduit: Inside) -> None:
    """An id that exists, under another article, is not found: nobody can reach across."""
    token = await conduit.join("mira")
    one, two = await conduit.write(token), await conduit.write(token)
    answer = await conduit.ask("POST", f"/articles/{one}/comments", token, json={"comment": {"body": "hello"}})
    number = answer.json()["comment"]["id"]
    assert (await conduit.ask("DELETE", f"/articles/{two}/comments/{number}", token)).status_code == 404
    assert (await conduit.ask("DELETE", f"/articles/{one}/comments/{number}", token)).status_code == 204


@pytest.mark.parametrize(("username", "email", "field"), [("MIRA", "new@test.com", "username"), ("new", "MIRA@Test.com", "email")])
async def test_a_name_is_one_in_every_spelling(conduit: Inside, username: str, email: str, field: str) -> None:
    await conduit.join("mira")
    person = {"username": username, "email": email, "password": "nine green bottles"}
    answer = await conduit.ask("POST", "/users", json={"user": person})
    assert (answer.status_code, answer.json()) == (409, {"errors": {field: ["has already been taken"]}})


async def test_somebody_elses_name_cannot_be_taken_over(conduit: Inside) -> None:
    await conduit.join("mira")
    tom = await conduit.join("tom")
    assert (await conduit.ask("PUT", "/user", tom, json={"user": {"username": "Mira"}})).status_code == 409
    assert (await conduit.ask("PUT", "/user", tom, json={"user": {"username": "Tom"}})).json()["user"]["username"] == "Tom"


async def test_programs_need_no_exemption_from_csrf(conduit: Inside) -> None:
    """A program sends neither Origin nor Sec-Fetch-Site and no cookie; a page of another site sends them, and is refused."""
    token = await conduit.join("mira")
    evil = {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}
    answer = await conduit.ask("POST", "/profiles/mira/follow", token, headers=evil)
    assert (answer.status_code, answer.json()["code"]) == (403, "csrf.cross_site")


async def test_unknown_paths_and_methods_speak_the_same_language(conduit: Inside) -> None:
    assert (await conduit.ask("GET", "/nothing")).json() == {"errors": {"path": ["not found"]}}
    answer = await conduit.ask("DELETE", "/tags")
    assert (answer.status_code, answer.json(), answer.headers["allow"]) == (405, {"errors": {"method": ["method not allowed"]}}, "GET")
