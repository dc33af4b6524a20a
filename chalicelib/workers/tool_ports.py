"""The ports of tools, filled: memory in the table, messages by the conversation, database files in the bucket, imported APIs.

In: whose they are. Out: what `tools.ports` asks for. What the store says of a lost race or a missing file is retold as a tool's failure.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol

from chalicelib.agents.memory import MAX_QUERY_LENGTH, MemoryRecord, rank
from chalicelib.channels.console import ConsoleChannel, shown, text_for
from chalicelib.channels.fallback import route
from chalicelib.channels.outbound import Rendered
from chalicelib.conversations.message import Outgoing, send_message
from chalicelib.errors import BlobMissing, ConditionLost
from chalicelib.store import files, imported_apis, memories
from chalicelib.store.memories import Words
from chalicelib.store.message_records import SentMessage
from chalicelib.store.run_records import NodeAttempt
from chalicelib.store.values import load
from chalicelib.store.vectors import packed, unpacked
from chalicelib.tools.failures import MemoryFull, QueryFailed
from chalicelib.tools.ports import DatabaseFile, ImportedApi, Note, Remembered, Scope
from chalicelib.workers.warn import warn

MAX_DATABASE_BYTES: Final = 104_857_600  # a Lambda has 512 MB of room, for two copies
ORGANISATION: Final = "organisation"


class Vectors(Protocol):
    """What makes vectors of texts. `model` tells those apart that cannot be compared."""

    @property
    def model(self) -> str: ...

    def vector(self, text: str) -> tuple[float, ...] | None:
        """None where none could be made."""
        ...


@dataclass(frozen=True, slots=True)
class WordMemory:
    """Memory in words, of one workflow and of its organisation, ranked by `agents.memory`. Without `vectors` words alone are compared."""

    organisation_id: str
    workflow_id: str
    vectors: Vectors | None = None

    def put(self, scope: Scope, note: Note) -> None:
        said = memories.Said(note.text, note.data, note.tags, **self._vector(scope, note))
        if not memories.put(self.organisation_id, self._namespace(scope), note.key, said):
            raise MemoryFull(f"the memory of the {scope} is full; delete what is no longer needed")

    def search(self, scope: Scope, query: str, limit: int) -> list[Remembered]:
        entries = {entry.key: entry for entry in memories.list_all(self.organisation_id, self._namespace(scope))}
        records = [self._record(entry) for entry in entries.values()]
        asked = query[:MAX_QUERY_LENGTH]
        compared = self.vectors is not None and any(record.vector for record in records)
        ranked = rank(asked, records, vector=self.vectors.vector(asked) if self.vectors is not None and compared else None, limit=limit)
        return [_remembered(entries[found.record.id], found.score) for found in ranked]

    def delete(self, scope: Scope, key: str) -> bool:
        return memories.delete(self.organisation_id, self._namespace(scope), key)

    def _vector(self, scope: Scope, note: Note) -> dict[str, str]:
        """The note's vector and its model, empty where there is none. A text that has one already costs nothing."""
        if self.vectors is None:
            return {}
        before = memories.find(self.organisation_id, self._namespace(scope), note.key)
        if before is not None and (before.text, before.vector_of) == (note.text, self.vectors.model):
            return {"vector": before.vector, "vector_of": before.vector_of}
        vector = self.vectors.vector(note.text)
        return {} if vector is None else {"vector": packed(vector), "vector_of": self.vectors.model}

    def _record(self, entry: Words) -> MemoryRecord:
        """Vectors of another model are left out."""
        compared = self.vectors is not None and entry.vector_of == self.vectors.model
        vector = unpacked(entry.vector) if compared else None
        return MemoryRecord(entry.key, entry.text, entry.tags, datetime.fromisoformat(entry.put_at), vector)

    def _namespace(self, scope: Scope) -> str:
        return ORGANISATION if scope == "organisation" else self.workflow_id


def _remembered(entry: Words, score: float) -> Remembered:
    return Remembered(entry.key, entry.text, entry.data, entry.put_at, entry.tags, score)


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
            said, whom = shown(rendered)
            sent.append(send_message(self.attempt, message=Outgoing(text=said, to=whom, channels=routed.channels), part=self.part))

        channel = ConsoleChannel(record)
        channel.send(channel.render(text_for(to, text, self.part)))
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
