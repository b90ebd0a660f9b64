from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buckler.accounts.agents import label

_MOZILLA = "Mozilla/5.0 "
_KHTML = " (KHTML, like Gecko) "
_CHROME = "AppleWebKit/537.36" + _KHTML + "Chrome/142.0.0.0 Safari/537.36"
_IPHONE = _MOZILLA + "(iPhone; CPU iPhone OS 26_1 like Mac OS X) AppleWebKit/605.1.15" + _KHTML
_WINDOWS, _LINUX, _MAC = "(Windows NT 10.0; Win64; x64) ", "(X11; Linux x86_64) ", "(Macintosh; Intel Mac OS X 10_15_7) "

AGENTS = {
    "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0": "Firefox on Linux",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0": "Firefox on Windows",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:145.0) Gecko/20100101 Firefox/145.0": "Firefox on macOS",
    "Mozilla/5.0 (Android 15; Mobile; rv:145.0) Gecko/145.0 Firefox/145.0": "Firefox on Android",
    _IPHONE + "FxiOS/145.0 Mobile/15E148 Safari/605.1.15": "Firefox on iOS",
    "Mozilla/5.0 (X11; FreeBSD amd64; rv:145.0) Gecko/20100101 Firefox/145.0": "Firefox on FreeBSD",
    "Mozilla/5.0 (X11; OpenBSD amd64; rv:145.0) Gecko/20100101 Firefox/145.0": "Firefox on OpenBSD",
    "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0 SeaMonkey/2.53.21": "SeaMonkey on Linux",
    _MOZILLA + _WINDOWS + _CHROME: "Chrome on Windows",
    _MOZILLA + _LINUX + _CHROME: "Chrome on Linux",
    _MOZILLA + _MAC + _CHROME: "Chrome on macOS",
    _MOZILLA + "(X11; CrOS x86_64 14541.0.0) " + _CHROME: "Chrome on ChromeOS",
    _MOZILLA + "(Linux; Android 10; K) AppleWebKit/537.36" + _KHTML + "Chrome/142.0.0.0 Mobile Safari/537.36": "Chrome on Android",
    _IPHONE + "CriOS/142.0.7444.46 Mobile/15E148 Safari/604.1": "Chrome on iOS",
    _MOZILLA + _LINUX + _CHROME.replace("Chrome/", "HeadlessChrome/"): "Headless Chrome on Linux",
    _MOZILLA + _LINUX + _CHROME.replace("Chrome/", "Ubuntu Chromium/142.0.0.0 Chrome/"): "Chromium on Linux",
    _MOZILLA + _WINDOWS + _CHROME + " Edg/142.0.0.0": "Edge on Windows",
    _MOZILLA + "(Linux; Android 10; K) " + _CHROME + " EdgA/142.0.0.0": "Edge on Android",
    _IPHONE + "Version/26.0 EdgiOS/142.0.3595.57 Mobile/15E148 Safari/604.1": "Edge on iOS",
    _MOZILLA + _WINDOWS + _CHROME + " Edge/18.19045": "Edge on Windows",
    _MOZILLA + _WINDOWS + _CHROME + " OPR/124.0.0.0": "Opera on Windows",
    _IPHONE + "Version/26.0 Mobile/15E148 Safari/604.1 OPT/6.1": "Opera on iOS",
    "Opera/9.80 (Windows NT 6.1) Presto/2.12.388 Version/12.18": "Opera on Windows",
    _MOZILLA + _LINUX + _CHROME + " Vivaldi/7.6.3797.63": "Vivaldi on Linux",
    _MOZILLA + _WINDOWS + _CHROME.replace("Safari", "YaBrowser/25.10.0.0 Safari"): "Yandex Browser on Windows",
    _MOZILLA + "(Linux; Android 10; K) " + _CHROME.replace("Chrome/", "SamsungBrowser/29.0 Chrome/"): "Samsung Internet on Android",
    _IPHONE + "Version/26.0 Mobile/15E148 DuckDuckGo/7 Safari/605.1.15": "DuckDuckGo on iOS",
    _MOZILLA + _MAC + "AppleWebKit/605.1.15" + _KHTML + "Version/26.0 Safari/605.1.15 Ddg/26.0": "DuckDuckGo on macOS",
    _MOZILLA + _MAC + "AppleWebKit/605.1.15" + _KHTML + "Version/26.0 Safari/605.1.15": "Safari on macOS",
    _IPHONE + "Version/26.0 Mobile/15E148 Safari/604.1": "Safari on iOS",
    "Mozilla/5.0 (iPad; CPU OS 12_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/12.1 Safari/604.1": "Safari on iPadOS",
    _MOZILLA + "(Linux; U; Android 4.0; de-de) AppleWebKit/534.30" + _KHTML + "Version/4.0 Safari/534.30": "Android Browser on Android",
    "Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko": "Internet Explorer on Windows",
    _MOZILLA + _LINUX + "AppleWebKit/605.1.15" + _KHTML + "Version/18.0 Safari/605.1.15 Epiphany/605.1.15": "GNOME Web on Linux",
    "curl/8.16.0": "curl",
    "Wget/1.25.0": "Wget",
    "python-requests/2.32.5": "Python (requests)",
    "python-httpx/0.28.1": "Python (httpx)",
    "okhttp/5.1.0": "OkHttp",
    "Go-http-client/2.0": "Go",
    "PostmanRuntime/7.49.1": "Postman",
    _MOZILLA + _LINUX: "Unknown browser on Linux",
    "Safari/": "Unknown browser",
    "": "Unknown browser",
    "<script>alert(1)</script>": "Unknown browser",
}


@pytest.mark.parametrize(("agent", "said"), AGENTS.items(), ids=AGENTS.values())
def test_real_agents(agent: str, said: str) -> None:
    assert label(agent) == said


@given(st.text())
def test_a_label_is_made_of_our_own_words_alone(agent: str) -> None:
    known = {word for said in AGENTS.values() for word in said.split()}
    assert set(label(agent).split()) <= known | {"Konqueror"}


def test_a_long_text_takes_no_time() -> None:
    """Processor time, of four megabytes: a quadratic search would take hours."""
    began_s = time.process_time()
    assert label("edgchrome" * 500_000) == "Unknown browser"
    assert time.process_time() - began_s < 5
