"""Where Buckler's cases are played on Conduit."""

from __future__ import annotations

from urllib.parse import urlencode

from buckler.testing import Place, Target
from examples.conduit.settings import DEMO_EMAIL, DEMO_PASSWORD, DEMO_USERNAME

DEMO_ARTICLE = "jupiters-moons-one-year-later"  # one of the demo content

target = Target(
    host="localhost",
    paths={
        Place.PAGE: "/",
        Place.SCRIPTED: "/",
        Place.PRIVATE: "/settings",
        Place.WRITE: f"/article/{DEMO_ARTICLE}/favorite",
        Place.SIGN_IN: "/login",
        Place.SIGN_OUT: "/logout",
        Place.UPLOAD: "/register",
    },
    pages=[f"/article/{DEMO_ARTICLE}", f"/profile/{DEMO_USERNAME}", "/login", "/api/articles", "/api/tags"],
    sign_in_body=urlencode({"email": DEMO_EMAIL, "password": DEMO_PASSWORD}).encode(),
)
