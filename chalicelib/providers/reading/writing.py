"""Texts made from a material: summaries, titles, replies, findings, questions. Extracts, not inventions.

In: a `Material`. Out: a text or a list of texts, never empty. What the material does not hold is said to be open, in so many words.
"""

import re
from math import sqrt
from typing import Final

from chalicelib.providers.reading import find
from chalicelib.providers.reading.judge import choose, is_bold, sentiment, urgency, weak_points, without_hype
from chalicelib.providers.reading.material import Material, content_words, overlap, topic_of
from chalicelib.providers.reading.words import stem, words_of
from chalicelib.spec.model import JsonObject

_MAX_TEXT: Final = 400
_MAX_REPORT: Final = 4000
_REWRITES: Final = re.compile(r"(?i)\b(?:rewrite|improve|revise|edit|polish|rephrase|correct|shorten|proofread|redraft)\b")
_COMPOSES: Final = re.compile(r"(?i)\b(?:write|draft|compose|reply|respond|answer)\b.*\b(?:reply|e-?mail|mail|message|response|letter|customer)\b")
_REPORTS: Final = re.compile(r"(?i)\b(?:write|draft|compose|prepare)\b.*\b(?:brief|report|memo|article|overview|digest)\b")
_OPEN_ASPECTS: Final = (
    "What is known today about {topic}, and from which sources",
    "Who is affected by {topic}, and how",
    "What {topic} costs and what it brings",
    "Which risks and open questions remain about {topic}",
    "What is likely to change about {topic} in the next years",
)
_QUESTIONS: Final = (
    "What is the present state of {topic}?",
    "Which factors drive {topic}?",
    "What stands in the way of {topic}?",
    "What does {topic} cost, and who pays?",
    "Which examples of {topic} can one learn from?",
    "How will {topic} develop in the next five years?",
)
_STEPS: Final = (
    "Confirm the facts about {topic}",
    "Contain the effect on those concerned",
    "Find the cause",
    "Mend it and check the result",
    "Write down what was learnt",
)


def rewrites(material: Material) -> bool:
    """Whether the prompt asks for a better version of its material."""
    return bool(_REWRITES.search(material.instruction))


def summary(material: Material, *, sentences: int = 2) -> str:
    """The sentences that carry most of the material, in its order; what a bill is about; its first lines where it is no prose."""
    bill = _of_bill(material)
    if bill is not None:
        return bill
    chosen = key_sentences(material, sentences)
    text = " ".join(chosen) if chosen else "; ".join(material.lines[:4])
    return shortened(text) or "Nothing to summarise."


def _of_bill(material: Material) -> str | None:
    number = find.identifier(material.prose, ("invoice", "bill", "rechnung"))
    stated = find.amounts(material.prose) or find.decimals(material.prose)
    if number is None or not stated:
        return None
    sender = (find.companies(material.prose) or [material.lines[0]])[0]
    days = find.dates(material.prose)
    due = f", due {days[-1]}" if len(days) > 1 else ""
    return f"Invoice {number} from {sender} over {max(stated):.2f} {find.currency(material.prose) or ''}".strip() + f"{due}."


def key_sentences(material: Material, limit: int) -> list[str]:
    """The sentences that answer the query best, else those with most of the frequent words and with figures, in the order of the text."""
    if material.query is not None:
        asks_cost = re.search(r"(?i)\b(?:cost|price|pay|expensive|cheap|dear|budget)", material.query) is not None
        scores = [overlap(material.query, sentence) + 0.5 * (asks_cost and bool(find.amounts(sentence))) for sentence in material.sentences]
        ranked = [at for at in sorted(range(len(scores)), key=lambda at: -scores[at])[:limit] if scores[at] > 0]
        return [material.sentences[at] for at in sorted(ranked)]
    frequent = {stem(word) for word in content_words(material.prose, limit=12)}

    def weight(sentence: str) -> float:
        words = words_of(sentence)
        return (sum(stem(word) in frequent for word in words) + bool(re.search(r"\d", sentence))) / sqrt(max(1, len(words)))

    ranked = sorted(range(len(material.sentences)), key=lambda at: -weight(material.sentences[at]))[:limit]
    return [material.sentences[at] for at in sorted(ranked)]


def title(material: Material) -> str:
    """A `Subject:` or `Title:` line, the first heading, or the topic."""
    told = next(find.labelled(material.lines, ("subject", "title", "headline", "betreff")), None)
    heading = next((line.lstrip("# ") for line in material.lines if line.startswith("#")), None)
    text = told or heading or topic_of(material) or "Untitled"
    return text[:1].upper() + text[1:120]


def reason(material: Material) -> str:
    """One line that says what a judgement rests on: a broken limit, a missing paper, else the sentence that carries most."""
    told = broken_limits(material)
    if told:
        return told
    chosen = key_sentences(material, 1) or list(material.sentences[:1])
    return shortened(f"The text says: “{chosen[0]}”" if chosen else f"The text says: “{'; '.join(material.lines[:2])}”")


def broken_limits(material: Material) -> str | None:
    """What an entry breaks: a limit of the instruction, a paper that it has not."""
    entry = next((found for found in material.objects if {"amount", "total", "price", "cost"} & set(found)), None)
    if entry is None:
        return None
    amount = next((value for name in ("amount", "total", "price", "cost") if isinstance(value := entry.get(name), int | float)), None)
    limit = re.search(r"(?i)\b(?:limit|maximum|max|up to|under|below|at most)\b\D{0,12}(\d[\d.,]*)", material.instruction)
    unit = f" {entry['currency']}" if isinstance(entry.get("currency"), str) else ""
    parts: list[str] = []
    if amount is not None and limit is not None and amount > find.to_number(limit.group(1).rstrip(".,")):
        parts.append(f"The amount of {amount:g}{unit} is above the limit of {limit.group(1).rstrip('.,')}{unit}.")
    if str(entry.get("receipt", "yes")).lower() in ("no", "false", "none", "missing", ""):
        parts.append("There is no receipt.")
    return " ".join(parts) or None


def evidence(material: Material) -> str:
    """The sentence that supports the answer, word for word."""
    chosen = key_sentences(material, 1)
    return chosen[0] if chosen else "The notes hold nothing on this."


def cause(material: Material) -> str:
    """The sentence that tells of what went wrong or what changed before it."""
    telling = re.compile(
        r"(?i)\b(?:because|due to|caused|after|deploy\w*|release\w*|ended with|failed|exhausted|in use|expired|full|refused|answers? \d{3})\b"
    )
    hits = [sentence for sentence in material.sentences if telling.search(sentence) and not re.match(r"(?i)no\b", sentence)]
    chosen = hits[-1] if hits else next(iter(key_sentences(material, 1)), "; ".join(material.lines[:1]))
    return shortened(f"Likely: {chosen}") if chosen else "The cause is not told."


def reply(material: Material) -> str:
    """A short, polite answer to a letter; commits to nothing but an answer."""
    name = next(iter(find.people(material.prose)), "")
    order = find.identifier(material.prose, ("order", "ticket", "case", "invoice"))
    mood = sentiment(material.prose)
    opening = "We are sorry for the trouble." if mood < 0 else "Thank you for your kind words." if mood > 0.6 else "Thank you for writing to us."
    known = _known_order(material)
    looked = f" This is about {order}{known}." if order else ""
    pace = "today" if urgency(material.prose) >= 0.7 else "within two working days"
    closing = "" if mood > 0.6 else f" You will hear from us {pace}."
    return f"Hello{' ' + name if name else ''},\n\n{opening}{looked}{closing}\n\nKind regards"


def _known_order(material: Material) -> str:
    """What the instruction knows of the order, as ` (status shipped, carrier DHL)`."""
    told: JsonObject = next(iter(Material("", material.instruction).objects), {})
    facts = [f"{name.replace('_', ' ')} {value}" for name, value in told.items() if isinstance(value, str) and name != "id"]
    return f" ({', '.join(facts[:4])})" if facts else ""


def better(material: Material) -> str:
    """The text under work in calmer words."""
    return without_hype(draft_of(material)) or material.text


def draft_of(material: Material) -> str:
    """The text under work: a `draft` or `text` of the JSON in the prompt, else the material itself."""
    for found in material.objects:
        for name in ("draft", "text", "content", "body", "revised"):
            value = found.get(name)
            if isinstance(value, str) and len(value.split()) > 3:
                return value
    return material.text


def findings(material: Material, limit: int) -> list[str]:
    """Points of the material: its bullets or its key sentences; for a bare question, what is to be found out."""
    if len(material.bullets) >= 2:
        return list(material.bullets[:limit])
    chosen = key_sentences(material, limit)
    if chosen and not _is_bare_question(material):
        return chosen
    topic = noun_phrase(topic_of(material))
    return [aspect.format(topic=topic) for aspect in _OPEN_ASPECTS[:limit]]


def claims(material: Material, limit: int) -> list[str]:
    """Sentences that promise or measure something, superlatives first."""
    bold = [sentence for sentence in material.sentences if is_bold(sentence)]
    measured = [sentence for sentence in material.sentences if re.search(r"\d", sentence) and sentence not in bold]
    return [*bold, *measured][:limit] or list(material.sentences[:1])


def opinions(material: Material, limit: int, *, good: bool) -> list[str]:
    """What a review praises, or what it complains of."""
    parts = [part.strip() for sentence in material.sentences for part in re.split(r",?\s+but\s+|;\s+|,\s+and\s+", sentence)]
    return [part for part in parts if (sentiment(part) > 0 if good else sentiment(part) < 0)][:limit]


def headings(material: Material, limit: int) -> list[str]:
    """Headings for a text: one for each question of the prompt, else for its points."""
    asked = [bullet.rstrip("?") for bullet in material.bullets if bullet.endswith("?")]
    named = asked or [noun_phrase(topic_of(material)), "What is known", "What is open"]
    return [f"{name[:1].upper()}{name[1:]}" for name in named][:limit]


def questions(material: Material, limit: int) -> list[str]:
    """Questions that the material asks; else questions about its topic."""
    asked = [sentence for sentence in dict.fromkeys((*material.bullets, *material.sentences)) if sentence.endswith("?")]
    if len(asked) >= 2:
        return asked[:limit]
    topic = noun_phrase(topic_of(material))
    return [question.format(topic=topic) for question in _QUESTIONS[:limit]]


def remarks(material: Material, limit: int) -> list[str]:
    """What could be better about a text."""
    return (weak_points(draft_of(material)) or ["No weak point was found."])[:limit]


def steps(material: Material, limit: int) -> list[str]:
    """What to do: the material's own list, else a plain order of work for its topic."""
    if len(material.bullets) >= 2:
        return list(material.bullets[:limit])
    topic = noun_phrase(topic_of(material))
    return [step.format(topic=topic) for step in _STEPS][:limit]


def answer(material: Material, *, sourced: bool = False) -> str:
    """What the material says to the question; that it says nothing, where it is only a question. `sourced` material was looked up, however short."""
    if rewrites(material):
        return better(material)
    if _COMPOSES.search(material.instruction):
        return reply(material)
    if _REPORTS.search(material.instruction):
        return report(material)
    if material.query is not None:
        chosen = key_sentences(material, 2)
        return " ".join(chosen) if chosen else "The notes do not say."
    if sourced and _is_bare_question(material):
        return shortened("; ".join(material.lines)) or "Nothing was found."
    if _is_bare_question(material):
        return f"No source was consulted. To be found out: {topic_of(material) or 'nothing was asked'}."
    return summary(material, sentences=3)


def report(material: Material) -> str:
    """Question and answer as paragraphs, where the prompt holds such pairs; else the points of the material."""
    paragraphs = [
        f"{str(found[asked]).strip()}\n{str(found[told]).strip()}"
        for found in material.objects
        for asked in ("question", "heading", "title", "topic")
        for told in ("answer", "finding", "summary", "text")
        if isinstance(found.get(asked), str) and isinstance(found.get(told), str)
    ]
    text = "\n\n".join(dict.fromkeys(paragraphs)) or "\n".join(f"- {point}" for point in findings(material, 8))
    return text[:_MAX_REPORT]


def category(text: str) -> str:
    """A word for what a text is about, where no choices are given."""
    return str(choose(("billing", "technical", "shipping", "returns", "account", "sales", "feedback", "general"), text, field="category"))


def language(text: str) -> str:
    """The language as an ISO 639-1 code, by its smallest words."""
    words = words_of(text)
    counts = {code: sum(words.count(word) for word in small) for code, small in _SMALL_WORDS.items()}
    best = max(counts, key=lambda code: counts[code])
    return best if counts[best] else "en"


_SMALL_WORDS: Final = {
    "en": ("the", "and", "is", "of", "to", "my", "for", "with"),
    "de": ("der", "die", "das", "und", "ist", "nicht", "ich", "mit"),
    "fr": ("le", "les", "et", "est", "je", "pas", "pour", "avec"),
    "es": ("el", "los", "y", "es", "que", "por", "con", "mi"),
    "it": ("il", "che", "di", "non", "per", "sono", "con", "una"),
    "pt": ("o", "os", "não", "uma", "para", "com", "meu", "que"),
}


def noun_phrase(topic: str) -> str:
    """A question as what it asks about: `What drives heat pump adoption?` -> `heat pump adoption`."""
    text = topic.strip(" ?.!")
    asked = re.match(
        r"(?i)(?:what|which|how|why|when|where|who)(?:'s)?\s+(?:(?:is|are|do|does|did|can|could|will|would|should|has|have)\s+)?(.+)$", text
    )
    if asked is None:
        return text or "the subject"
    rest = asked.group(1)
    verb = re.match(r"(?i)(?:drives?|causes?|makes?|explains?|limits?|hinders?|affects?|influences?|shapes?)\s+(.+)$", rest)
    return (verb.group(1) if verb else rest).strip() or "the subject"


def shortened(text: str) -> str:
    """At most some 400 characters, cut between words."""
    if len(text) <= _MAX_TEXT:
        return text.strip()
    return text[:_MAX_TEXT].rsplit(" ", 1)[0].rstrip(" ,;:") + " …"


def _is_bare_question(material: Material) -> bool:
    only_a_question = len(material.lines) <= 2 and material.prose.rstrip().endswith("?")
    return only_a_question or len(material.prose.split()) < 8
