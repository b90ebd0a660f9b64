"""What a browser calls itself, in words: "Firefox on Linux".

A label for people who look at a list of their own devices, and nothing more: whoever wants to can send any `User-Agent`. Deliberately no
library: the kept ones bring megabytes of patterns for models of telephones, and regular expressions over strangers' text; here are plain
searches for words, linear in the length of a text that is at most 200 characters long.

Order matters: nearly every browser claims to be several others as well, so the rarer name is looked for first. Brave and others claim to
be Chrome and nothing else; they are called Chrome.
"""

from __future__ import annotations

UNKNOWN = "Unknown browser"

_BROWSERS = (
    ("edg/", "Edge"),
    ("edga/", "Edge"),
    ("edgios/", "Edge"),
    ("edge/", "Edge"),
    ("opr/", "Opera"),
    ("opt/", "Opera"),
    ("opera", "Opera"),
    ("samsungbrowser/", "Samsung Internet"),
    ("vivaldi/", "Vivaldi"),
    ("yabrowser/", "Yandex Browser"),
    ("duckduckgo/", "DuckDuckGo"),
    ("ddg/", "DuckDuckGo"),
    ("seamonkey/", "SeaMonkey"),
    ("firefox/", "Firefox"),
    ("fxios/", "Firefox"),
    ("crios/", "Chrome"),
    ("headlesschrome/", "Headless Chrome"),
    ("chromium/", "Chromium"),
    ("chrome/", "Chrome"),
    ("msie ", "Internet Explorer"),
    ("trident/", "Internet Explorer"),
    ("epiphany/", "GNOME Web"),
    ("konqueror/", "Konqueror"),
    ("curl/", "curl"),
    ("wget/", "Wget"),
    ("python-requests/", "Python (requests)"),
    ("python-httpx/", "Python (httpx)"),
    ("okhttp/", "OkHttp"),
    ("go-http-client/", "Go"),
    ("postmanruntime/", "Postman"),
)
_SYSTEMS = (
    ("iphone", "iOS"),
    ("ipad", "iPadOS"),
    ("ipod", "iOS"),
    ("android", "Android"),
    ("windows", "Windows"),
    ("cros ", "ChromeOS"),
    ("mac os x", "macOS"),
    ("macintosh", "macOS"),
    ("freebsd", "FreeBSD"),
    ("openbsd", "OpenBSD"),
    ("linux", "Linux"),
)


def label(agent: str) -> str:
    """Return "Firefox on Linux", "curl", "Unknown browser on Windows" or "Unknown browser" for the text of a `User-Agent` field."""
    text = agent.lower()
    browser = _first(_BROWSERS, text)
    if not browser and "safari/" in text and "version/" in text:  # an Android browser from before Chrome says the same
        browser = "Android Browser" if "android" in text else "Safari"
    system = _first(_SYSTEMS, text)
    return f"{browser or UNKNOWN} on {system}" if system else browser or UNKNOWN


def _first(names: tuple[tuple[str, str], ...], text: str) -> str:
    return next((name for word, name in names if word in text), "")
