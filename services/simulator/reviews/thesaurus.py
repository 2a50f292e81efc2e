"""Words of one sense, and what they feel like."""

from __future__ import annotations

SYNONYMS: tuple[tuple[str, ...], ...] = (
    ("great", "excellent", "superb", "fantastic"), ("good", "fine", "solid"), ("nice", "pleasant"),
    ("bad", "poor", "weak"), ("terrible", "awful", "dreadful"), ("really", "truly", "genuinely"),
    ("bought", "purchased"), ("use", "rely on"), ("quickly", "rapidly", "swiftly"), ("easy", "simple"),
    ("difficult", "hard"), ("expensive", "costly", "pricey"), ("cheap", "inexpensive"), ("big", "large"),
    ("small", "little"), ("often", "frequently", "regularly"), ("also", "as well"), ("but", "yet"),
    ("however", "still"), ("overall", "all in all", "on the whole"), ("start", "begin"), ("broke", "failed"),
    ("love", "adore"), ("like", "enjoy"), ("hate", "detest"), ("problem", "issue"), ("problems", "issues"),
    ("many", "plenty of"), ("always", "every time"), ("friends", "acquaintances"), ("family", "relatives"),
    ("buy", "purchase"), ("very", "quite"), ("beautiful", "lovely"), ("happy", "pleased"), ("arrived", "came"),
    ("after", "following"), ("recommend", "suggest"), ("amazing", "astonishing"), ("because", "since"),
)  # fmt: skip

POSITIVE = frozenset(
    "great excellent superb fantastic good fine solid nice pleasant love loved adore like liked enjoy enjoyed beautiful "
    "lovely happy pleased amazing amazed astonishing perfect perfectly outstanding brilliant delighted delight "
    "impressed impressive pleasure praise won exceeded better best decent satisfactory reasonable well above happily "
    "recommend comfortable reliable easy fast crisp clear delicious friendly helpful wonderful".split()
)
NEGATIVE = frozenset(
    "bad poor weak terrible awful dreadful hate hated detest broke broken failed fail disappointing disappointed "
    "disappointment useless disaster unacceptable infuriated horribly horrible ruined annoyed annoying complain "
    "complaint lacking fell par worse worst trouble below improvement slow flimsy expensive noisy rude dirty cold "
    "uncomfortable unreliable difficult defective let could regret".split()
)
