"""What the demo's people write about. Invented, like the people."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Topic:
    """`subjects` go into titles; `facts` and `steps` into bodies; `tags` beside the topic's own."""

    tag: str
    tags: tuple[str, ...]
    subjects: tuple[str, ...]
    facts: tuple[str, ...]
    steps: tuple[str, ...]
    code: str = ""


TOPICS = (
    Topic(
        "gardening",
        ("soil", "spring", "patience"),
        ("a north-facing balcony", "tomatoes in clay soil", "the compost heap", "garlic planted in autumn", "a hedge of hazel", "slugs"),
        (
            "The bed by the wall is warm two weeks before the others, and everything that is sown there is eaten two weeks earlier.",
            "Clay holds water until the day it does not, and then it holds cracks.",
            "I kept a notebook of first and last frost; after five years it knows more than the forecast.",
            "Whatever the packet says, the pigeons have not read it.",
            "Mulch did in one summer what digging had not done in six.",
        ),
        ("Sow half of what you want to", "Write down the date", "Water in the morning, deeply, and then leave it", "Leave one corner wild"),
    ),
    Topic(
        "cycling",
        ("commuting", "winter", "repair"),
        (
            "riding to work in January",
            "a second-hand tourer",
            "truing a wheel",
            "cargo bikes and hills",
            "lights that survive rain",
            "the river path",
        ),
        (
            "Eleven kilometres are thirty-four minutes with a head wind and twenty-six without, and I have yet to meet the day without.",
            "The cheapest upgrade was tyres; the second cheapest was pumping them up.",
            "A bicycle tells you what is wrong with it, if you stop talking while you ride.",
            "Cold feet are a problem of circulation, not of socks, and so the answer is larger shoes.",
            "I have stopped counting the trains that I did not have to wait for.",
        ),
        (
            "Carry a spare tube and know how it goes in",
            "Clean the chain on Sunday",
            "Leave ten minutes early",
            "Ride where drivers can see you",
        ),
    ),
    Topic(
        "baking",
        ("sourdough", "kitchen", "patience"),
        (
            "rye bread without a tin",
            "a starter that sleeps",
            "oven steam",
            "the Sunday loaf",
            "flour from the mill",
            "croissants, the third attempt",
        ),
        (
            "The dough was not sticky; I was impatient. An hour later it was a different dough.",
            "My starter is older than my lease and has survived two moves in a jam jar.",
            "Rye does not rise, it arrives.",
            "A thermometer ended more arguments in this kitchen than any book.",
            "The first slice belongs to whoever is in the kitchen; that is the rule.",
        ),
        (
            "Weigh, never measure by cups",
            "Fold four times, half an hour apart",
            "Let it cool; it is still baking",
            "Keep a log of room temperature",
        ),
    ),
    Topic(
        "python",
        ("programming", "async", "testing"),
        (
            "async generators",
            "type hints in an old code base",
            "a queue with limits",
            "reading a traceback",
            "small modules",
            "deleting code",
        ),
        (
            "The function had nine parameters because nobody had dared to ask what the seventh was for.",
            "We found the leak by counting, not by guessing: one reference cycle a request is enough.",
            "A test that cannot fail is decoration.",
            "The slowest line was the one that we were proud of.",
            "Every flag that I added to avoid a decision became two decisions later.",
        ),
        (
            "Write the test that fails first",
            "Name the unit: `timeout_s`, not `timeout`",
            "Delete it, and see who calls",
            "Measure twice, optimise once",
        ),
        'async def first(sources):\n    """Return what answers first, and stop the others."""\n'
        "    async with asyncio.TaskGroup() as group:\n        ...",
    ),
    Topic(
        "databases",
        ("programming", "sql", "performance"),
        (
            "an index that nobody used",
            "the N+1 query",
            "migrations on a Friday",
            "reading a query plan",
            "counting rows",
            "a table named data",
        ),
        (
            "The page took four seconds and three hundred and one statements; it now takes two statements.",
            "An index is a promise to every future write that it will be a little slower.",
            "The plan said sequential scan, and the plan was right: the table has forty rows.",
            "We had a backup. What we did not have was a restore.",
            "Nullable was the default, and so it became the design.",
        ),
        (
            "Look at the plan, not at the clock",
            "Count statements in a test",
            "Restore the backup once a quarter",
            "Give constraints a name",
        ),
        "SELECT tag, count(*)\n  FROM article_tags\n GROUP BY tag\n ORDER BY count(*) DESC\n LIMIT 10;",
    ),
    Topic(
        "security",
        ("programming", "web", "privacy"),
        (
            "passwords in a shared document",
            "a content security policy",
            "reading access logs",
            "the forgotten subdomain",
            "sessions and cookies",
            "threat models for small teams",
        ),
        (
            "Nobody attacked us; somebody attacked everybody, and we were among them.",
            "The form had no token because it had no button; it had an address, and that was enough.",
            "We turned the policy on in report-only mode and read its reports for a week before we believed them.",
            "The key was rotated in an afternoon because somebody had practised in spring.",
            "A secret in an environment variable is still a secret in a crash report.",
        ),
        (
            "Refuse what you do not know",
            "Rotate one key this month, to see whether you can",
            "Log the refusal, not the password",
            "Turn it on in report-only mode first",
        ),
        "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'",
    ),
    Topic(
        "night-sky",
        ("astronomy", "winter", "patience"),
        (
            "binoculars before telescopes",
            "a dark place near a city",
            "Jupiter's moons",
            "the Leonids",
            "drawing the moon",
            "cold hands and warm eyes",
        ),
        (
            "It takes twenty minutes for the eyes to open and one telephone to close them again.",
            "The moons had changed sides overnight, as they did for Galileo, and I understood why he could not sleep.",
            "Seven-by-fifty binoculars on a fence post showed more than the telescope that I had saved for.",
            "The best nights are the ones after rain.",
            "Drawing the moon badly taught me more than photographing it well.",
        ),
        ("Wait twenty minutes", "Use a red light", "Lean on something", "Write down what you saw, even if it was cloud"),
    ),
    Topic(
        "hiking",
        ("mountains", "summer", "maps"),
        ("the path along the old border", "sleeping in huts", "paper maps", "blisters", "a week with six kilograms", "turning back"),
        (
            "The map showed a bridge; the river had another opinion.",
            "Half of what I carried was fear of what might happen, and none of it happened.",
            "We turned back four hundred metres below the top, and it is the day that I remember best.",
            "In the hut, everyone knows the weather and nobody agrees.",
            "The marked time is for people who do not look around.",
        ),
        (
            "Start before seven",
            "Decide where you will turn back before you set out",
            "Carry more water than looks right",
            "Tape the heel at the first warmth",
        ),
    ),
    Topic(
        "woodwork",
        ("workshop", "repair", "patience"),
        ("sharpening by hand", "a stool from offcuts", "dovetails", "oil or wax", "the bench I should have built first", "green ash"),
        (
            "Nearly every fault that I blamed on the wood was a dull edge.",
            "The first stool wobbled, and so does everything else in this flat; they get along.",
            "Measure, mark, cut, swear, measure.",
            "Green ash forgives, dries, and then remembers.",
            "A good joint is one that you cannot see and a good clamp is one that you have.",
        ),
        ("Sharpen before you need to", "Cut on the waste side of the line", "Make it twice: once to learn", "Finish the underside"),
    ),
    Topic(
        "coffee",
        ("kitchen", "mornings"),
        ("a hand grinder", "water hardness", "the moka pot", "roasting in a pan", "one cup instead of four", "the office machine"),
        (
            "Our water is hard enough to stand a spoon in, and half of what I blamed on beans was chalk.",
            "The grinder takes ninety seconds; they are the quietest of the day.",
            "Nobody could tell the two cups apart, including me, who had been so sure.",
            "Roasting in a pan smells like bread first and like regret soon after.",
            "The office machine makes a drink for which there is a word in no language.",
        ),
        ("Grind just before", "Change one thing at a time", "Rinse the filter", "Stop the pot before it gurgles"),
    ),
    Topic(
        "languages",
        ("learning", "reading"),
        (
            "reading a novel too early",
            "mistakes that stay",
            "the dative",
            "flash cards",
            "speaking with shopkeepers",
            "dictionaries on paper",
        ),
        (
            "I understood one sentence in four, and by the last chapter one in two, which is a kind of plot.",
            "The baker corrects my articles and gives me the rolls from the back.",
            "A word that was looked up three times is a word; before that it is a noise.",
            "Grammar explained what I already said wrong, which is the right order.",
            "On the telephone I am still four years old.",
        ),
        (
            "Read something that you would read anyway",
            "Twenty minutes every day, not two hours on Sunday",
            "Say it wrong, aloud",
            "Keep a list of your own mistakes",
        ),
    ),
    Topic(
        "sailing",
        ("harbour", "summer", "maps"),
        ("crossing the bay in fog", "knots that hold", "an old wooden dinghy", "reading clouds", "the lock at noon", "anchoring for lunch"),
        (
            "Fog has no edge; you notice it by what is missing.",
            "The dinghy leaks until she has drunk enough, and then she is the driest boat in the harbour.",
            "Everybody watches you moor, and nobody watches you sail well.",
            "The wind had been forecast; what had not been forecast was us.",
            "A bowline that was tied in the dark is worth three that were tied at the kitchen table.",
        ),
        (
            "Reef when you first think of it",
            "Put the kettle away before you tack",
            "Know where the wind will be in an hour",
            "Thank the lock keeper",
        ),
    ),
)
