"""The word lists of the offline provider: short on purpose, they decide clear texts and leave the rest to a neutral answer.

In: nothing. Out: sets of stems (`words.stem`) and maps of plain words.
"""

from collections.abc import Mapping
from typing import Final

from chalicelib.providers.reading.words import stem


def _family(*lines: str) -> frozenset[str]:
    return frozenset(stem(word) for line in lines for word in line.split())


def _plain(*lines: str) -> frozenset[str]:
    return frozenset(word for line in lines for word in line.split())


GOOD: Final = _family(
    "good great excellent amazing love loved loves happy perfect fantastic wonderful awesome satisfied grateful recommend",
    "best friendly helpful quick fast easy smooth enjoy enjoyed nice super brilliant delighted impressed reliable beautiful works solved resolved",
    "success successful kind comfortable worth well sturdy quiet",
)
BAD: Final = _family(
    "bad terrible awful horrible hate worst poor broken unhappy angry frustrated frustrating disappointed disappointing annoyed annoying useless",
    "slow late delayed delay wrong error fail failed fails failure unacceptable rude problem issue complaint complain damaged missing lost refund",
    "scam ridiculous unable crash crashes crashed stopped defective faulty cracked leaking ruined waste upset cancel double overcharged charged",
    "twice unauthorised noisy worse torn dirty",
)
NEGATIONS: Final = frozenset(
    ("not", "no", "never", "without", "isn't", "wasn't", "don't", "doesn't", "didn't", "can't", "cannot", "won't", "hardly", "nor", "none")
)
URGENT: Final[Mapping[str, int]] = {
    stem(word): weight
    for weight, line in (
        (3, "urgent urgently asap immediately emergency critical outage down breach production fraud legal lawyer"),
        (2, "today tonight hours deadline blocked blocking unable escalate tomorrow expire expires security exhausted"),
        (1, "soon quickly important waiting still again reminder twice"),
        (-2, "whenever curious wondering someday eventually minor cosmetic suggestion"),
    )
    for word in line.split()
}
FAMILIES: Final[Mapping[str, frozenset[str]]] = {
    "billing": _family(
        "invoice charge charged billing bill payment pay paid card price fee credit overcharged subscription receipt vat tax bank double twice"
    ),
    "refund": _family("refund refunded money back reimburse reimbursement chargeback charged twice"),
    "technical": _family(
        "error crash crashed bug broken app website page login log password install update version screen button freeze loading server api sync",
        "outage timeout device software connect connection reset",
    ),
    "shipping": _family(
        "deliver delivery delivered ship shipped shipping shipment parcel package tracking courier carrier arrive arrived late delayed address",
        "dispatched transit where dpd dhl ups",
    ),
    "returns": _family("return returned exchange replace replacement wrong size damaged defective send back unopened"),
    "account": _family("account login password sign email profile username register registration delete verify two-factor locked access"),
    "sales": _family("quote pricing buy purchase demo upgrade trial licence license offer discount seats enterprise plan interested volume"),
    "cancellation": _family("cancel cancellation terminate unsubscribe stop end contract"),
    "complaint": _family("disappointed unacceptable complaint complain terrible awful rude angry worst never"),
    "feedback": _family("suggestion suggest feedback idea improve feature wish could add"),
    "praise": _family("love great thank thanks happy excellent wonderful fantastic delighted perfect amazing brilliant compliment impressed"),
    "question": _family("question how what when which does can could wondering possible help know"),
    "travel": _family("flight hotel train taxi rail airline airbnb travel trip ticket uber mileage car rental fuel parking"),
    "meals": _family("lunch dinner breakfast restaurant coffee meal catering food drinks team cafe bar"),
    "software": _family("software licence license subscription saas cloud hosting adobe github microsoft google slack zoom domain"),
    "equipment": _family("laptop monitor keyboard chair desk phone hardware printer headset camera equipment cable"),
    "office": _family("office paper stationery supplies pens toner furniture cleaning postage"),
    "training": _family("course training conference workshop book seminar certification"),
    "entertainment": _family("entertainment concert gift party client golf event theatre karaoke"),
    "security": _family("breach phishing password attack vulnerability malware unauthorised leaked suspicious security"),
    "database": _family("database db sql query replica connections deadlock postgres mysql dynamodb storage disk"),
    "network": _family("network dns latency packet vpn firewall timeout gateway connectivity load balancer"),
    "legal": _family("legal contract lawyer gdpr compliance liability terms lawsuit"),
    "hr": _family("hiring vacation leave salary payroll onboarding employee"),
    "spam": _family("lottery winner viagra bitcoin prince casino click unsubscribe seo backlinks congratulations"),
    "restart": _family("memory leak hung stuck frozen unresponsive restart process pool exhausted crash crashing"),
    "rollback": _family("deploy deployed deployment release released version rollout rolled commit change update upgrade"),
    "scale": _family("load traffic queue latency slow cpu saturated capacity peak spike backlog requests"),
    "escalate": _family("unknown security breach data loss corruption vendor third-party legal unclear"),
}
SAME: Final[Mapping[str, str]] = {
    name: family
    for family, names in {
        "billing": "payment payments invoice invoicing finance",
        "technical": "tech bug support it product application",
        "shipping": "delivery logistics order orders",
        "refund": "refunds",
        "returns": "return",
        "account": "login access",
        "sales": "pricing",
        "cancellation": "cancel churn",
        "feedback": "suggestion",
        "praise": "compliment thanks",
        "question": "inquiry enquiry request",
        "travel": "lodging transport",
        "meals": "meal food",
        "equipment": "hardware",
        "office": "supplies",
        "training": "education",
        "rollback": "roll revert",
        "restart": "reboot",
    }.items()
    for name in names.split()
}
NEUTRAL: Final = (
    "other",
    "general",
    "unknown",
    "unclear",
    "none",
    "neutral",
    "mixed",
    "medium",
    "normal",
    "moderate",
    "needs_review",
    "review",
    "question",
    "misc",
    "escalate",
)
VAGUE: Final = frozenset(("other", "general", "unknown", "unclear", "none", "misc", "miscellaneous"))  # choices for what is not clear
SCALES: Final[Mapping[str, int]] = {
    word: rank
    for rank, words in enumerate(
        (
            "lowest trivial info none",
            "low minor p4 sev4",
            "medium normal moderate p3 sev3",
            "high major p2 sev2",
            "urgent critical highest blocker severe p1 sev1",
            "p0 sev0",
        )
    )
    for word in words.split()
}
HYPE: Final = _family(
    "amazing incredible revolutionary unbelievable best ever world-class guaranteed guarantee game-changing ultimate mind-blowing perfect insane",
    "epic cheapest miracle unbeatable unique flawless never always",
)
CALMER: Final[Mapping[str, str]] = {  # for superlatives that a sentence cannot do without
    "best": "good",
    "perfect": "suitable",
    "guaranteed": "expected",
    "guarantee": "expect",
    "revolutionary": "new",
    "unbeatable": "low",
    "cheapest": "inexpensive",
    "world-class": "proven",
    "flawless": "careful",
    "always": "usually",
    "never": "rarely",
    "unique": "particular",
}
AUXILIARIES: Final = _plain(
    "is has have had was are be been can could should must needs need requires require required contains contain mentions asks for a an the to of"
)
COMMON: Final = _plain(
    "about above after again against also although always among another anything because been before being below between both cannot could dear",
    "does doing down during each either else enough even ever every everything from further give given goes have having hello here hers himself",
    "however into itself just keep kind know less like made make many maybe might more most much must need never next none nothing often once only",
    "other ours ourselves over please quite rather really regards said same shall should since some someone something still such sure take than",
    "thank thanks that their theirs them then there these they thing things this those through today together under until upon very want wants well",
    "were what when where whether which while whom whose will with within without would your yours yourself best kind regards answer question",
    "following write",
)
