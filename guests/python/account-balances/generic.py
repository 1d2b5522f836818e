"""Between generic values and natural ones: a record becomes a `Record`, which is a dict that knows its type's name; an
array a list, a map a dict, a symbol a str. Nothing here knows accounts.
"""

from collections.abc import Callable, Iterator
from typing import Any

from wit_world.imports import generic as wit
from wit_world.imports import schemas
from wit_world.imports.schemas import NamedType_Enum, NamedType_Record


class Record(dict[str, Any]):
    def __init__(self, type_name: str, **fields: Any) -> None:
        super().__init__(fields)
        self.type_name = type_name


class Schema:
    """The named types of a schema, asked for once."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.types = schemas.named_types(number)
        self.numbers = {named.value.name: number for number, named in enumerate(self.types)}

    def fold(self, nodes: list[wit.Node]) -> Any:
        return self._value(iter(nodes))

    def _value(self, nodes: Iterator[wit.Node]) -> Any:
        node = next(nodes)
        if isinstance(node, wit.Node_Null):
            return None
        if isinstance(node, wit.Node_Record):
            named = self.types[node.value.name].value
            record = Record(named.name)
            for name in named.fields:
                record[name] = self._value(nodes)
            return record
        if isinstance(node, wit.Node_Array):
            return [self._value(nodes) for _ in range(node.value)]
        if isinstance(node, wit.Node_Map):
            return {next(nodes).value: self._value(nodes) for _ in range(node.value)}
        if isinstance(node, wit.Node_Enum):
            return self.types[node.value.name].value.symbols[node.value.symbol]
        return node.value

    def record(self, name: str, *fields: list[wit.Node]) -> list[wit.Node]:
        nodes: list[wit.Node] = [wit.Node_Record(wit.RecordStart(self.numbers[name], len(fields)))]
        for field in fields:
            nodes.extend(field)
        return nodes

    def symbol(self, name: str, symbol: str) -> list[wit.Node]:
        number = self.numbers[name]
        symbols = self.types[number].value.symbols
        if symbol not in symbols:
            raise ValueError(f"{name} has no symbol {symbol}")
        return [wit.Node_Enum(wit.EnumSymbol(number, symbols.index(symbol)))]


def array(items: list[list[wit.Node]]) -> list[wit.Node]:
    return [wit.Node_Array(len(items)), *(node for item in items for node in item)]


def mapping(values: dict[str, Any], node: Callable[[Any], wit.Node]) -> list[wit.Node]:
    pairs = (part for key, value in values.items() for part in (wit.Node_String(key), node(value)))
    return [wit.Node_Map(len(values)), *pairs]
