"""Keys that a deployment makes for itself, in Secrets Manager: the first one that was made is everybody's.

In: a secret's name, how a new key is made. Out: its text, the one that is there. Never: a second key under a name, whoever comes at once.
"""

from collections.abc import Callable
from typing import Any

from chalicelib.store.clients import client


def key_text(name: str, *, make: Callable[[], str], about: str) -> str:
    """The key that is there; else a new one, or another's that was faster. `about` is what the secret's description says."""
    secrets: Any = client("secretsmanager")
    try:
        return str(secrets.get_secret_value(SecretId=name)["SecretString"])
    except secrets.exceptions.ResourceNotFoundException:
        made = make()
    try:
        secrets.create_secret(Name=name, SecretString=made, Description=about)
    except secrets.exceptions.ResourceExistsException:
        return str(secrets.get_secret_value(SecretId=name)["SecretString"])
    return made
