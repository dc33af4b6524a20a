"""The ports of tools, filled: memory in the table, messages by the conversation, database files in the bucket, imported APIs.

In: whose they are. Out: what `tools.ports` asks for. What the store says of a lost race or a missing file is retold as a tool's failure.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from chalicelib.channels.channel import Outbound, Rendered
from chalicelib.channels.console import ConsoleChannel
from chalicelib.channels.fallback import route
from chalicelib.conversations.message import Outgoing, send_message
from chalicelib.errors import BlobMissing, ConditionLost
from chalicelib.store import files, imported_apis, memories
from chalicelib.store.memories import Words
from chalicelib.store.message_records import SentMessage
from chalicelib.store.run_records import NodeAttempt
from chalicelib.store.values import load
from chalicelib.tools.failures import MemoryFull, QueryFailed
from chalicelib.tools.ports import DatabaseFile, ImportedApi, Note, Remembered, Scope
from chalicelib.workers.warn import warn

MAX_DATABASE_BYTES: Final = 104_857_600  # a Lambda has 512 MB of room, for two copies
ORGANISATION: Final = "organisation"

Embedding = Callable[[str], tuple[float, ...] | None]


class Ranking(Protocol):
    """Which entries answer a query, best first, with their scores. `vector` is the query's, where there is one."""

    def __call__(self, query: str, entries: Sequence[Words], *, vector: tuple[float, ...] | None, limit: int) -> Sequence[tuple[Words, float]]: ...


def shared_words(
    query: str,
    entries: Sequence[Words],
    *,
    vector: tuple[float, ...] | None = None,  # noqa: ARG001
    limit: int = 20,
) -> list[tuple[Words, float]]:
    """By how many of the query's words an entry has, from 0 to 1: the plainest ranking there is."""
    wanted = _words(query)
    scored = [(entry, len(wanted & _words(" ".join((entry.text, *entry.tags)))) / max(len(wanted), 1)) for entry in entries]
    return sorted((pair for pair in scored if pair[1] > 0), key=lambda pair: (-pair[1], pair[0].key))[:limit]


def no_vector(_text: str) -> None:
    """Where nothing makes vectors."""


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.casefold()))


@dataclass(frozen=True, slots=True)
class WordMemory:
    """Memory in words, of one workflow and of its organisation."""

    organisation_id: str
    workflow_id: str
    rank: Ranking = shared_words
    embed: Embedding = no_vector

    def put(self, scope: Scope, note: Note) -> None:
        said = memories.Said(note.text, note.data, note.tags, self.embed(note.text))
        if not memories.put(self.organisation_id, self._namespace(scope), note.key, said):
            raise MemoryFull(f"the memory of the {scope} is full; delete what is no longer needed")

    def search(self, scope: Scope, query: str, limit: int) -> list[Remembered]:
        entries = memories.list_all(self.organisation_id, self._namespace(scope))
        ranked = self.rank(query, entries, vector=self.embed(query), limit=limit)
        return [Remembered(entry.key, entry.text, entry.data, entry.put_at, entry.tags, score) for entry, score in ranked]

    def delete(self, scope: Scope, key: str) -> bool:
        return memories.delete(self.organisation_id, self._namespace(scope), key)

    def _namespace(self, scope: Scope) -> str:
        return ORGANISATION if scope == "organisation" else self.workflow_id


@dataclass(frozen=True, slots=True)
class RunMessenger:
    """Messages of a node run. `part` tells apart those of a node that sends several."""

    attempt: NodeAttempt
    part: str = ""

    def send(self, text: str, to: str | None, channels: tuple[str, ...]) -> str:
        routed = route(channels)
        warn(self.attempt, routed.warnings)
        sent: list[SentMessage] = []

        def record(rendered: Rendered) -> None:
            outgoing = Outgoing(text=str(rendered.body["text"]), to=rendered.to, channels=routed.channels)
            sent.append(send_message(self.attempt, message=outgoing, part=self.part))

        channel = ConsoleChannel(record)
        channel.send(channel.render(Outbound(text=text, to=to, key=self.part)))
        return sent[0].id


@dataclass(frozen=True, slots=True)
class BucketDatabases:
    """SQLite files below the organisation's prefix."""

    organisation_id: str

    def fetch(self, key: str) -> DatabaseFile:
        try:
            path, version = files.copy_of(self.organisation_id, key, max_bytes=MAX_DATABASE_BYTES)
        except BlobMissing as fault:
            raise QueryFailed("the database's file is not there") from fault
        except files.FileTooLarge as fault:
            raise QueryFailed(f"the database's file has {fault.size} bytes; {MAX_DATABASE_BYTES} are allowed") from fault
        return DatabaseFile(path, version)

    def replace(self, key: str, path: Path, version: str) -> None:
        try:
            files.replace(self.organisation_id, key, path, version)
        except ConditionLost as lost:
            raise QueryFailed("somebody else changed the database meanwhile; nothing was changed") from lost


@dataclass(frozen=True, slots=True)
class OrganisationApis:
    """The APIs that an organisation imported."""

    organisation_id: str

    def find(self, name: str) -> ImportedApi | None:
        record = imported_apis.find(self.organisation_id, name)
        if record is None:
            return None
        document = load(self.organisation_id, record.document)
        return ImportedApi(name, document if isinstance(document, dict) else {}, record.base_url)
