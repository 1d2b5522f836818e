import json
import unittest
from typing import Any

from generic import Branch, Record, Schema
from wit_world.imports import generic as wit

TEXT = json.dumps(
    {
        "type": "record",
        "name": "All",
        "namespace": "acme",
        "fields": [
            {"name": "none", "type": "null"},
            {"name": "yes", "type": "boolean"},
            {"name": "int", "type": {"type": "int", "logicalType": "date"}},
            {"name": "long", "type": "long"},
            {"name": "float", "type": "float"},
            {"name": "double", "type": "double"},
            {"name": "bytes", "type": "bytes"},
            {"name": "text", "type": "string"},
            {"name": "code", "type": {"type": "fixed", "name": "Code", "size": 2}},
            {"name": "kind", "type": {"type": "enum", "name": "other.Kind", "symbols": ["A", "B"]}},
            {"name": "list", "type": {"type": "array", "items": ["null", "long"]}},
            {"name": "map", "type": {"type": "map", "values": {"type": "record", "name": "P", "fields": []}}},
            {"name": "next", "type": ["null", "All", "P", "double", "int", {"type": "map", "values": "int"}]},
            {"name": "any", "type": ["float", "double", "string", "other.Kind", "bytes", "Code", "long"]},
        ],
    }
)
SCHEMA = Schema(0, TEXT)


def start(number: int, fields: int) -> wit.Node:
    return wit.Node_Record(wit.RecordStart(number, fields))


def nodes(*end: wit.Node) -> list[wit.Node]:
    symbol = wit.Node_Enum(wit.EnumSymbol(2, 1))
    leaves = [wit.Node_Null(), wit.Node_Boolean(True), wit.Node_Int(-7), wit.Node_Long(7), wit.Node_Float(0.5)]
    leaves += [wit.Node_Double(0.1), wit.Node_Bytes(b"b"), wit.Node_String("t"), wit.Node_Fixed(b"xy"), symbol]
    items = [wit.Node_Array(2), wit.Node_Null(), wit.Node_Long(5), wit.Node_Map(1), wit.Node_String("k"), start(3, 0)]
    return [start(0, 14), *leaves, *items, *end]


def value(**change: Any) -> Record:
    fields = dict(none=None, yes=True, int=-7, long=7, float=0.5, double=0.1, bytes=b"b", text="t", code=b"xy")
    fields |= dict(kind="B", list=[None, 5], map={"k": Record("acme.P")}, next=None, any=Branch("long", 3))
    return Record("acme.All", fields | change)


class Folding(unittest.TestCase):
    def test_every_kind_goes_there_and_back(self) -> None:
        ends = [
            (dict(any=3), [wit.Node_Null(), wit.Node_Long(3)]),
            (dict(next=Record("acme.P"), any=3), [start(3, 0), wit.Node_Long(3)]),
            (dict(next=2, any=Branch("string", "A")), [wit.Node_Int(2), wit.Node_String("A")]),
            (dict(next=2.0, any=Branch("double", 1.5)), [wit.Node_Double(2.0), wit.Node_Double(1.5)]),
            (dict(next={"a": 1}, any=Branch("float", 1.5)), [wit.Node_Map(1), wit.Node_String("a"), wit.Node_Int(1), wit.Node_Float(1.5)]),
            (dict(any=Branch("other.Kind", "A")), [wit.Node_Null(), wit.Node_Enum(wit.EnumSymbol(2, 0))]),
            (dict(any=Branch("acme.Code", b"xy")), [wit.Node_Null(), wit.Node_Fixed(b"xy")]),
            (dict(next=value(any=3), any=3), [*nodes(wit.Node_Null(), wit.Node_Long(3)), wit.Node_Long(3)]),
        ]
        for change, end in ends:
            record = wit.GenericRecord(0, nodes(*end))
            folded = SCHEMA.fold(record)
            self.assertEqual(folded, value(**change))
            self.assertEqual(SCHEMA.unfold(folded), record)
        self.assertEqual(folded["next"].type_name, "acme.All")

    def test_a_plain_value_takes_the_first_branch_that_it_fits(self) -> None:
        for plain, node in [("A", wit.Node_String("A")), (b"xy", wit.Node_Bytes(b"xy")), (1.5, wit.Node_Float(1.5))]:
            self.assertEqual(SCHEMA.unfold(value(any=plain)).nodes[-1], node)
        self.assertEqual(SCHEMA.unfold(value(double=3, any=1)).nodes[6], wit.Node_Double(3.0))

    def test_what_does_not_fit_is_told(self) -> None:
        for change, why in [
            (dict(int=1 << 31), "int: 2147483648 is no int"),
            (dict(int=True), "int: True is no int"),
            (dict(text=b"t"), "text: b't' is no string"),
            (dict(code=b"x"), "code: b'x' is no acme.Code"),
            (dict(kind="C"), "kind: 'C' is no other.Kind"),
            (dict(list=[1.5]), "list: 1.5 is no union"),
            (dict(map={1: Record("acme.P")}), "map: 1 is no string"),
            (dict(extra=1), "acme.All: extra is no field of it"),
            (dict(any=Branch("int", 1)), "any: 1 is no union"),
        ]:
            with self.assertRaisesRegex(ValueError, why):
                SCHEMA.unfold(value(**change))
        missing = value()
        del missing["yes"]
        with self.assertRaisesRegex(ValueError, "acme.All: yes is missing"):
            SCHEMA.unfold(missing)
        with self.assertRaisesRegex(ValueError, "there is no schema 1"):
            Schema(1, "")

    def test_broken_nodes_are_told(self) -> None:
        good = nodes(wit.Node_Null(), wit.Node_Long(3))
        many = [*good[:11], wit.Node_Array(0xFFFFFFFF), *good[12:14]]
        symbol = [*good[:10], wit.Node_Enum(wit.EnumSymbol(2, 9)), *good[11:]]
        for broken, why in [
            (good[:-1], "end within the value"),
            (many, "end within the value"),
            ([], "end within the value"),
            ([*good, wit.Node_Null()], "nodes follow"),
            (symbol, "has no symbol"),
            ([start(9, 14), *good[1:]], "expected acme.All"),
            ([good[0], wit.Node_Int(1), *good[2:]], "expected null"),
        ]:
            with self.assertRaisesRegex(ValueError, why):
                SCHEMA.fold(wit.GenericRecord(0, broken))

    def test_depth_has_a_limit(self) -> None:
        written: Any = "null"
        for _ in range(129):
            written = {"type": "array", "items": written}
        deep, tree = Schema(0, json.dumps(written)), []
        for _ in range(128):
            tree = [tree]
        with self.assertRaisesRegex(ValueError, "nests deeper than 128"):
            deep.fold(wit.GenericRecord(0, [wit.Node_Array(1)] * 128 + [wit.Node_Array(0)]))
        with self.assertRaisesRegex(ValueError, "nests deeper than 128"):
            deep.unfold(tree)
