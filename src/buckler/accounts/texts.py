"""What accounts say to people, in their language: `words/*.toml`, one file a language, the application's own before Buckler's.

A text is plain: it has no markup, and whoever fills it needs none. Where it becomes HTML, the template escapes it whole. English is
always there: what another language lacks is said in English, and a key that English lacks is a mistake that shows at startup.
`tomllib` of the standard library reads the files. Deliberately not gettext: its keys are English sentences, so that correcting one
loses its translations, and its files need a compiler.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from string import Formatter
from typing import TYPE_CHECKING, Any

from buckler.core.options import need
from buckler.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from buckler.accounts.problems import AccountError

OWN = Path(__file__).parent  # holds words/, letters/, pages/; a folder of an application has the same
DEFAULT = "en"
_PROBLEMS = "problems."  # their English stands beside the code that finds them, so it is no key here
_TAG = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}")
_RANGE = re.compile(r"\*|[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8}){0,7}")  # RFC 4647, section 2.1
_WEIGHT = re.compile(r"[qQ]=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)")  # RFC 9110, section 12.4.2
_MAX_HEADER, _MAX_RANGES = 500, 20  # a browser sends some five; more is read by nobody
_FORMATTER = Formatter()

Words = dict[str, "str | list[str]"]


class Texts:
    """The texts of all languages. `folders`: the application's own, the first one first; each has a folder `words`.

    Raises `ConfigError` for a file that cannot be read, a key that English lacks, and a `{name}` that the English text does not have.
    """

    def __init__(self, folders: Sequence[str | Path] = ()) -> None:
        self._words: dict[str, Words] = {}
        self._places: dict[str, frozenset[str]] = {}  # of each key, what may be filled: all that any English text of it fills
        for folder in (OWN, *reversed(folders)):
            for file in sorted((Path(folder) / "words").glob("*.toml")):
                need(_TAG.fullmatch(file.stem), str(file), file.stem, "name it by its language, as in de.toml or pt-BR.toml")
                words = _read(file)
                self._words.setdefault(file.stem, {}).update(words)
                if file.stem == DEFAULT:
                    self._places |= {key: self._places.get(key, frozenset()) | places(text) for key, text in words.items()}
        self._by_fold = {language.lower(): language for language in self._words}
        self.languages: tuple[str, ...] = (DEFAULT, *sorted(set(self._words) - {DEFAULT}))
        for language in self.languages[1:]:
            self._judge(language)

    def _judge(self, language: str) -> None:
        """What a language says must be what English says: the same keys, kinds and places to fill."""
        file, english = f"words/{language}.toml", self._words[DEFAULT]
        for key, text in self._words[language].items():
            if key.startswith(_PROBLEMS):
                continue
            need(key in english, file, key, f"there is no such text in words/{DEFAULT}.toml")
            need(
                isinstance(text, str) == isinstance(english[key], str),
                file,
                key,
                "English has a list where this has a text, or the reverse",
            )
            known = self._places[key]
            need(places(text) <= known, file, key, f"it may fill {sorted(known)} and nothing else, as in English")

    def __contains__(self, key: str) -> bool:
        """Whether English has the text."""
        return key in self._words[DEFAULT]

    def keys(self, language: str) -> Mapping[str, str | list[str]]:
        """Return key → text of one language as it stands in its files: what a test compares."""
        return dict(self._words[language])

    def say(self, language: str, key: str, /, **values: Any) -> str:
        """Return one text, filled. Plain text: whoever puts it into HTML escapes it. Raises `ConfigError` for an unknown key, KeyError
        for a value that is missing."""
        text = self._find(language, key)
        need(isinstance(text, str), "text", key, "it is a list: ask for its lines")
        return str(text).format_map(values)

    def lines(self, language: str, key: str, /, **values: Any) -> list[str]:
        """Return a list of texts, filled. Raises as `say` does."""
        found = self._find(language, key)
        need(isinstance(found, list), "text", key, "it is one text: say it")
        return [line.format_map(values) for line in found]

    def problem(self, language: str, error: AccountError) -> tuple[str, str]:
        """Return (what is wrong, what to do). The English of the code stands in where a language has no words for it."""
        name = _PROBLEMS + error.problem.code.removeprefix("account.")
        title, fix = self._get(language, f"{name}.title"), self._get(language, f"{name}.fix")
        values = error.values
        return str(title).format_map(values) if title else error.title, str(fix).format_map(values) if fix else error.fix

    def when(self, language: str, at: datetime) -> str:
        """Return date and time of `at` in words, as in "14 July 2026, 12:05 UTC". `at` is in UTC."""
        month = self.lines(language, "time.months")[at.month - 1]
        values = {"day": at.day, "month": month, "year": at.year, "hour": f"{at:%H}", "minute": f"{at:%M}"}
        return self.say(language, "time.pattern", **values)

    def nearest(self, tag: str) -> str | None:
        """Return the language that serves who asks for `tag`: itself, or the one it is a variety of (RFC 4647, section 3.4)."""
        wanted = tag[:_MAX_HEADER].lower()
        while wanted:
            if wanted in self._by_fold:
                return self._by_fold[wanted]
            wanted = wanted.rpartition("-")[0]
        return None

    def choose(self, accept_language: str, own: str = "") -> str:
        """Return the language to speak: the person's `own` where there is one, else what the browser asks for, else English."""
        return self.nearest(own) or self.negotiate(accept_language)

    def negotiate(self, accept_language: str) -> str:
        """Return the best language for the value of `Accept-Language`. What is malformed counts as not said (RFC 9110, section 12.5.4)."""
        best, best_q = DEFAULT, 0.0
        for piece in accept_language[:_MAX_HEADER].split(",")[:_MAX_RANGES]:
            tag, _, weight = (part.strip() for part in piece.partition(";"))
            said = _WEIGHT.fullmatch(weight or "q=1")
            if said is None or not _RANGE.fullmatch(tag):
                continue
            language = DEFAULT if tag == "*" else self.nearest(tag)
            if language is not None and float(said[1]) > best_q:
                best, best_q = language, float(said[1])
        return best

    def _get(self, language: str, key: str) -> str | list[str] | None:
        near = self.nearest(language) or DEFAULT
        return self._words[near].get(key) or self._words[DEFAULT].get(key)

    def _find(self, language: str, key: str) -> str | list[str]:
        found = self._get(language, key)
        if found is None:
            raise ConfigError("text", key, f"words/{DEFAULT}.toml has no such text")
        return found


def places(text: str | list[str]) -> frozenset[str]:
    """Return the names of the places to fill. Raises ValueError for anything but plain `{names}`: a text must not reach into a value."""
    found = set()
    for line in [text] if isinstance(text, str) else text:
        for _, name, spec, conversion in _FORMATTER.parse(line):
            if name is None:
                continue
            if spec or conversion or not name.isidentifier():
                raise ValueError(f"{{{name}}}")
            found.add(name)
    return frozenset(found)


def _read(file: Path) -> Words:
    try:
        tables = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(str(file), "unreadable", str(error)) from None
    words: Words = dict(_flat(tables, str(file)))
    for key, text in words.items():
        try:
            places(text)
        except ValueError as error:
            raise ConfigError(f"{file}: {key}", str(error), "write a place to fill as {name}, and a brace of its own as {{ or }}") from None
    return words


def _flat(tables: dict[str, Any], file: str, above: str = "") -> Iterator[tuple[str, str | list[str]]]:
    """Yield tables as `a.b.c` → text or list of texts."""
    for name, value in tables.items():
        if isinstance(value, dict):
            yield from _flat(value, file, f"{above}{name}.")
            continue
        good = isinstance(value, str) or (isinstance(value, list) and all(isinstance(line, str) for line in value))
        need(good, file, f"{above}{name}", "a text, or a list of texts")
        yield f"{above}{name}", value
