"""The tool `channel.send`: a text to people.

In: `{text, to?, channels?}`. Out: `{message_id}`. How it gets there is the caller's business (the `Messenger` port), which also sees to it that one
effect sends once.
"""

from chalicelib.spec.model import Json, JsonObject
from chalicelib.tools.tool import Surroundings, Tool


def channel_tools() -> tuple[Tool, ...]:
    return (Tool("channel.send", _send),)


def _send(arguments: JsonObject, surroundings: Surroundings) -> Json:
    to, channels = arguments.get("to"), arguments.get("channels")
    named = tuple(str(channel) for channel in channels) if isinstance(channels, list) else ()
    return {"message_id": surroundings.messenger.send(str(arguments["text"]), str(to) if to else None, named)}
