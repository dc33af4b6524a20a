"""What WhatsApp's error codes ask for.

In: nothing. Out: the tables, by code, that the Graph client takes; codes of failed statuses, which come later, have the same meaning
(`graph_api.act_of`). Codes that stand in no table are judged there. The HTTP status says nothing: Meta gives one code several.

Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from chalicelib.channels.failures import Act

ACTS: Final[Mapping[str, Act]] = MappingProxyType(
    {
        "130429": "slow_down",  # the number's throughput
        "130472": "use_other_channel",  # Meta experiments with this person
        "130497": "stop_account",  # not in this country
        "131000": "retry",  # unknown; now and then a payload of another form
        "131005": "stop_account",  # no such right
        "131008": "dead_letter",  # a parameter is missing
        "131009": "dead_letter",  # a parameter is wrong
        "131016": "retry",
        "131021": "dead_letter",  # to ourselves
        "131026": "use_other_channel",  # not on WhatsApp, an old client, blocked
        "131030": "use_other_channel",  # a test number reaches a list of people alone
        "131031": "stop_account",  # locked
        "131037": "stop_account",  # no display name
        "131042": "stop_account",  # payment
        "131044": "stop_account",
        "131045": "stop_account",  # the certificate
        "131047": "use_template",  # the service window is closed
        "131048": "stop_account",  # held to be spam: more of it makes it worse
        "131049": "use_other_channel",  # enough marketing for this person
        "131050": "suppress",  # they want no marketing
        "131051": "dead_letter",  # a type that there is not
        "131052": "dead_letter",  # a file that came in is gone
        "131053": "retry",  # the file could not be fetched
        "131056": "wait_for_person",
        "131057": "retry",  # the number is being moved
        "131062": "use_other_channel",  # not to an id: the number would be needed
        "131063": "dead_letter",  # marketing is switched off here
        "131064": "stop_account",  # the limit, for how templates were classified
        "132000": "resync_template",  # another number of values
        "132001": "resync_template",  # no such template in the language
        "132005": "dead_letter",  # too long with its values
        "132007": "dead_letter",
        "132008": "dead_letter",
        "132012": "dead_letter",
        "132015": "resync_template",  # paused
        "132016": "resync_template",  # disabled
        "132018": "dead_letter",
        "132068": "dead_letter",  # the form is blocked
        "132069": "retry",  # the form is throttled
        "133004": "retry",
        "133016": "stop_account",  # registered too often
        "135000": "retry",
        "137000": "use_other_channel",  # another device than the one that was proven
        "139103": "retry",
    }
)
WAITS: Final[Mapping[str, float]] = MappingProxyType(
    {
        "131049": 86_400.0,
        "131056": 6.0,  # a message every six seconds; then four times as long each time
        "131057": 60.0,
        "132069": 3_600.0,
    }
)
