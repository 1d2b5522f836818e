"""Replaces the letters of some string fields by stars, in any schema and at any depth: it works on generic records and
knows no record type of its own. Which fields is said in its `config`: `fields = "account, note"`.
"""

import wit_world
from componentize_py_types import Err, Ok, Result
from wit_world.imports import config, schemas
from wit_world.imports.generic import GenericRecord, Node, Node_Array, Node_Map, Node_Record, Node_String
from wit_world.imports.schemas import NamedType, NamedType_Record
from wit_world.imports.types import Fault

# For each named type of a schema: for each of its fields, whether to mask it.
Masked = list[list[bool]]


def look_up(types: list[NamedType], fields: set[str]) -> Masked:
    return [[f in fields for f in t.value.fields] if isinstance(t, NamedType_Record) else [] for t in types]


def mask(nodes: list[Node], at: int, hidden: bool, types: Masked) -> int:
    """Masks the value that begins at a node, if it is to be hidden, and all fields below it that are; answers where
    the next value begins.
    """
    node, after = nodes[at], at + 1
    if isinstance(node, Node_String):
        if hidden:
            node.value = "*" * len(node.value)
    elif isinstance(node, Node_Array):
        for _ in range(node.value):
            after = mask(nodes, after, hidden, types)
    elif isinstance(node, Node_Map):
        for _ in range(node.value):
            # The pair's first node is its key, which stays.
            after = mask(nodes, after + 1, hidden, types)
    elif isinstance(node, Node_Record):
        for field in types[node.value.name]:
            after = mask(nodes, after, field, types)
    return after


def parse(setting: str | None, types: list[NamedType]) -> set[str]:
    """The field names of the setting, each of which some record has."""
    if setting is None:
        raise ValueError("`fields` is missing in `config`; it names the fields to mask, with commas between")
    known = {field for t in types if isinstance(t, NamedType_Record) for field in t.value.fields}
    names = [name.strip() for name in setting.split(",")]
    for name in names:
        if name not in known:
            raise ValueError(f"`fields` in `config`: no record of the schema has a field `{name}`")
    return set(names)


class WitWorld(wit_world.WitWorld):
    fields: set[str] = set()
    # By schema. Asked for once: names are compared for each schema, not for each record.
    by_schema: dict[int, Masked] = {}

    def init(self) -> None:
        if schemas.text(schemas.input()) != schemas.text(schemas.output()):
            raise Err("source and sink need the same schema: masking does not change a record's type")
        try:
            WitWorld.fields = parse(config.get("fields"), schemas.named_types(schemas.input()))
        except ValueError as why:
            raise Err(str(why)) from None

    def transform(self, batch: list[GenericRecord]) -> list[Result[GenericRecord, Fault]]:
        output = schemas.output()
        return [Ok(self.one(record, output)) for record in batch]

    def one(self, record: GenericRecord, output: int) -> GenericRecord:
        types = self.by_schema.get(record.schema)
        if types is None:
            types = self.by_schema[record.schema] = look_up(schemas.named_types(record.schema), self.fields)
        mask(record.nodes, 0, False, types)
        return GenericRecord(output, record.nodes)
