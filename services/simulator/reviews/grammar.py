"""Reads English for slips: a fault is a place where a careful reader stumbles. Of other languages it sees what needs no
knowledge of them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from services.simulator.reviews.subjects import words

_BE = "is|are|was|were|am|be|been"

# each with its weight; 1 is a slip that no native writer makes
FAULTS: tuple[tuple[str, float, re.Pattern[str]], ...] = tuple(
    (name, weight, re.compile(pattern, re.IGNORECASE if fold else 0))
    for name, weight, fold, pattern in (
        ("doubled words", 1.0, True,
         r"\b(?!(?:had|that|very|so|really|no|ha|bye|many|much|never)\b)([^\W\d]+)\s+\1\b"),
        ("words in disorder", 1.2, True,
         r"\b(?:the|a|an|my|our|your|their|every)\s+(?:is|are|was|were|am|be|been|of|and|or|but|to|in|on|at|with|"
         r"for|from|the|a|an|i|it|he|she|we|they|me|him|us|them|has|have|had|did|does|would|could|because|"
         r"very\s*[.!?,])\b"),
        ("words in disorder", 1.0, True,
         r"\b(?:of|and|with|from|into|because|than)\s+(?:of|was|were|is|are|and|than)\b"),
        ("words in disorder", 1.0, True,
         r"\b(?:the|a|an|of|and|with|my|our|from|because|very|than|into|or|but|is|was|were)\s*[.!?](?:\s|$)"),
        ("verbs that collide", 1.0, True,
         r"\b(?:is|are|was|were|am|been)\s+(?:is|are|was|were|am|be|been|has|have|do|does|did|had)\b"),
        ("verbs that collide", 1.0, True,
         r"\bbe\s+(?:is|are|was|were|am|be|been)\b"),
        ("verbs that collide", 1.0, True,
         r"\b(?:is|are|was|were|am|it's)\s+(?:not\s+)?(?:work|go|make|use|stop|break|buy|come|give|take|want|need|"
         r"look|feel|like\s+it|recommend|help|arrive|happen|sound|taste)\b"),
        ("verbs that collide", 1.0, True,
         r"\b(?:is|are|was|were|am)\s+(?:not\s+|already\s+|also\s+)?(?:speak|love|hurts?|build|die|went|broke|"
         r"bring|help|works|makes|goes|came|gave|took|say|says|know|see|eat|sleep|wash|get|got\s+to)\b"),
        ("wrong verb forms", 1.0, True,
         r"\b(?:can|could|will|would|should|must|might|cannot|can't|won't|to|doesn't|don't|didn't|did\s+not|"
         r"does\s+not|do\s+not)\s+(?:was|were|went|came|bought|broke|took|gave|made|is|are|am|has|works|worked|"
         r"makes|goes|comes|gets|stopped|arrived|looked|seemed|charged|recommended|liked|loved|fits|lasts|turned|"
         r"wanted|buying|having|using|working|going)\b"),
        ("wrong verb forms", 1.0, True,
         r"\b(?:have|has|had|having)\s+(?:went|came|broke|took|gave|buy|break|go|take|stop|arrive|use|make|ate|"
         r"drank|wrote)\b"),
        ("wrong verb forms", 1.0, True,
         r"\b(?:buyed|breaked|goed|taked|maked|gived|comed|eated|falled|sleeped|feeled|thinked|catched|costed|bringed|"
         r"losed|boughted|runned|payed)\b"),
        ("wrong verb forms", 1.0, True,
         r"\b(?:did|do|does)(?:n't|\s+not)\s+(?!(?:need|feed|speed|exceed|proceed|succeed|bleed|embed|shed|"
         r"breed)\b)\w{3,}ed\b|\b(?:can|could|will|would|must|should|cannot|can't)\s+(?:not\s+)?to\b"),
        ("wrong verb forms", 1.0, True,
         r"(?:^|[.!?]\s+)(?:I|we|they|he|she|it)\s+(?:not\s+)?(?:buying|coming|going|having|using|making|working|"
         r"trying|getting|looking|wanting|liking)\b|\bfor\s+(?:to|make|buy|clean|cook|read|keep|organi[sz]e)\b"),
        ("agreement", 1.0, True,
         r"(?<!\band )\b(?:he|she|it|this)\s+(?:were|are|have|don't|am|do|work|make|look|feel|go|come|taste|sound|"
         r"need|stop|break|fit|last)\b(?!\s*(?:\?|i\b))"),
        ("agreement", 1.0, True,
         r"\bI\s+(?:is|has|are|does|doesn't|be|am\s+(?:buy|have|go|like|use|want|think|recommend))\b"),
        ("agreement", 1.0, True,
         r"\b(?:they|we|you|these|those)\s+(?:is|was|has|does|doesn't|isn't|wasn't|makes|works|goes|feels|looks|"
         r"fits|comes|sounds)\b"),
        ("agreement", 1.0, True,
         r"(?:^|[.!?,;]\s+|\b(?:and|but|because)\s+)(?:the|my|our|its|these|those)\s+(?!\w*(?:ss|us|is|ics|"
         r"news)\b)\w{3,}s\s+(?:is|was|has|doesn't|isn't|wasn't)\b"),
        ("agreement", 1.0, True,
         r"(?:^|[.!?;,]\s+|\bbut\s+)(?:the|my|our|its|this)\s+(?!(?:people|children|men|women|feet|teeth|staff|"
         r"team|police|crew|data|media|personnel|kids)\b)\w+(?<!s)\s+(?:are|were|have|don't)\b"),
        ("agreement", 1.0, True,
         r"\b(?:this|a|an|every|each)\s+(?:[a-z]+phones|shoes|boots|batteries|speakers|buttons|rooms|things|"
         r"products|days|weeks|times|people|colours|colors)\b"),
        ("agreement", 1.0, True,
         r"\b(?:these|those|many|several|two|three|few)\s+(?:product|phone|shoe|button|room|thing|battery|day|week|"
         r"month|time|problem|speaker|headphone|book|part)\b(?!\s+\w*s\b)"),
        ("agreement", 1.0, True,
         r"\b(?:I|we|they|you)\s+(?:don't\s+|didn't\s+)?(?:likes|wants|loves|needs|uses|thinks|buys|says|knows|"
         r"hopes|feels)\b|\b(?:he|she|it)\s+(?:doesn't|don't|didn't)\s+(?:likes|wants|works|makes|fits|has)\b"),
        ("agreement", 1.0, True,
         r"(?:^|[.!?,]\s+)(?:the|my|our)\s+\w+\s+(?:it|she|he|they)\s+(?:is|was|has|help|helps|don't|doesn't|make|"
         r"makes|work|works|like|likes|say|says)\b"),
        ("agreement", 0.8, True,
         r"\b(?:two|three|four|five|six|ten|several|\d\d?)\s+(?:day|week|month|year|hour|minute|"
         r"time)(?=\s*(?:[.!?,;]|$)|\s+(?:ago|and|but|i|it|the|now|only|already|in)\b)|\b(?:many|"
         r"several)\s+[a-z]+(?<!s)(?<!people)(?<!more)\s*[.!?,]"),
        ("wrong prepositions", 0.7, True,
         r"\bsince\s+(?:two|three|four|five|six|\d+)\s+(?:day|week|month|year)s?\b(?!\s+ago)|\bdepend\s+of\b|"
         r"\bdiscuss\s+about\b|\bmarried\s+with\b"),
        ("wrong verb forms", 1.0, True,
         r"\b(?:don't|doesn't|didn't|dont)\s+\w{3,}ing\b|\b(?:he|she|it|I|they|we)\s+no\s+(?:[a-z]+)\b"
         r"|\bam\s+having\b"),
        ("missing verbs", 0.8, True,
         r"\b(?!(?:is|are|was|were|am|be|been|do|does|did|can|could|will|would|should|may|might|must|if|or|and|but|why|"
         r"better|had|has|have|i'm)\b|\w+'(?:s|re|m|d|ll)\b)[a-z']+\s+not\s+(?:charge|works?|mix|mixing|come|coming|open|"
         r"fit|last|good|help|make|stay|hold|working|charging|going|very|like|have|easy)\b"),
        ("agreement", 1.0, True,
         r"(?:^|[.!?,]\s+)(?:this|these)\s+\w+\s+(?:it|she|he|they)\s+(?:is|was|has|help|don't|make|work|go|come|look)\b"),
        ("wrong verb forms", 1.0, True,
         r"\b(?:is|are|was|were)\s+(?:arrived|happened|died|appeared|disappeared|stayed|wrote|spoke|drove|ate|chose|fell|forgot|"
         r"knew|saw|drank|began|wore|swam|bring|said\s+me)\b|\b(?:I|they|we|he|she|it)\s+not\s+[a-z]+\b"
         r"|\b(?:but|because|say|says|think)\s+(?:is|was|are)\b"),
        ("agreement", 1.0, True,
         r"(?:^|[.!?,;]\s+|\b(?:but|and|because)\s+)(?:(?:the|my|our|this)\s+)?(?!(?:I|we|you|they|who|that|which|people|both|"
         r"some|many|most|all|to|not|can|will|would|could|should|must|may|might|please|don't|staff|team|children|men|women|"
         r"crew|also|still|really|always|never|often|now|just|and|or|do|does|did|kids|then|first|you'll|i'd|so|but|because|"
         r"two|three|four|if|when|even|only|i've|we've|they've|family|simply)\b)[a-z]+(?<!s)\s+(?:look|taste|smell|feel|say|"
         r"make|work|need|have|want|like|help|break)\s+(?!of\b)"),
        ("agreement", 1.0, True,
         r"(?:^|[.!?]\s+)(?!(?:this|always|perhaps|news|class|tennis|besides|sometimes|customs|glasses)\b)[a-z]{3,}(?<![sui])s"
         r"\s+(?:is|was|has)\b|\bevery\s+(?:days|mornings|evenings|times|weeks|nights|months|years)\b"
         r"|\bI\s+(?!(?:always|was|does|sometimes|besides|perhaps|yes)\b)[a-z]{2,}[^\Wsuia]s\b"),
        ("comparison", 0.8, True,
         r"\btoo\s+much\s+(?:small|hard|big|expensive|loud|hot|slow|heavy|soft|high|low|tight|dark|cold|good)\b"),
        ("comparison", 1.0, True,
         r"\bmore\s+(?:brighter|softer|louder|stronger|smaller|quicker|slower|heavier|cleaner|lighter|darker|"
         r"warmer|cooler|longer|shorter|thicker|thinner|higher|lower|harder|older|newer)\b"),
        ("comparison", 1.0, True,
         r"\b(?:more|most|much\s+more)\s+(?:better|worse|best|worst|easier|cheaper|bigger|faster|nicer|good|bad|"
         r"big|fast|nice|cheap)\b|\b(?:gooder|goodly|more\s+(?:short|long|soft|small|big|old|high|low|strong|dark|thick)\s+than|worser|badder|bestest|goodest)\b"),
        ("nouns", 0.7, True,
         r"\b(?:informations|childrens|advices|datas|peoples|luggages|staffs|works\s+good|work\s+good|equipments|furnitures|"
         r"childs|feedbacks|softwares|moneys|musics)\b"),
        ("articles", 0.7, True,
         r"\b(?:buy|bought|ordered|order|received|receive|got|have|had|use|in|on|is|was|with|for|like|recommend|"
         r"because|but|when|that)\s+(?:very\s+)?(?:good\s+|bad\s+|nice\s+|new\s+|great\s+|big\s+)?(?:phone|laptop|"
         r"screen|camera|hotel|room|product|blender|chair|book|bike|box|car|keyboard|restaurant|waiter|machine|"
         r"company|seller|motor|headphone|shoe|course|app|lid|button|jacket|mattress|tent|refund|towel|server|"
         r"photo|morning|evening|battery|website)(?=\s*(?:[.!?,]|$)|\s+(?:is|was|are|were|not|very|and|last|i|it|"
         r"have|has|for|from|but|so|good|bad|too|after)\b)"),
        ("articles", 0.4, True,
         r"\ba\s+(?=[aeiou])(?!(?:uni|use|usual|usab|user|util|euro?|one|once|u-|ubi|uk)\w*)\w+"),
        ("articles", 0.4, True,
         r"\ban\s+(?![aeiou]|hour|honest|heir|honou?r|[fhlmnrsx]\b|[A-Z]{2}|\d)[a-z]\w*"),
        ("spelling", 0.5, True,
         r"\b(?:definately|recieved?|alot|teh|wich|becuase|becouse|becaus|thier|realy|verry|dont|didnt|doesnt|isnt|"
         r"wasnt|cant|wont|wouldnt|couldnt|im|ive|u|ur|plz|gud|thx|wen|wat|becoz|bcoz|cuz|tho|beleive|seperate|"
         r"untill|tommorow|occured|excelent|confortable|qualty|quallity|batery|delivary|reccomend|horible|recomend|tast|"
         r"terible|wierd|awsome|prodcut|wrok|woks|disapointed|dissapointed|greatful|beutiful|comfortible|nife)\b"),
        ("capitals", 0.4, False,
         r"(?<![\w.])i(?=\s|'m|'ve|'d|'ll)(?!\.)"),
        ("capitals", 0.4, False,
         r"[.!?]\s+[a-z]"),
        ("capitals", 0.4, False,
         r"\b[a-z]+[A-Z][a-z]*[A-Z]\w*\b"),
        ("capitals", 0.5, False,
         r"\b(?:[A-Z]{2,}[ ,]+){4,}[A-Z]{2,}\b"),
        ("stray signs", 0.3, False,
         r"\s[,.!?;](?=\s|$)|[,;]{2,}|[!?]{4,}|[.,!?][A-Za-z]{2,}[.,!?]\w|#{2,}|@{2,}|&&"),
        ("garbled words", 1.0, True,
         r"\b(?!www|mmm|hmm|brrr)(?=[a-z]*[a-z])[bcdfghjklmnpqrstvwxz]{4,}\b|\b\w*(?:[bcdfghjklmnpqrstvwxz]{6,}|"
         r"([a-z])\1{2,})\w*\b|\b[a-z]+[@$#%^*~][a-z@$#%^*~]+\b|\ufffd"),
    )
)  # fmt: skip

_VERB = re.compile(
    rf"\b(?:{_BE}|has|have|had|do|does|did|can|could|will|would|should|must|may|might|cannot|let|put|got|get|went|go|came|"
    r"made|make|took|take|gave|give|felt|feel|kept|keep|bought|buy|found|find|said|say|told|left|broke|read|ran|run|"
    r"set|cost|fell|lost|held|hold|paid|pay|sent|came|come|know|knew|think|thought|want|need|love|like|hate|use|work|"
    r"look|help|recommend|expect|enjoy|hope|wish|drink|drank|eat|ate|sit|sat|slept|sleep|wore|wear|spent|spend|learnt|"
    r"won|began|grew|heard|saw|see|shut|cut|hit|met|sold|stood|stuck|taught|understood|woke|wrote|write|avoid|save|buy|"
    r"try|stay|skip|close|open|turn|start|stop|play|show|tell|bring|leave|carry|stand|change|charge|wash|clean|"
    r"last|fit|seem|happen|remain|cover|rub|slip|walk|ride|drive|live|call|ask|move|fly|follow|grow|learn|teach|smell|taste|sound|deserve|\w+(?:ed|es)|\w+n't|\w+'(?:s|re|m|ve|d|ll)|\w{2,}(?<!s)s)\b",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"[^.!?…。！？।؟\n]+(?:[.!?…。！？।؟]+[\"'”’)\]]*|\n|$)")
_ENDED = re.compile(r"[.!?…。！？।؟։][\"'”’)\]\s]*(?:\W*)$")
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_ENGLISH = words("the and is was of to it that for with this my but not are have i you they so very at had")
_FOREIGN = (
    words(
        "el los las una muy que para con pero es está por del y der die das und ist nicht ein eine ich sehr mit "
        "auf den le les des une est et pas très pour avec je il che di non per molto una sono het een en niet zijn "
        "van met o os uma não um é com muito och är inte det som jest nie się na to jest"
    )
    - _ENGLISH
)
_LOST = 0.65  # of the mark, for one fault of weight 1 in WORDS words
WORDS = 12
LONGEST = 40  # letters of a word that are looked at
_LONG = re.compile(rf"\w{{{LONGEST},}}")
RUN_ON = 45  # words without a stop or a comma


def grammar(text: str) -> tuple[float, tuple[str, ...]]:
    """0 to 1, and the names of the faults, the gravest first."""
    length = len(_WORD.findall(text))
    if not length:
        return 0.0, ("no words",)
    weights = faults(text)
    rate = sum(weights.values()) / max(1.0, length / WORDS)
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
    """Whether it may be judged as English: not in another script, nor full of another language's little words."""
    letters = sum(sign.isalpha() for sign in text)
    if not letters or sum(sign.isalpha() and sign < "\u0250" for sign in text) <= 0.7 * letters:
        return False
    said = [word.lower() for word in _WORD.findall(text)]
    return sum(word in _FOREIGN for word in said) <= max(1, sum(word in _ENGLISH for word in said))


def _faults(text: str) -> Iterator[tuple[str, float]]:
    text = _LONG.sub(lambda word: word[0][:LONGEST], text)  # the time for a word grows with the square of its length
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
