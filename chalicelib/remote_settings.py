"""The settings of what tools reach elsewhere: MCP servers, A2A agents, databases.

In: what `settings` has read. Out: pydantic types whose headers and URLs are texts, or name a secret of the deployment: `{"secret": "shop"}`, with a
`prefix` where one belongs before the value. Never a secret's value; never the text of a header or of a database's URL in what is shown.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Final
from urllib.parse import parse_qs, urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from chalicelib.spec.model import JsonObject
from chalicelib.spec.secret_reference import SECRET_NAME

CREDENTIAL_NAME: Final = re.compile(r"(?i)auth|cookie|token|secret|key|password|signature")
"""Names of headers that carry credentials."""
_MOST_CHARACTERS: Final = 2_000  # of a header that is written out
_SHOWN_FORM: Final = 'write a text, or {"secret": "name", "prefix": "Bearer "} for a secret'


class _Closed(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)


class SecretText(_Closed):
    """A text that is the value of a secret, after `prefix`: of the deployment in its settings, of an organisation in what that registered."""

    secret: Annotated[str, Field(pattern=f"^{SECRET_NAME.pattern}$")]
    prefix: str = ""


def _text(given: object) -> object:
    """Raises ValueError without what was given, which may be a credential."""
    if isinstance(given, dict) and {"secret"} <= given.keys() <= {"secret", "prefix"} and all(isinstance(value, str) for value in given.values()):
        return SecretText(**given)
    if isinstance(given, str | SecretText):
        return given
    raise ValueError(_SHOWN_FORM)


ConfiguredText = Annotated[str | SecretText, BeforeValidator(_text)]


def _one_line(text: str | SecretText) -> str | SecretText:
    written = text if isinstance(text, str) else text.prefix
    if not written.isprintable() or len(written) > _MOST_CHARACTERS:
        raise ValueError(f"a header is one line of printable characters, {_MOST_CHARACTERS} at most")
    return text


class EndpointSetting(_Closed):
    """Where an MCP server or an A2A agent is, and the headers that go there."""

    url: str = Field(min_length=1)
    headers: Mapping[str, ConfiguredText] = Field(default_factory=dict, repr=False)

    @property
    def names_secrets(self) -> bool:
        return any(isinstance(text, SecretText) for text in self.headers.values())


HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$")]
HeaderText = Annotated[ConfiguredText, AfterValidator(_one_line)]


class SignersSetting(_Closed):
    """Who signs an agent's card: public keys as JWK, or the URL of a key set."""

    keys: Annotated[list[JsonObject], Field(max_length=8)] = Field(default_factory=list)
    jwks_url: Annotated[str, Field(pattern=r"^https?://[^\s]+$")] | None = None

    @model_validator(mode="after")
    def _some_public_keys(self) -> "SignersSetting":
        if not self.keys and self.jwks_url is None:
            raise ValueError("signed_by has keys or a jwks_url")
        if any(key.get("kty") not in ("EC", "RSA", "OKP") or "d" in key for key in self.keys):
            raise ValueError("signed_by.keys are public keys as JWK: kty EC, RSA or OKP, and no d")
        return self


class AgentSetting(EndpointSetting):
    """`signed_by`: a card that they have not signed is refused."""

    signed_by: SignersSetting | None = None


class DatabaseSetting(_Closed):
    """A PostgreSQL URL, or the key of a SQLite file below the organisation's prefix in the bucket. `write` allows `sql.execute`."""

    url: ConfiguredText = Field(default="", repr=False)
    sqlite_key: str = ""
    write: bool = False

    @model_validator(mode="after")
    def _one_kind(self) -> "DatabaseSetting":
        if bool(self.url) == bool(self.sqlite_key):
            raise ValueError("a database has a url or a sqlite_key")
        return self


def is_plain_credential(name: str, text: str | SecretText) -> bool:
    """Whether a header holds a credential that is written out."""
    return isinstance(text, str) and bool(text.strip()) and CREDENTIAL_NAME.search(name) is not None


def has_plain_password(url: str | SecretText) -> bool:
    """Whether a URL holds a password that is written out. One that cannot be read counts as if it did."""
    if not isinstance(url, str):
        return False
    try:
        parts = urlsplit(url)
        return bool(parts.password) or "password" in parse_qs(parts.query)
    except ValueError:
        return True
