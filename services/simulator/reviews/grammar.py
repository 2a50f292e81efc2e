"""Reads English for slips: a fault is a place where a careful reader stumbles. Of other languages it sees what needs no
knowledge of them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

_BE = "is|are|was|were|am|be|been"
_DETERMINERS = "the|a|an|my|our|your|its|their|this|these|those|every|some"
_PLURALS = "people|children|men|women|feet|teeth|staff|team|police|crew|data|media|personnel|kids"

# each with its weight; 1 is a slip that no native writer makes
FAULTS: tuple[tuple[str, float, re.Pattern[str]], ...] = tuple(
    (name, weight, re.compile(pattern, re.IGNORECASE if fold else 0))
    for name, weight, fold, pattern in (
        ("doubled words", 1.0, True, r"\b(?!(?:had|that|very|so|really|no|ha|bye|many|much|never)\b)([^\W\d]+)\s+\1\b"),
        ("words in disorder", 1.2, True, rf"\b(?:the|a|an|my|our|your|their|every)\s+(?:{_BE}|of|and|or|but|to|in|on|at|with|"
         r"for|from|the|a|an|i|it|he|she|we|they|me|him|us|them|has|have|had|did|does|would|could|because|very\s*[.!?,])\b"),
        ("words in disorder", 1.0, True, r"\b(?:of|and|with|from|into|because|than)\s+(?:of|was|were|is|are|and|than)\b"),
        ("words in disorder", 1.0, True, r"\b(?:the|a|an|of|and|with|my|our|from|because|very|than|into|or|but|is|was|were)"
         r"\s*[.!?](?:\s|$)"),
        ("verbs that collide", 1.0, True, rf"\b(?:is|are|was|were|am|been)\s+(?:{_BE}|has|have|do|does|did|had)\b"),
        ("verbs that collide", 1.0, True, rf"\bbe\s+(?:{_BE})\b"),
        ("verbs that collide", 1.0, True, r"\b(?:is|are|was|were|am|it's)\s+(?:not\s+)?(?:work|go|make|use|stop|break|buy|come|"
         r"give|take|want|need|look|feel|like\s+it|recommend|help|arrive|happen|sound|taste)\b"),
        ("wrong verb forms", 1.0, True, r"\b(?:can|could|will|would|should|must|might|cannot|can't|won't|to|doesn't|don't|didn't|"
         r"did\s+not|does\s+not|do\s+not)\s+(?:was|were|went|came|bought|broke|took|gave|made|is|are|am|has|works|worked|"
         r"makes|goes|comes|gets|stopped|arrived|looked|seemed|charged|recommended|liked|loved|fits|lasts|turned|wanted|"
         r"buying|having|using|working|going)\b"),
        ("wrong verb forms", 1.0, True, r"\b(?:have|has|had|having)\s+(?:went|came|broke|took|gave|buy|break|go|take|stop|arrive|"
         r"use|make|ate|drank|wrote)\b"),
        ("wrong verb forms", 1.0, True, r"\b(?:buyed|breaked|goed|taked|maked|gived|comed|eated|sleeped|feeled|thinked|"
         r"catched|costed|bringed|losed|boughted|runned|payed)\b"),
        ("agreement", 1.0, True, r"(?<!\band )\b(?:he|she|it|this)\s+(?:were|are|have|don't|am|do|work|make|look|"
         r"feel|go|come|taste|sound|need|stop|break|fit|last)\b(?!\s*(?:\?|i\b))"),
        ("agreement", 1.0, True, r"\bI\s+(?:is|has|are|does|doesn't|be|am\s+(?:buy|have|go|like|use|want|think|recommend))\b"),
        ("agreement", 1.0, True, r"\b(?:they|we|you|these|those)\s+(?:is|was|has|does|doesn't|isn't|wasn't|makes|works|goes|"
         r"feels|looks|fits|comes|sounds)\b"),
        ("agreement", 1.0, True, r"(?:^|[.!?,;]\s+|\b(?:and|but|because)\s+)(?:the|my|our|its|these|those)\s+"
         r"(?!\w*(?:ss|us|is|ics|news)\b)\w{3,}s\s+(?:is|was|has|doesn't|isn't|wasn't)\b"),
        ("agreement", 1.0, True, rf"(?:^|[.!?;]\s+|\bbut\s+)(?:the|my|our|its|this)\s+(?!(?:{_PLURALS})\b)\w+(?<!s)\s+"
         r"(?:are|were|have|don't)\b"),
        ("agreement", 1.0, True, r"\b(?:this|a|an|every|each)\s+(?:[a-z]+phones|shoes|boots|batteries|speakers|buttons|rooms|"
         r"things|products|days|weeks|times|people|colours|colors)\b"),
        ("agreement", 1.0, True, r"\b(?:these|those|many|several|two|three|few)\s+(?:product|phone|shoe|button|room|thing|"
         r"battery|day|week|month|time|problem|speaker|headphone|book|part)\b(?!\s+\w*s\b)"),
        ("comparison", 1.0, True, r"\b(?:more|most|much\s+more)\s+(?:better|worse|best|worst|easier|cheaper|bigger|faster|nicer|"
         r"good|bad|big|fast|nice|cheap)\b|\b(?:gooder|worser|badder|bestest|goodest)\b"),
        ("nouns", 0.7, True, r"\b(?:informations|advices|equipments|furnitures|childs|feedbacks|softwares|moneys|musics)\b"),
        ("articles", 0.7, True, r"\b(?:buy|bought|ordered|order|received|receive|got|have|had|use|in|on|is|was|"
         r"with|for|like|recommend|because|but|when|that)\s+(?:very\s+)?(?:good\s+|bad\s+|nice\s+|new\s+|great\s+|big\s+)?"
         r"(?:phone|laptop|screen|camera|hotel|room|product|blender|chair|book|bike|box|car|keyboard|"
         r"restaurant|waiter|machine|company|seller|motor|headphone|shoe|course|app|lid|button|jacket|mattress|tent)"
         r"(?=\s*(?:[.!?,]|$)|\s+(?:is|was|are|were|not|very|and|last|i|it|have|has|for|from|but|so|good|bad|too|after)\b)"),
        ("articles", 0.4, True, r"\ba\s+(?=[aeiou])(?!(?:uni|use|usual|usab|user|util|euro?|one|once|u-|ubi|uk)\w*)\w+"),
        ("articles", 0.4, True, r"\ban\s+(?![aeiou]|hour|honest|heir|honou?r|[fhlmnrsx]\b|[A-Z]{2}|\d)[a-z]\w*"),
        ("spelling", 0.5, True, r"\b(?:definately|recieved?|alot|teh|wich|becuase|becouse|becaus|thier|realy|verry|dont|didnt|"
         r"doesnt|isnt|wasnt|cant|wont|wouldnt|couldnt|im|ive|u|ur|plz|gud|thx|wen|wat|becoz|bcoz|cuz|tho|beleive|"
         r"seperate|untill|tommorow|occured|excelent|confortable|qualty|quallity|batery|delivary|reccomend|recomend|"
         r"tast|terible|wierd|awsome|prodcut|wrok|woks|disapointed|dissapointed|greatful|beutiful|comfortible|nife)\b"),
        ("capitals", 0.4, False, r"(?<![\w.])i(?=\s|'m|'ve|'d|'ll)(?!\.)"),
        ("capitals", 0.4, False, r"[.!?]\s+[a-z]"),
        ("capitals", 0.4, False, r"\b[a-z]+[A-Z][a-z]*[A-Z]\w*\b"),
        ("capitals", 0.5, False, r"\b(?:[A-Z]{2,}[ ,]+){4,}[A-Z]{2,}\b"),
        ("stray signs", 0.3, False, r"\s[,.!?;](?=\s|$)|[,;]{2,}|[!?]{4,}|[.,!?][A-Za-z]{2,}[.,!?]\w|#{2,}|@{2,}|&&"),
        ("garbled words", 1.0, True, r"\b(?!www|mmm|hmm|brrr)(?=[a-z]*[a-z])[bcdfghjklmnpqrstvwxz]{4,}\b"
         r"|\b\w*(?:[bcdfghjklmnpqrstvwxz]{6,}|([a-z])\1{2,})\w*\b|\b[a-z]+[@$#%^*~][a-z@$#%^*~]+\b|\ufffd"),
    )
)  # fmt: skip

_VERB = re.compile(
    rf"\b(?:{_BE}|has|have|had|do|does|did|can|could|will|would|should|must|may|might|cannot|let|put|got|get|went|go|came|"
    r"made|make|took|take|gave|give|felt|feel|kept|keep|bought|buy|found|find|said|say|told|left|broke|read|ran|run|"
    r"set|cost|fell|lost|held|hold|paid|pay|sent|came|come|know|knew|think|thought|want|need|love|like|hate|use|work|"
    r"look|help|recommend|expect|enjoy|hope|wish|drink|drank|eat|ate|sit|sat|slept|sleep|wore|wear|spent|spend|learnt|"
    r"won|began|grew|heard|saw|see|shut|cut|hit|met|sold|stood|stuck|taught|understood|woke|wrote|write|avoid|save|buy|"
    r"try|stay|skip|smell|taste|sound|deserve|\w+(?:ed|ing|es)|\w+n't|\w+'(?:s|re|m|ve|d|ll)|\w{2,}(?<!s)s)\b",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"[^.!?…。！？।؟\n]+(?:[.!?…。！？।؟]+[\"'”’)\]]*|\n|$)")
_ENDED = re.compile(r"[.!?…。！？।؟։][\"'”’)\]\s]*(?:\W*)$")
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_LOST = 0.55  # of the mark, for one fault of weight 1 in WORDS words
WORDS = 12
RUN_ON = 45  # words without a stop or a comma


def grammar(text: str) -> tuple[float, tuple[str, ...]]:
    """0 to 1, and the names of the faults, the gravest first."""
    words = len(_WORD.findall(text))
    if not words:
        return 0.0, ("no words",)
    weights = faults(text)
    rate = sum(weights.values()) / max(1.0, words / WORDS)
    return max(0.0, 1.0 - _LOST * rate), tuple(sorted(weights, key=lambda name: -weights[name]))


def faults(text: str) -> dict[str, float]:
    """The weight of all faults of each name; 0 for those that it has not."""
    weights: defaultdict[str, float] = defaultdict(float)
    for name, weight in _faults(text.replace("’", "'")):
        weights[name] += weight
    return weights


def sentences(text: str) -> list[str]:
    parts = (re.sub(r"(?<=\d)\.(?=\d)", "·", text)) if "." in text else text  # 7.5 is one number
    return [found for part in _SENTENCE.findall(parts) if (found := part.strip()) and _WORD.search(found)]


def has_verb(sentence: str) -> bool:
    return _VERB.search(sentence) is not None


def english(text: str) -> bool:
    """Whether it is in Latin letters: of other scripts nothing is known here."""
    letters = sum(sign.isalpha() for sign in text)
    return letters > 0 and sum(sign.isalpha() and sign < "\u0250" for sign in text) > 0.7 * letters


def _faults(text: str) -> Iterator[tuple[str, float]]:
    latin = english(text)
    for name, weight, pattern in FAULTS:
        if latin or name in ("doubled words", "stray signs", "garbled words"):
            for _ in pattern.finditer(text):
                yield name, weight
    if not _ENDED.search(text[-40:]):
        yield "no end", 0.5
    if not latin:
        return
    if text.lstrip("\"'“‘(")[:1].islower():
        yield "capitals", 0.4
    for sentence in sentences(text):
        count = len(_WORD.findall(sentence))
        if count >= 4 and not has_verb(sentence):
            yield "missing verbs", 0.8
        if count > RUN_ON and not re.search(r"[,;:–—]", sentence):
            yield "run-on sentences", 1.0
