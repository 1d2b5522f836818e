"""Folds generic records into Python's own values, and back by the schema.

    schema = Schema(schemas.input(), schemas.text(schemas.input()))  # once, and kept
    value = schema.fold(record)
    value["amount"] *= 2
    answer = schema.unfold(value)

null, boolean, string: None, bool, str. int, long: int. float, double: float. bytes, fixed: bytes. enum: str, the symbol.
array, map: list, dict. record: Record, a dict that knows the full name of its type. A union: the value itself, or a
Branch where the value alone would not tell which of several branches it is. On the way back a union takes the first
branch that a value fits, unless the value is a Branch. What fits nowhere is a ValueError.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from wit_world.imports import generic as wit

MAX_DEPTH = 128  # Records, arrays and maps within each other.
NODES: dict[str, Any] = {
    word: getattr(wit, f"Node_{word.capitalize()}")
    for word in "null boolean int long float double bytes string fixed enum array map record".split()
}
PLAIN = {"boolean", "int", "long", "float", "double", "bytes", "string", "fixed"}
# Branches that have one of these in common are not told apart by a value.
NATURAL = {"int": "int", "long": "int", "float": "float", "double": "float"}
NATURAL |= {"string": "str", "enum": "str", "bytes": "bytes", "fixed": "bytes"}


class Record(dict[str, Any]):
    """A record: its fields by name, and the full name of its type."""

    def __init__(self, type_name: str, fields: Any = ()) -> None:
        super().__init__(fields)
        self.type_name = type_name


@dataclass(frozen=True)
class Branch:
    """A value of a union, with the full name of its type, or Avro's word for a type without one."""

    type_name: str
    value: Any


@dataclass
class Type:
    kind: str
    name: str
    number: int = 0  # Among the schema's named types.
    size: int = 0
    symbols: list[str] = field(default_factory=list)
    fields: list[tuple[str, "Type"]] = field(default_factory=list)
    inner: Any = None  # The type of items or values.
    branches: list["Type"] = field(default_factory=list)

    def begins(self, node: Any) -> bool:
        """Whether a value of this type may begin with the node."""
        if not isinstance(node, NODES[self.kind]):
            return False
        named = self.kind in ("record", "enum")
        return node.value.name == self.number if named else self.kind != "fixed" or len(node.value) == self.size

    def fits(self, value: Any) -> bool:
        """Whether the value is of this type, as far as one sees without going into it."""
        kind, number = self.kind, isinstance(value, int | float) and not isinstance(value, bool)
        if kind in ("int", "long"):
            bound = 1 << (31 if kind == "int" else 63)
            return number and isinstance(value, int) and -bound <= value < bound
        if kind in ("float", "double"):
            return number and (isinstance(value, float) or abs(value) < 1 << 1023)
        if kind in ("bytes", "fixed"):
            return isinstance(value, bytes) and (kind == "bytes" or len(value) == self.size)
        if kind == "enum":
            return isinstance(value, str) and value in self.symbols
        if kind == "record":
            return isinstance(value, dict) and getattr(value, "type_name", self.name) == self.name
        if kind == "map":
            return isinstance(value, dict) and not isinstance(value, Record)
        return isinstance(value, {"null": type(None), "boolean": bool, "string": str, "array": (list, tuple)}[kind])


KEY = Type("string", "string")


class Schema:
    """A schema of the pipeline, by its number: 0 is the source's, 1 the sink's."""

    def __init__(self, number: int, text: str) -> None:
        if not text:
            raise ValueError(f"there is no schema {number}: the format of that end has none")
        self.number, self.named = number, dict[str, Type]()
        self.root = self._type(json.loads(text), "")

    def fold(self, record: wit.GenericRecord) -> Any:
        nodes = iter(record.nodes)
        try:
            value = self._fold(self.root, nodes, 0)
        except StopIteration:
            raise ValueError("the nodes end within the value") from None
        except IndexError:
            raise ValueError("an enumeration has no symbol of that number") from None
        if next(nodes, None) is not None:
            raise ValueError("nodes follow the value")
        return value

    def unfold(self, value: Any) -> wit.GenericRecord:
        nodes: list[wit.Node] = []
        self._unfold(self.root, value, nodes, 0, "the value")
        return wit.GenericRecord(self.number, nodes)

    def _type(self, written: Any, namespace: str) -> Type:
        if isinstance(written, list):
            branches = [self._type(branch, namespace) for branch in written]
            # A dict that is no Record is a map sooner than a record, an int a whole number sooner than a fraction.
            branches.sort(key=lambda branch: {"map": 0, "float": 2, "double": 2}.get(branch.kind, 1))
            return Type("union", "union", branches=branches)
        whole = written if isinstance(written, dict) else {}
        kind = whole.get("type", written)
        if not isinstance(kind, str):
            return self._type(kind, namespace)
        if kind in ("array", "map"):
            return Type(kind, kind, inner=self._type(whole["items" if kind == "array" else "values"], namespace))
        full = lambda name, space: name if "." in name or not space else f"{space}.{name}"  # noqa: E731
        if kind not in ("record", "enum", "fixed"):
            return Type(kind, kind) if kind in NODES else self.named.get(full(kind, namespace)) or self.named[kind]
        name = full(whole["name"], whole.get("namespace", namespace))
        made = Type(kind, name, len(self.named), whole.get("size", 0), whole.get("symbols", []))
        self.named[name] = made  # Before its fields, which may be of this very type.
        made.fields += [(f["name"], self._type(f["type"], name.rpartition(".")[0])) for f in whole.get("fields", [])]
        return made

    def _fold(self, want: Type, nodes: Iterator[Any], depth: int) -> Any:
        node, told = next(nodes), False
        if want.branches:
            found = next((branch for branch in want.branches if branch.begins(node)), want)
            alike = [b for b in want.branches if b.kind in NATURAL and NATURAL[b.kind] == NATURAL.get(found.kind)]
            want, told = found, len(alike) > 1
        if want.branches or not want.begins(node):
            raise ValueError(f"expected {want.name}, found {node}")
        if want.kind in PLAIN:
            return Branch(want.name, node.value) if told else node.value
        if want.kind == "null":
            return None
        if want.kind == "enum":
            return Branch(want.name, want.symbols[node.value.symbol]) if told else want.symbols[node.value.symbol]
        if depth >= MAX_DEPTH:
            raise ValueError(f"the value nests deeper than {MAX_DEPTH} levels")
        if want.kind == "record":
            return Record(want.name, [(name, self._fold(ty, nodes, depth + 1)) for name, ty in want.fields])
        if want.kind == "array":
            return [self._fold(want.inner, nodes, depth + 1) for _ in range(node.value)]
        pairs = range(node.value)
        return {self._fold(KEY, nodes, depth + 1): self._fold(want.inner, nodes, depth + 1) for _ in pairs}

    def _unfold(self, want: Type, value: Any, nodes: list[Any], depth: int, at: str) -> None:
        if want.branches:
            told = isinstance(value, Branch)
            fitting = (b for b in want.branches if (b.name == value.type_name if told else b.fits(value)))
            want, value = next(fitting, want), value.value if told else value
        if want.branches or not want.fits(value):
            raise ValueError(f"{at}: {value!r:.60} is no {want.name}")
        put, kind = NODES[want.kind], want.kind
        if kind in PLAIN:
            nodes.append(put(float(value) if kind in ("float", "double") else value))
        elif kind == "null":
            nodes.append(put())
        elif kind == "enum":
            nodes.append(put(wit.EnumSymbol(want.number, want.symbols.index(value))))
        elif depth >= MAX_DEPTH:
            raise ValueError(f"the value nests deeper than {MAX_DEPTH} levels")
        elif kind == "record":
            nodes.append(put(wit.RecordStart(want.number, len(want.fields))))
            if odd := set(value) ^ {name for name, _ in want.fields}:
                raise ValueError(f"{want.name}: {min(odd)} is {'no field of it' if min(odd) in value else 'missing'}")
            for name, ty in want.fields:
                self._unfold(ty, value[name], nodes, depth + 1, name)
        else:
            nodes.append(put(len(value)))
            for item in value.items() if kind == "map" else value:
                if kind == "map":
                    self._unfold(KEY, item[0], nodes, depth + 1, at)
                self._unfold(want.inner, item[1] if kind == "map" else item, nodes, depth + 1, at)
