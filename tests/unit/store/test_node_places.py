"""Where nodes stand."""

from chalicelib.spec.model import JsonObject
from chalicelib.store.node_places import enclosing_maps, places_of
from tests.factories.cloud import Cloud, published

NESTED: JsonObject = {
    "sluice": 1,
    "name": "nested",
    "nodes": {
        "first": {"type": "condition", "if": "true"},
        "outer": {
            "type": "map",
            "over": "$context.a",
            "nodes": {"inner": {"type": "map", "over": "$item", "nodes": {"leaf": {"type": "transform", "value": 1}}}},
        },
    },
}


def test_a_node_s_item_path_names_the_maps_around_it(aws: Cloud) -> None:
    places = places_of("org_local", published(NESTED).id)
    assert {name: place.maps for name, place in places.items()} == {"first": (), "outer": (), "inner": ("outer",), "leaf": ("outer", "inner")}
    paths = {name: place.item_path("outer:3/inner:0") for name, place in places.items()}
    assert paths == {"first": "", "outer": "", "inner": "outer:3", "leaf": "outer:3/inner:0"}


def test_an_item_s_path_tells_the_maps_around_it() -> None:
    assert enclosing_maps("") == ()
    assert enclosing_maps("outer:3/inner:0") == (("outer", ""), ("inner", "outer:3"))
