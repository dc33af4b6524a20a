"""Bindings that read what a node may read, of the kind that is wanted.

In: `Readable`s, which say what of the input, an item or an ancestor can be read as what. Out: authored texts: references, texts with `{{ }}`,
expressions with `{% %}`.
"""

from dataclasses import dataclass
from random import Random

from chalicelib.spec.model import Json, JsonObject


@dataclass(frozen=True, slots=True)
class Readable:
    """Paths of one root by what stands there; `any` may be anything."""

    numbers: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()
    any: tuple[str, ...] = ()

    @classmethod
    def of_input(cls, *, optional: bool) -> "Readable":
        return cls(
            numbers=("$context.count", "$context.limit"),
            texts=("$context.city", *(("$context.note",) if optional else ())),
            lists=("$context.numbers", "$context.rows"),
            any=("$context.rows[0].name",),
        )

    @classmethod
    def of(cls, name: str, node: JsonObject) -> "Readable":
        root = f"${name}"
        match node:
            case {"type": "agent_call", "output": _}:
                optional = (f"{root}.best.price", f"{root}.note")
                return cls((f"{root}.score",), (f"{root}.name", f"{root}.best.name"), (f"{root}.done",), (f"{root}.tags",), (root, *optional))
            case {"type": "agent_call"}:
                return cls(texts=(f"{root}.text",), any=(root,))
            case {"type": "tool_call", "tool": "time.now"}:
                return cls(texts=(f"{root}.date",), numbers=(f"{root}.epoch_seconds",))
            case {"type": "tool_call", "tool": "math"}:
                return cls(numbers=(f"{root}.value",))
            case {"type": "tool_call", "tool": "http.get"}:
                return cls(numbers=(f"{root}.status",), any=(f"{root}.body",))
            case {"type": "human_gate"}:
                return cls(texts=(f"{root}.choice",), any=(f"{root}.reason", root))
            case {"type": "condition"}:
                return cls(texts=(root,))
            case {"type": "join"}:
                return cls(lists=(f"{root}.active",))
            case {"type": "map"}:
                return cls(lists=(root,))
            case {"type": "message"}:
                return cls(texts=(f"{root}.message_id",))
            case {"type": "parallel"}:
                return cls()
            case _:
                return cls(any=(root,))


def json_of(random: Random, readable: list[Readable]) -> Json:
    """A reference to anything, or a value with such inside."""
    paths = [path for each in readable for path in (*each.numbers, *each.texts, *each.flags, *each.lists, *each.any)]
    values: list[Json] = [
        random.choice(paths),
        {"value": random.choice(paths), "also": [random.choice(paths), 1]},
        f"{{% [{random.choice(paths)}] %}}",
    ]
    return random.choice(values)


def number(random: Random, readable: list[Readable]) -> Json:
    paths = ["$context.count", *(path for each in readable for path in each.numbers)]
    lists = ["$context.numbers", *(path for each in readable for path in each.lists)]
    values: list[Json] = [f"{{% {random.choice(paths)} * 2 + 1 %}}", f"{{% $count({random.choice(lists)}) %}}", random.choice(paths), 3]
    return random.choice(values)


def text(random: Random, readable: list[Readable]) -> str:
    paths = ["$context.city", *(path for each in readable for path in (*each.texts, *each.any))]
    return random.choice(
        [f"About {{{{ {random.choice(paths)} }}}} in {{{{ $context.city }}}}.", "Say something.", f"{{{{ {random.choice(paths)} }}}}"]
    )


def boolean(random: Random, readable: list[Readable]) -> str:
    numbers = ["$context.count", *(path for each in readable for path in each.numbers)]
    flags = [path for each in readable for path in each.flags]
    comparison = f"{{% {random.choice(numbers)} > {random.randint(0, 9)} and $context.city != '' %}}"
    return random.choice([comparison, *flags])
