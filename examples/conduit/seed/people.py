"""The demo's people. None of them exists."""

from __future__ import annotations

FIRST_NAMES = (
    "Mira", "Tomas", "Ines", "Pavel", "Signe", "Oisin", "Lotte", "Emre", "Katya", "Bram", "Yuki", "Noor", "Elias", "Freya", "Dario",
    "Wanda", "Jonas", "Amina", "Teodor", "Hana",
)  # fmt: skip
LAST_NAMES = ("Holm", "Varga", "Quill", "Reyes", "Lindqvist", "Okafor", "Brandt", "Sato", "Marsh", "Novak")
BIOS = (
    "Writes about {topic} when it rains.",
    "Learning {topic} in public, slowly.",
    "{topic}, mostly. Sometimes bread.",
    "Twenty years of {topic} and still surprised.",
    "I take notes so that I can forget things.",
    "Here for the comments.",
    None,
)
ANGLES = (
    ("What {} taught me", "Five things that I would have liked to know before."),
    ("Notes on {}", "Collected over a year, in no order, corrected twice."),
    ("A short guide to {}", "For those who begin, from somebody who did so lately."),
    ("The mistake everyone makes with {}", "I made it for years, and nobody told me."),
    ("Why I came back to {}", "I had given it up twice. The third time is different."),
    ("{}, one year later", "A promise kept: what became of the plans of last winter."),
)
OPENINGS = (
    "Somebody asked me about {subject} last week, and my answer was too long for a kitchen.",
    "There are two kinds of people: those who have opinions on {subject}, and those who have tried it.",
    "I did not set out to write about {subject}. It kept coming up.",
    "This is the text on {subject} that I was looking for three years ago.",
)
HEADINGS = ("What I tried", "Where it went wrong", "What works", "In numbers", "What others say", "The dull part")
CLOSINGS = (
    "That is all I know, and some of it will turn out to be wrong. Tell me below.",
    "I will try again next season and report.",
    "None of this is new. It was new to me.",
    "If you know a better way, write it down somewhere: I will find it.",
)
COMMENTS = (
    "Thank you, I tried this on Sunday and it **works**.",
    "Exactly my experience, except that mine caught fire.",
    "Could you say more about the second step? I always get stuck there.",
    "I disagree with the first half and have bookmarked the second.",
    "My grandmother did it this way and would have been pleased.",
    "This should be printed and hung up in every workshop.",
    "Three years of reading about it, and this is the first text that mentions the weather.",
    "Small correction: it is forty minutes, not thirty. Otherwise, yes.",
    "Saved. Forwarded. Ignored by my brother, as expected.",
    "> That is all I know\n\nIt is more than most.",
)
