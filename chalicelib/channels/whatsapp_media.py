"""Files of WhatsApp's: what people sent is fetched, what we send is stored at Meta's first.

In: a file that came, or one's content. Out: its content, proven by its digest; the id to send it by. An id is looked up for an address that holds
for five minutes; the address is asked with our token, so it must be at a host that may see it, and so must each address that it redirects to. A
webhook may tell the address itself: it is tried first. Never: the token to any other host, more of a file than allowed, a file that is not what was
told.

Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/media
"""

import hashlib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final
from urllib.parse import urljoin, urlsplit

from chalicelib.channels.failures import Act, SendFailure
from chalicelib.channels.graph_api import GraphApi
from chalicelib.channels.inbound import MediaCame, MediaKind
from chalicelib.channels.vendor_json import number_at, text_at
from chalicelib.channels.whatsapp_content import sha256_of

ORIGINS: Final = ("https://lookaside.fbsbx.com",)
_MIB: Final = 1_048_576
MAX_BYTES: Final[Mapping[MediaKind, int]] = MappingProxyType(
    {"image": 5 * _MIB, "audio": 16 * _MIB, "video": 16 * _MIB, "document": 100 * _MIB, "sticker": 500 * 1024}
)
_MAX_REDIRECTS: Final = 3
_ID: Final = re.compile(r"[A-Za-z0-9_.-]{1,200}")
_BY_STATUS: Final[Mapping[int, Act]] = MappingProxyType({401: "stop_account", 408: "retry", 429: "slow_down"})


@dataclass(frozen=True, slots=True)
class MediaContent:
    content: bytes
    mime_type: str
    sha256: str


@dataclass(frozen=True, slots=True)
class _Place:
    url: str
    mime_type: str
    sha256: str
    size: float | None = None


def fetched(api: GraphApi, media: MediaCame, *, origins: Collection[str] = ORIGINS, max_bytes: int | None = None) -> MediaContent:
    """Raises SendFailure: `dead_letter` for a file that is gone, too large or somewhere else, `retry` for one that came damaged."""
    limit = MAX_BYTES[media.kind] if max_bytes is None else min(max_bytes, MAX_BYTES[media.kind])
    place = _told_place(media, origins) or _looked_up(api, media)
    try:
        return _content(api, place, media, origins, limit)
    except SendFailure as failure:
        if place.url != media.url or not media.media_id or failure.code not in ("400", "401", "403", "404", "410"):
            raise
    return _content(api, _looked_up(api, media), media, origins, limit)  # the address that was told is over


def stored(api: GraphApi, number_id: str, *, content: bytes, mime_type: str, file_name: str) -> str:
    """The id of a file that Meta keeps for 30 days. Raises SendFailure."""
    fields = {"messaging_product": "whatsapp", "type": mime_type}
    media_id = text_at(api.upload(f"{number_id}/media", fields, file_name, content, mime_type), "id")
    if not media_id:
        raise SendFailure("retry", "the upload was answered without an id")
    return media_id


def _told_place(media: MediaCame, origins: Collection[str]) -> _Place | None:
    return _Place(media.url, media.mime_type, media.sha256) if _origin(media.url) in origins else None


def _looked_up(api: GraphApi, media: MediaCame) -> _Place:
    if _ID.fullmatch(media.media_id) is None:
        raise SendFailure("dead_letter", "the file has no id to look it up by, and no address that may be asked", code="no-place")
    told = api.get(media.media_id, phone_number_id=media.origin.account)
    return _Place(
        text_at(told, "url"),
        text_at(told, "mime_type") or media.mime_type,
        sha256_of(text_at(told, "sha256")) or media.sha256,
        number_at(told, "file_size"),
    )


def _content(api: GraphApi, place: _Place, media: MediaCame, origins: Collection[str], limit: int) -> MediaContent:
    if place.size is not None and place.size > limit:
        raise SendFailure("dead_letter", f"the file is larger than {limit} bytes", code="too-large")
    content = _downloaded(api, place.url, origins, limit)
    digest = hashlib.sha256(content).hexdigest()
    if any(told and told != digest for told in (place.sha256, media.sha256)):
        raise SendFailure("retry", "the file is not the one that was told", code="damaged")
    return MediaContent(content, place.mime_type, digest)


def _downloaded(api: GraphApi, url: str, origins: Collection[str], limit: int) -> bytes:
    for _ in range(_MAX_REDIRECTS + 1):
        if _origin(url) not in origins:
            raise SendFailure("dead_letter", f"the file is at {_origin(url) or 'no address'}, which may not see the token", code="elsewhere")
        answer, content = api.download(url, limit)
        if answer.is_success:
            return content
        if not answer.has_redirect_location:
            status = answer.status_code
            act = _BY_STATUS.get(status, "retry" if status >= 500 else "dead_letter")
            raise SendFailure(act, f"the file was answered with {status}", code=str(status))
        url = urljoin(url, answer.headers["location"])
    raise SendFailure("retry", "the file redirects again and again", code="redirects")


def _origin(url: str) -> str:
    """Scheme, host and port, as `origins` has them; empty for what is no address, or one that names a user."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return ""
    if not parts.hostname or "@" in parts.netloc or "\\" in url:
        return ""
    return f"{parts.scheme}://{parts.hostname}{f':{port}' if port is not None else ''}"
