"""The JSONata functions that Step Functions offers: version 2.0.6 without `$eval`, and six of its own.

In: nothing. Out: name sets. Source: the Step Functions developer guide, "Transforming data with JSONata".
"""

from typing import Final

_NAMES: Final = """
average count max min sum
base64decode base64encode contains decodeUrl decodeUrlComponent encodeUrl encodeUrlComponent join length lowercase match
pad replace split string substring substringAfter substringBefore trim uppercase
abs ceil floor formatBase formatInteger formatNumber number parseInteger power round sqrt
boolean exists not
append distinct reverse shuffle sort zip
assert clone each error keys lookup merge sift spread type
filter map reduce single
fromMillis millis now toMillis
hash parse partition random range uuid
"""
STEP_FUNCTIONS_FUNCTIONS: Final = frozenset(_NAMES.split())
REFUSED_FUNCTIONS: Final = frozenset({"eval"})
# These say something sensible of a null; every other function raises on one or makes nonsense of it.
NULL_TOLERANT_FUNCTIONS: Final = frozenset({"boolean", "not", "type"})
