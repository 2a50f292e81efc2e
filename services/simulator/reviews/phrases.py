"""The parts that reviews are made of. `{I}`, `{my}`, `{me}` are the writer, `{was}` goes by the aspect's number,
`{n}` is a number of its own at each place.

What stands in one tuple can take each other's place: so texts differ, and so `vary` rewrites them.
"""

from __future__ import annotations

from typing import Literal

Feeling = Literal["positive", "negative", "neutral"]

WHEN = (
    "about {n} weeks ago", "some {n} months ago", "nearly {n} days ago", "on the {n}th of last month",
    "after {n} years with an older one", "after comparing {n} alternatives", "with a budget of {n} dollars",
    "following {n} hours of research", "for a discount of {n} percent", "a little over {n} weeks back",
)  # fmt: skip
WHERE = (
    "on the advice of a colleague", "because of an advertisement", "for a wedding anniversary",
    "at a friend's insistence",
    "during the summer holidays", "for the new flat", "as a birthday present", "out of sheer curiosity",
    "while working from home", "on a rainy weekend", "right before moving house", "for a long business trip",
    "at the local market", "in a late-night mood", "with modest hopes", "with the whole family in mind",
    "on a tight budget", "after reading several forums", "for everyday errands", "thanks to a neighbour",
)  # fmt: skip
PERSONAS = (
    "a nurse on night shifts", "a student in a shared house", "a retired teacher", "a parent of toddlers",
    "an engineer by training", "a frequent traveller", "a freelance designer", "a complete beginner",
    "a long-time enthusiast", "an office manager", "a weekend hobbyist", "a sceptic by nature",
    "a small-business owner",
    "a commuter from the suburbs", "an amateur musician", "a keen gardener", "a volunteer at a shelter",
    "a bargain hunter", "a grandparent of four", "a busy journalist", "a part-time courier", "a former sales clerk",
)  # fmt: skip
HABITS = (
    "{I} need something dependable every day", "{I} notice small flaws quickly", "{I} rarely write feedback like this",
    "{I} look for things that last", "{I} put new purchases through a lot", "{I} prefer simple solutions",
    "{I} keep notes on everything {I} try", "{I} have little patience for gimmicks", "{I} compare before deciding",
    "{I} know this market fairly well", "{I} share such things with relatives", "{I} judge by everyday life",
)  # fmt: skip
LEADS = (
    "in daily use, ", "from the first day, ", "on closer inspection, ", "for {my} purposes, ", "at home, ",
    "under pressure, ", "over time, ", "in {my} experience, ", "so far, ", "when it mattered, ", "as for the rest, ",
    "on most days, ", "judging by the last month, ", "to begin with, ",
)  # fmt: skip
CONTEXTS = (
    " in every season", " on crowded mornings", " during long evenings", " throughout {my} trial period",
    " in front of guests", " away from home", " while {I} kept an eye on it", " under ordinary conditions",
    " from Monday to Sunday", " with several people around", " at the weekend", " whatever the weather",
)  # fmt: skip
COUNTED = (
    " over {n} weeks", " in {n} separate trials", " after {n} rounds of testing", " across {n} occasions",
    " for roughly {n} days", " on {n} evenings out of 30",
)  # fmt: skip

Scale = dict[Feeling, tuple[tuple[str, ...], ...]]  # by strength: mild, plain, strong

PREDICATES: Scale = {
    "positive": (
        ("{was} decent enough", "{was} fairly good", "{was} pleasant", "did a reasonable job", "{was} quite nice",
         "{was} satisfactory", "turned out rather well"),
        ("{was} very good", "{was} clearly above average", "worked really well", "{was} a pleasure", "impressed {me}",
         "made {me} happy", "{was} better than expected", "deserved praise", "won {me} over"),
        ("{was} absolutely outstanding", "{was} nothing short of superb", "exceeded every expectation",
         "{was} truly excellent", "delighted {me} completely", "{was} simply perfect", "amazed everybody",
         "set a brilliant standard"),
    ),
    "negative": (
        ("{was} slightly disappointing", "{was} a bit weak", "could have been stronger", "{was} somewhat lacking",
         "fell a little short", "{was} below par", "left room for improvement"),
        ("{was} poor", "{was} disappointing", "let {me} down", "{was} clearly below average", "caused trouble",
         "annoyed {me}", "{was} worse than expected", "failed to convince {me}", "gave {me} reason to complain"),
        ("{was} absolutely terrible", "{was} a complete disaster", "{was} utterly useless", "ruined the experience",
         "{was} nothing short of awful", "{was} unacceptable", "infuriated everybody", "{was} horribly bad"),
    ),
    "neutral": (
        ("{was} about average", "{was} much as described", "{was} neither here nor there", "{was} in line with others",
         "matched the description", "{was} of the usual standard", "{was} unremarkable", "served the purpose",
         "{was} comparable to similar ones", "{was} what one assumes"),
    ) * 3,
}  # fmt: skip
COMPARISONS: Scale = {
    "positive": (
        ("this is a small step forward", "the change is welcome"),
        ("this is a clear improvement", "this one wins easily", "there is no contest"),
        ("this is in a league of its own", "the difference is spectacular", "it is a revelation"),
    ),
    "negative": (
        ("this is a small step back", "the old choice held up better"),
        ("this is clearly inferior", "this one loses", "the money was badly spent"),
        ("this is a shocking decline", "the difference is painful", "it is a sad joke"),
    ),
    "neutral": (("the two are much alike", "there is little difference", "neither stands out", "it is a draw"),) * 3,
}  # fmt: skip
RIVALS = (
    "the cheaper alternative", "the previous choice", "what {my} brother has", "a better-known rival",
    "the market leader", "last year's edition", "what the office provides", "an imported one",
    "the one from {my} youth",
    "what the forums suggest", "a second-hand find", "the one {I} gave away",
)  # fmt: skip
VERDICTS: Scale = {
    "positive": (
        ("{I} would probably choose this {noun} again", "{I} feel reasonably content with this {noun}"),
        ("{I} would gladly recommend this {noun} to {who}", "{I} would choose this {noun} again"),
        ("{I} wholeheartedly recommend this {noun} to {who}", "{I} cannot praise this {noun} enough"),
    ),
    "negative": (
        ("{I} would hesitate before choosing this {noun} again", "{I} expected slightly more of this {noun}"),
        ("{I} would not recommend this {noun} to {who}", "{I} regret choosing this {noun}"),
        ("{I} would warn {who} against this {noun}", "{I} will never choose this {noun} again"),
    ),
    "neutral": (
        ("this {noun} may or may not suit {who}", "{I} have no strong opinion of this {noun}",
         "{who} should form an opinion of this {noun} in person"),
    ) * 3,
}  # fmt: skip
MIXED_VERDICTS = (
    "this {noun} has real strengths and real weaknesses", "{I} remain torn about this {noun}",
    "{who} should weigh the good against the bad of this {noun}",
)  # fmt: skip
WHO = (
    "friends", "relatives", "fellow commuters", "first-time buyers", "demanding users", "beginners", "anyone with kids",
    "people on a budget", "colleagues", "neighbours", "older people", "most households",
)  # fmt: skip
REMARKS = (
    "The parcel contained {n} leaflets that {I} never opened",
    "By now {I} have mentioned it to {n} acquaintances",
    "It takes {n} minutes to explain the basics to visitors",
    "{I} last checked on it {n} days ago",
    "A friend in another town has had one for {n} months",
    "The whole thing cost {me} {n} euros in the end",
    "{I} set aside {n} minutes a day to get to know it",
    "Another {n} people in {my} circle are curious about it",
)
TONES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {  # before the first sentence, before the verdict
    "casual": (("okay, so ", "so, ", "well, ", "right, "), ("honestly, ", "long story short, ", "all in all, ")),
    "formal": (
        ("for the record, ", "by way of introduction, ", "to provide some background, "),
        ("in conclusion, ", "on the basis of the above, ", "in summary, "),
    ),
    "enthusiastic": (("listen up: ", "guess what: ", "here it comes: "), ("seriously, ", "believe {me}, ", "wow, ")),
    "plain": (("",), ("overall, ", "in the end, ", "taken together, ", "")),
}
TONE_WORDS = {
    "casual": "casual informal friendly conversational humorous funny relaxed sarcastic ironic chatty",
    "formal": "formal professional academic neutral objective business polite serious technical analytical",
    "enthusiastic": "enthusiastic excited passionate emotional energetic angry frustrated dramatic",
}
