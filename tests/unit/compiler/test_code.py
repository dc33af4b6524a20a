"""Code before its variables have names."""

from chalicelib.compiler.code import Key, Read, code, in_code

READ = Read(Key("output", "a"))


def test_it_makes_one_expression_of_a_template() -> None:
    made = in_code({"a": [1, None, code(READ, ".x")], "b": "it's"})
    assert "".join(part if isinstance(part, str) else "$a" for part in made.parts) == '{"a": [1, null, ($a.x)], "b": "it\'s"}'
