"""Channels are added, changed, paused and taken away; their secrets are sealed in their records.

In: a principal and what they want. Out: records. The verify token is told once, when it is made; the app's secret comes from the vendor and is told
to nobody. Never: a secret in an error.
"""

import re
import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from chalicelib import ids
from chalicelib.access.live_secrets import LONGEST, SHORTEST, is_secret, opened, rotated, sealed
from chalicelib.access.objects import workflow_for
from chalicelib.access.principal import Principal
from chalicelib.access.scopes import Scope
from chalicelib.access.secret_rights import unusable
from chalicelib.clock import now_text
from chalicelib.errors import ChannelChanged, ChannelInvalid
from chalicelib.spec.model import JsonObject
from chalicelib.spec.secret_reference import SECRET_NAME
from chalicelib.store import channels
from chalicelib.store.blobs import json_text
from chalicelib.store.channel_records import ChannelRecord, ChannelType
from chalicelib.store.channels import ChannelPage

NAME: Final = SECRET_NAME  # a channel is named as a secret is
ACCOUNT: Final = re.compile(r"[!-~]{1,254}")
MOST_SETTINGS_BYTES: Final = 16 * 1024
_TOKEN_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of a channel may change."""

    settings: JsonObject = field(default_factory=dict)
    token_secret: str | None = None
    workflow_id: str | None = None
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class Named:
    """What stays for good, and the secrets to begin with. `verify_token`: one is made, if none is given."""

    type: ChannelType
    name: str
    account: str
    app_secret: str | None = field(default=None, repr=False)
    verify_token: str | None = field(default=None, repr=False)


def create(principal: Principal, named: Named, wanted: Wanted) -> tuple[ChannelRecord, str]:
    """The channel and its verify token, which is not told again. Raises ChannelInvalid, ChannelTaken, WorkflowNotFound."""
    if not NAME.fullmatch(named.name):
        raise ChannelInvalid("a channel's name starts with a small letter, then 62 small letters, digits, _ or - at most")
    if not ACCOUNT.fullmatch(named.account):
        raise ChannelInvalid("an account is the vendor's id of a number or a page, or a mailbox: 254 characters at most, none of them a space")
    token = named.verify_token if named.verify_token is not None else secrets.token_urlsafe(_TOKEN_BYTES)
    _require_secrets(*([] if named.app_secret is None else [named.app_secret]), token)
    now, channel_id, organisation_id = now_text(), ids.new_id(ids.CHANNEL), principal.organisation_id
    channel = ChannelRecord(
        id=channel_id,
        organisation_id=organisation_id,
        type=named.type,
        name=named.name,
        account=named.account,
        **_checked(principal, wanted),
        app_secrets=() if named.app_secret is None else (sealed(organisation_id, _of(channel_id), named.app_secret),),
        verify_token=sealed(organisation_id, _of(channel_id), token),
        enabled=wanted.enabled,
        paused_at=None if wanted.enabled else now,
        created_at=now,
        created_by=principal.person,
        updated_at=now,
        updated_by=principal.person,
    )
    channels.create(channel)
    return channel, token


def get(principal: Principal, channel_id: str) -> ChannelRecord:
    """Raises ChannelNotFound."""
    return channels.get(principal.organisation_id, channel_id)


def list_page(principal: Principal, *, limit: int, cursor: str | None) -> ChannelPage:
    """By name. Raises CursorInvalid."""
    return channels.list_page(principal.organisation_id, limit=limit, cursor=cursor)


def change(principal: Principal, channel_id: str, wanted: Wanted, *, revision: int | None = None) -> ChannelRecord:
    """Replace what may change. Raises ChannelNotFound, ChannelInvalid, ChannelChanged, WorkflowNotFound."""
    before = get(principal, channel_id)
    if revision is not None and revision != before.revision:
        raise ChannelChanged(f"the channel {before.name} was changed by somebody else since it was read")
    return _replaced(before, principal, **_checked(principal, wanted, before), **_enabling(before, enabled=wanted.enabled))


def pause(principal: Principal, channel_id: str) -> ChannelRecord:
    """Messages are kept and start no runs. Twice is harmless. Raises ChannelNotFound, ChannelChanged."""
    return _enabled(principal, channel_id, enabled=False)


def resume(principal: Principal, channel_id: str) -> ChannelRecord:
    """Raises ChannelNotFound, ChannelChanged."""
    return _enabled(principal, channel_id, enabled=True)


def rotate(principal: Principal, channel_id: str, *, app_secret: str, overlap: timedelta) -> ChannelRecord:
    """Another secret of the vendor's app; the one before is taken for a while more. Raises ChannelNotFound, ChannelInvalid, ChannelChanged."""
    before = get(principal, channel_id)
    _require_secrets(app_secret)
    new = sealed(principal.organisation_id, _of(channel_id), app_secret)
    return _replaced(before, principal, app_secrets=rotated(before.app_secrets, new, overlap=overlap))


def remove(principal: Principal, channel_id: str) -> None:
    """Its conversations stay. Raises ChannelNotFound, ChannelChanged."""
    channels.delete(get(principal, channel_id))


def app_secrets(channel: ChannelRecord) -> tuple[str, ...]:
    """Those that a webhook may be signed with now. Raises SealBroken."""
    return tuple(opened(channel.organisation_id, _of(channel.id), channel.app_secrets))


def verify_token(channel: ChannelRecord) -> str:
    """Empty where there is none. Raises SealBroken."""
    return "".join(opened(channel.organisation_id, _of(channel.id), [channel.verify_token] if channel.verify_token else []))


def _of(channel_id: str) -> str:
    return f"channel/{channel_id}"


def _require_secrets(*given: str) -> None:
    if not all(map(is_secret, given)):
        raise ChannelInvalid(f"an app's secret, or a verify token, has {SHORTEST} to {LONGEST} printable ASCII characters without spaces")


def _checked(principal: Principal, wanted: Wanted, before: ChannelRecord | None = None) -> dict[str, Any]:
    if len(json_text(wanted.settings).encode()) > MOST_SETTINGS_BYTES:
        raise ChannelInvalid(f"a channel's settings have {MOST_SETTINGS_BYTES:,} bytes at most")
    if wanted.token_secret is not None and (before is None or wanted.token_secret != before.token_secret):
        _require_usable(principal, wanted.token_secret)
    if wanted.workflow_id is not None:
        workflow_for(principal, wanted.workflow_id, Scope.WORKFLOW_EXECUTE)
    return {"settings": wanted.settings, "token_secret": wanted.token_secret, "workflow_id": wanted.workflow_id}


def _require_usable(principal: Principal, secret: str) -> None:
    """A channel sends with the secret that it names: that is to use it."""
    if not SECRET_NAME.fullmatch(secret):
        raise ChannelInvalid("token_secret is the name of a secret of the organisation")
    if unusable(principal, (secret,)):
        raise ChannelInvalid(f"you may not use the secret {secret}; whoever holds secret:manage can share it with you, or name it here")


def _enabled(principal: Principal, channel_id: str, *, enabled: bool) -> ChannelRecord:
    before = get(principal, channel_id)
    return before if before.enabled is enabled else _replaced(before, principal, **_enabling(before, enabled=enabled))


def _enabling(before: ChannelRecord, *, enabled: bool) -> dict[str, Any]:
    return {"enabled": enabled, "paused_at": None if enabled else before.paused_at or now_text()}


def _replaced(before: ChannelRecord, principal: Principal, **changes: object) -> ChannelRecord:
    after = before.model_copy(update={**changes, "updated_at": now_text(), "updated_by": principal.person, "revision": before.revision + 1})
    channels.replace(after, before=before)
    return after
