"""The environment variables of the process while a stack runs.

In: variables. Out: contexts in which they hold. Never: a credential, profile or endpoint of the person who starts the stack.
"""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from infra.local.template import REGION

EMULATED: Final = {
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_REGION": REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_ACCOUNT_ID_ENDPOINT_MODE": "disabled",  # with it, stream calls go to a host that moto does not know
}
DROPPED: Final = ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_SESSION_TOKEN", "AWS_LAMBDA_FUNCTION_NAME")
_LOCAL: Final = {"SLUICE_STAGE": "local", "POWERTOOLS_TRACE_DISABLED": "true"}
_CACHES: Final = (
    ("chalicelib.settings", "settings", "cache_clear"),
    ("chalicelib.store.clients", "forget_clients", "__call__"),
    ("chalicelib.access.secrets", "forget_secrets", "__call__"),
    ("chalicelib.access.audit_key", "forget_audit_key", "__call__"),
    ("chalicelib.access.signing_keys", "forget_signing_keys", "__call__"),
    ("chalicelib.access.authenticate", "forget_standings", "__call__"),
    ("chalicelib.access.issuers", "forget_issuers", "__call__"),
    ("chalicelib.store.cursors", "forget_seal", "__call__"),
    ("chalicelib.access.sealing", "forget_master_key", "__call__"),
    ("chalicelib.events.sweeper", "RECONCILED", "clear"),
)


@contextmanager
def environment(variables: Mapping[str, str], *, dropped: tuple[str, ...] = ()) -> Iterator[None]:
    """Set and drop; on leaving, these variables are as they were."""
    before = {name: os.environ.get(name) for name in (*variables, *dropped)}
    os.environ.update(variables)
    for name in dropped:
        os.environ.pop(name, None)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def stage_variables(stage: Mapping[str, Any]) -> dict[str, str]:
    """The stage's variables as `.chalice/config.json` has them, told that this is the local stage and to log what matters alone."""
    level = os.environ.get("POWERTOOLS_LOG_LEVEL", "WARNING")
    return {**stage.get("environment_variables", {}), **_LOCAL, "POWERTOOLS_LOG_LEVEL": level}


def forget_cached() -> None:
    """Settings and clients are kept per process: what was made before the environment changed goes."""
    for module_name, name, method in _CACHES:
        module = sys.modules.get(module_name)
        if module is not None:
            getattr(getattr(module, name), method)()
