"""Functions that take records as tuples, beside those of the guest.

What the engine does for a record it does by the names of its fields, each made anew; a tuple is taken by position. So the
component has `flat_transform` beside `transform`, which is the same from outside, and here is what makes records of
tuples and tuples of records. `guest_shapes`, written from the guest's WIT, says what is what; the classes are those of
the functions' annotations.
"""

import dataclasses
import types
import typing
from collections.abc import Callable

from componentize_py_types import Ok


def _listed(value: object) -> list:
    """As strict as the look at a record that is alone (`guest_entry`): its fate must not depend on its company."""
    if not isinstance(value, list):
        raise TypeError(f"expected list, found {type(value).__name__}")
    return value


def _grouped(value: object) -> tuple:
    """As `_listed`, for a tuple."""
    if not isinstance(value, tuple):
        raise TypeError(f"expected tuple, found {type(value).__name__}")
    return value


class _Writer:
    """Writes functions: all that a record needs, without a look at its type."""

    def __init__(self) -> None:
        self.names: dict[str, object] = {"_listed": _listed, "_grouped": _grouped}
        self.code: list[str] = []

    def take(self, shape: object, hint: object, value: str) -> str:
        """What makes `value`, an expression, the guest's."""
        match shape:
            case ["record", fields]:
                record = self._name(hint)
                hints = typing.get_type_hints(hint)
                names = [field.name for field in dataclasses.fields(hint)]
                parts = [f"v{at}" for at in range(len(fields))]
                values = [self.take(*part) for part in zip(fields, [hints[name] for name in names], parts, strict=True)]
                return self._function(f"    {', '.join(parts)}, = value\n    return {record}({', '.join(values)})\n", value)
            case ["enum"]:
                return f"{self._name(tuple(sorted(hint, key=lambda case: case.value)))}[{value}]"
            case ["option", inner]:
                return f"(None if {value} is None else {self.take(inner, _some(hint), value)})"
            case ["list", inner]:
                return f"[{self.take(inner, typing.get_args(hint)[0], 'item')} for item in {value}]"
            case ["tuple", parts]:
                hints = typing.get_args(hint)
                return self._tuple(self.take, [(part, hints[at], f"{value}[{at}]") for at, part in enumerate(parts)])
        return value

    def give(self, shape: object, hint: object, value: str) -> str:
        """What makes `value` the engine's."""
        match shape:
            case ["record", fields]:
                hints = typing.get_type_hints(hint)
                names = [field.name for field in dataclasses.fields(hint)]
                parts = [(part, hints[name], f"value.{name}") for part, name in zip(fields, names, strict=True)]
                return self._function(f"    return {self._tuple(self.give, parts)}\n", value)
            case ["enum"]:
                return f"{value}._value_"
            case ["option", inner]:
                return f"(None if {value} is None else {self.give(inner, _some(hint), value)})"
            case ["list", ["enum"]]:
                # The engine has a list of bytes as bytes.
                return f"bytes([{self.give(['enum'], typing.get_args(hint)[0], 'item')} for item in _listed({value})])"
            case ["list", inner]:
                return f"[{self.give(inner, typing.get_args(hint)[0], 'item')} for item in _listed({value})]"
            case ["tuple", parts]:
                hints = typing.get_args(hint)
                each = [(part, hints[at], f"_grouped({value})[{at}]") for at, part in enumerate(parts)]
                return self._tuple(self.give, each)
        return value

    def function(self, expression: str) -> Callable:
        """The function of `value` that the expression says."""
        source = "".join(self.code) + f"def _made(value):\n    return {expression}\n"
        exec(compile(source, "<flat>", "exec"), self.names)
        return self.names["_made"]

    def _tuple(self, convert: Callable, parts: list) -> str:
        return f"({''.join(convert(*part) + ', ' for part in parts)})"

    def _function(self, body: str, value: str) -> str:
        name = f"_record{len(self.code)}"
        self.code.append(f"def {name}(value):\n{body}")
        return f"{name}({value})"

    def _name(self, thing: object) -> str:
        name = f"_thing{len(self.names)}"
        self.names[name] = thing
        return name


def _some(hint: object) -> object:
    """What an option holds."""
    rest = tuple(arg for arg in typing.get_args(hint) if arg is not types.NoneType)
    return rest[0] if len(rest) == 1 else typing.Union[rest]


def _flat(name: str, declared: object, takes: object, gives: object) -> Callable:
    hints = typing.get_type_hints(declared)
    answers = hints.pop("return")
    (batch,) = hints.values()
    ok = typing.get_args(typing.get_args(typing.get_args(answers)[0])[0])[0]
    writer = _Writer()
    take = writer.function(writer.take(takes, typing.get_args(batch)[0], "value"))
    writer = _Writer()
    give = writer.function(writer.give(gives, ok, "value"))

    def flat(self: object, batch: list) -> list:
        answers = getattr(self, name)([take(record) for record in batch])
        return [Ok(give(answer.value)) if type(answer) is Ok else answer for answer in answers]

    return flat


def flattened(guest: type, world: type, shapes: dict) -> type:
    """The guest's class with a function of tuples for each of these."""
    made = {f"flat_{name}": _flat(name, vars(world)[name], *shape) for name, shape in shapes.items()}
    return types.new_class(guest.__name__, (guest,), exec_body=lambda names: names.update(made))
