"""Judgements by words: sentiment, urgency, which of several choices, whether something is the case, how well a text is written.

In: a text, and what is asked. Out: a number, a choice or a boolean, None where no word speaks for any. The words are those of `lexicon`.
"""

import re
from collections.abc import Sequence
from typing import Final

from chalicelib.providers.reading.lexicon import AUXILIARIES, BAD, CALMER, FAMILIES, GOOD, HYPE, NEGATIONS, NEUTRAL, SAME, SCALES, URGENT, VAGUE
from chalicelib.providers.reading.words import name_words, stem, words_of
from chalicelib.spec.model import Json


def sentiment(text: str) -> float:
    """From -1 (bad) to 1 (good); 0 where words balance or none speaks."""
    score, count, negated = 0, 0, 0
    for word in words_of(text):
        if word in NEGATIONS:
            negated = 3
            continue
        family = stem(word)
        value = (family in GOOD) - (family in BAD)
        score += -value if negated and value > 0 else value
        count += value != 0
        negated = max(0, negated - 1)
    return score / count if count else 0.0


def urgency(text: str) -> float:
    """From 0 (no hurry) to 1 (now)."""
    weights: dict[str, int] = {}
    tokens = words_of(text)
    for at, token in enumerate(tokens):
        weight = URGENT.get(stem(token), 0)
        denied = weight > 0 and not NEGATIONS.isdisjoint(tokens[max(0, at - 2) : at])
        weights[stem(token)] = -2 if denied else weight
    stuck = len(re.findall(r"(?i)\b(?:cannot|can't|unable to|nobody can|as soon as possible)\b", text)) * 2
    return min(1.0, max(0.0, 0.35 + (sum(weights.values()) + min(stuck, 4)) * 0.13 + min(text.count("!"), 3) * 0.05))


def choose(options: Sequence[Json], text: str, *, field: str, lines: Sequence[str] = ()) -> Json:
    """The option that the text speaks for: by a labelled line, a scale, sentiment, its words and their families; else the most neutral one."""
    named = _labelled_choice(options, field, lines)
    if named is not None:
        return named
    found = _on_scale(options, text, field)
    if found is None:
        found = _by_sentiment(options, text)
    if found is not None:
        return found
    scores = [_evidence(str(option), text) for option in options]
    least = 2 if any(_plain(option) in VAGUE for option in options) else 1
    if max(scores) >= least:
        return options[scores.index(max(scores))]
    return neutral(options)


def neutral(options: Sequence[Json]) -> Json:
    """What to answer where nothing speaks for any option."""
    plain = {_plain(option): option for option in reversed(options)}
    return next((plain[word] for word in NEUTRAL if word in plain), options[0])


def _plain(option: Json) -> str:
    return str(option).lower().replace(" ", "_")


def holds(field: str, text: str) -> bool | None:
    """Whether what a field's name says is the case: `is_urgent`, `refund_requested`, `contains_pii`; None where the text says nothing of it."""
    words = [word for word in name_words(field) if word not in AUXILIARIES]
    if not words:
        return None
    if set(words) & {"urgent", "critical", "escalate", "escalation"}:
        return urgency(text) >= 0.7
    if set(words) & {"positive", "happy", "satisfied"}:
        return sentiment(text) > 0
    if set(words) & {"negative", "angry", "unhappy", "complaint"}:
        return sentiment(text) < 0
    tokens = words_of(text)
    families = [stem(token) for token in tokens]
    for word in words:
        wanted = FAMILIES.get(SAME.get(word, word), frozenset()) if word == "spam" else {stem(word)}
        for at, family in enumerate(families):
            if family in wanted:
                return not NEGATIONS.intersection(tokens[max(0, at - 4) : at])
    return None


def quality(text: str) -> float:
    """How well a text is written, from 0 to 1: plain, concrete, in sentences of a readable length."""
    words = words_of(text)
    if not words:
        return 0.0
    sentences = [part for part in re.split(r"[.!?]+\s", text) if part.strip()]
    mean = len(words) / max(1, len(sentences))
    hype = sum(stem(word) in HYPE for word in words)
    shouting = text.count("!!") + len(re.findall(r"\b[A-Z]{4,}\b", text)) * 0.5 + max(0, text.count("!") - 1) * 0.5
    score = 0.85 - 0.08 * min(hype, 5) - 0.06 * min(shouting, 5)
    score -= 0.15 if mean > 28 else 0.0
    score -= 0.15 if len(words) < 25 else 0.0
    score += 0.08 if re.search(r"\d", text) else 0.0
    return round(min(1.0, max(0.05, score)), 2)


def weak_points(text: str) -> list[str]:
    """What keeps a text from being better, as remarks for its author."""
    words = words_of(text)
    hype = sorted({word for word in words if stem(word) in HYPE})
    long = [part for part in re.split(r"(?<=[.!?])\s", text) if len(part.split()) > 28]
    remarks = [f"Replace the superlatives ({', '.join(hype[:4])}) by facts." if hype else ""]
    remarks.append("Drop the repeated exclamation marks." if text.count("!") > 1 else "")
    remarks.append("Write words in capitals as normal words." if re.search(r"\b[A-Z]{5,}\b", text) else "")
    remarks.append(f"Split the sentence that begins “{' '.join(long[0].split()[:6])} …”." if long else "")
    remarks.append("Say more: the text is very short." if 0 < len(words) < 25 else "")
    remarks.append("Support the claim with a figure." if words and not re.search(r"\d", text) else "")
    return [remark for remark in remarks if remark]


def is_bold(sentence: str) -> bool:
    """Whether a sentence claims more than can be shown: superlatives, guarantees."""
    return any(stem(word) in HYPE for word in words_of(sentence)) or bool(re.search(r"(?i)\b\w+est\b.*\b(?:in|of)\b|100 ?%|\bno risk\b", sentence))


def without_hype(text: str) -> str:
    """The text in calmer words: superlatives, shouting and repeated marks removed."""
    calm = re.sub(r"([!?])[!?]+", r"\1", text).replace("!", ".")
    calm = re.sub(r"\b[A-ZÄÖÜ]{5,}\b", lambda found: found.group().lower(), calm)
    calm = re.sub(r"(?i)\bthe best((?: \w+)?) ever\b", lambda found: f"a good{found.group(1) or ' choice'}", calm)
    calm = _SUPERLATIVE.sub(r"a good \1", calm)
    calm = " ".join(kept for word in calm.split(" ") if (kept := _calm_word(word)) is not None)
    calm = re.sub(r"\s+([.,;:])", r"\1", calm)
    return re.sub(r"(?:^|(?<=[.?]\s))([a-z])", lambda found: found.group().upper(), calm).strip()


_SUPERLATIVE: Final = re.compile(
    r"(?i)\bthe (?:best|\w{3,}est)(?: and (?:the )?(?:best|\w{3,}est))? (\w+)(?: in (?:the )?(?:world|town|country|market))"
)


def _calm_word(word: str) -> str | None:
    """The word, a calmer one, or nothing; marks that follow it stay."""
    bare = word.strip(".,;:?()\"'").lower()
    if not bare or stem(bare) not in HYPE:
        return word
    marks = word[len(word.rstrip(".,;:?")) :]
    return CALMER[bare] + marks if bare in CALMER else marks or None


def _labelled_choice(options: Sequence[Json], field: str, lines: Sequence[str]) -> Json:
    """`Priority: high` on a line of its own."""
    label = r"[\s_-]*".join(re.escape(word) for word in name_words(field))
    for line in lines:
        found = re.match(rf"(?i)^\W*{label}\s*[:=]\s*(.+)$", line) if label else None
        for option in options if found else ():
            if found and re.match(rf"(?i)\W*{re.escape(str(option)).replace('_', '[ _-]')}\b", found.group(1)):
                return option
    return None


def _on_scale(options: Sequence[Json], text: str, field: str) -> Json:
    ranks = {index: SCALES[str(option).lower().replace("-", "").replace("_", "")] for index, option in enumerate(options) if _is_rank(option)}
    if len(ranks) < 2 or len(ranks) < len(options) - 1:
        return None
    wanted = 1 + urgency(text) * 3 if set(name_words(field)) & _HURRY or sentiment(text) <= 0 else 1.0
    return options[min(ranks, key=lambda index: (abs(ranks[index] - wanted), ranks[index]))]


_HURRY: Final = frozenset(("urgency", "priority", "severity", "impact", "risk", "level"))


def _is_rank(option: Json) -> bool:
    return str(option).lower().replace("-", "").replace("_", "") in SCALES


def _by_sentiment(options: Sequence[Json], text: str) -> Json:
    plain = {str(option).lower(): option for option in options}
    if not {"positive", "negative"} <= set(plain):
        return None
    score = sentiment(text)
    if abs(score) < 0.25:
        return plain.get("neutral", plain.get("mixed", plain["positive" if score >= 0 else "negative"]))
    return plain["positive" if score > 0 else "negative"]


def _evidence(option: str, text: str) -> int:
    """How much the text speaks of an option: its own words three times, words of its family once; what is denied does not count."""
    tokens = words_of(text)
    families = [stem(token) for at, token in enumerate(tokens) if NEGATIONS.isdisjoint(tokens[max(0, at - 2) : at])]
    score = 3 * sum(min(families.count(family), 3) for family in {stem(word) for word in name_words(option)})
    for word in name_words(option):
        related = FAMILIES.get(word) or FAMILIES.get(SAME.get(word, ""), frozenset())
        score += sum(families.count(family) for family in related)
    return score
