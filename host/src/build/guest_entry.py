"""Where a component in Python begins: the guest's own module, `app`, with what it says when something goes wrong; and
one thing to settle before it runs.
"""

# Underscores before all names: those of `app` end up among them.
import builtins as _builtins
import dataclasses as _dataclasses
import enum as _enum
import random as _random
import types as _types
import typing as _typing

_seed = _random.seed


def _start(*_args: object) -> None:
    """The runtime seeds the generator before the first call. That takes random numbers from the host, which a pipeline
    has to grant, and most guests draw none: so the first one who draws seeds it.
    """
    _random.seed = _seed


class _Lazy(_random.Random):
    seeded = False

    def random(self) -> float:
        self._begin()
        return super().random()

    def getrandbits(self, k: int) -> int:
        self._begin()
        return super().getrandbits(k)

    def _begin(self) -> None:
        if not self.seeded:
            self.seeded = True
            self.seed()


_lazy = _Lazy(0)
for _name, _function in list(vars(_random).items()):
    if isinstance(_function, _types.MethodType | _types.BuiltinMethodType) and _function.__self__ is _random._inst:
        setattr(_random, _name, getattr(_lazy, _name))
_seed = _random.seed
_random._inst = _lazy
_random.seed = _start

import app as _app  # noqa: E402
import wit_world as _world  # noqa: E402
from componentize_py_types import Err as _Err, Ok as _Ok, Some as _Some  # noqa: E402

# The runtime ends the call, and with it the instance, when the guest throws or answers with other types than its
# world's, and does not say where. So what throws is called again for each record alone, and the answer for a record
# that is alone is looked at here before the runtime does: a batch with a wrong answer comes back in parts. A batch
# without errors costs nothing.


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _found(wanted: str, value: object) -> str:
    kind, text = type(value).__name__, _shown(value)
    return f": expected {wanted}, found {text if value is None or text.startswith(kind) else f'{kind} {text}'}"


def _said(why: BaseException) -> str:
    """The exception as the last line of its traceback has it, then where it was thrown, innermost first."""
    lines = []
    frame = why.__traceback__
    while frame is not None:
        code = frame.tb_frame.f_code
        if code.co_filename != __file__:
            lines.append(f"  at {code.co_qualname} ({code.co_filename.rpartition('/')[2]}:{frame.tb_lineno})")
        frame = frame.tb_next
    kind, text = type(why).__name__, str(why)
    return "\n".join([f"{kind}: {text}" if text else kind, *reversed(lines[-12:])])


def _integer(value):
    if not hasattr(value, "__index__"):
        return _found("int", value)
    return None if -(1 << 63) <= value.__index__() < 1 << 63 else _found("int of at most 64 bits", value)


def _float(value):
    return None if hasattr(value, "__float__") or hasattr(value, "__index__") else _found("float", value)


def _text(value):
    if not isinstance(value, str):
        return _found("str", value)
    try:
        value.encode()
    except UnicodeEncodeError:
        return _found("str without lone surrogates", value)
    return None


def _bytes(value):
    return None if isinstance(value, bytes) else _found("bytes", value)


# Truth is what any value has, so nothing is wrong for a bool.
_PLAIN = {int: _integer, float: _float, str: _text, bytes: _bytes}
_RECORDS: dict = {}


def _list(item):
    def check(value):
        if not isinstance(value, list):
            return _found("list", value)
        for index, one in enumerate(value):
            if (wrong := item(one)) is not None:
                return f"[{index}]{wrong}"
        return None

    return check


def _tuple(items):
    def check(value):
        if not isinstance(value, tuple) or len(value) < len(items):
            return _found(f"tuple of {len(items)}", value)
        for index, item in enumerate(items):
            if (wrong := item(value[index])) is not None:
                return f"[{index}]{wrong}"
        return None

    return check


def _fields(fields, name):
    def check(value):
        for field, item in fields.items():
            try:
                one = getattr(value, field)
            except AttributeError:
                return _found(name, value) + f", which has no attribute {field}"
            if (wrong := item(one)) is not None:
                return f".{field}{wrong}"
        return None

    return check


def _cases(cases, wanted):
    def check(value):
        case = cases.get(type(value))
        return _found(wanted, value) if case is None else case(value)

    return check


def _record(kind):
    """The check of a dataclass."""
    if kind not in _RECORDS:
        fields = {name: check for name, hint in _typing.get_type_hints(kind).items() if (check := _check(hint))}
        # Fields that take anything still have to be there.
        every = {field.name: fields.get(field.name, lambda _: None) for field in _dataclasses.fields(kind)}
        _RECORDS[kind] = _fields(every, kind.__name__)
    return _RECORDS[kind]


def _check(hint):
    """A function that says what is wrong with a value of this type, and where; None where nothing can be."""
    origin, args = _typing.get_origin(hint), _typing.get_args(hint)
    if hint in _PLAIN:
        return _PLAIN[hint]
    if origin is list:
        return _list(_check(args[0]) or (lambda _: None))
    if origin is tuple:
        return _tuple([_check(arg) or (lambda _: None) for arg in args])
    if origin in (_Ok, _Err):
        inside = _check(args[0])
        return (lambda value: inside(value.value)) if inside else None
    if origin is _Some:
        return _fields({"value": _check(args[0]) or (lambda _: None)}, "Some(...)")
    if origin in (_typing.Union, _types.UnionType):
        some = [arg for arg in args if arg is not type(None)]
        if len(some) < len(args):
            inside = _check(_typing.Union[tuple(some)]) or (lambda _: None)
            return lambda value: None if value is None else inside(value)
        cases = {_typing.get_origin(arg) or arg: _check(arg) or (lambda _: None) for arg in some}
        return _cases(cases, " or ".join(f"{case.__name__}(...)" for case in cases))
    if isinstance(hint, type) and issubclass(hint, _enum.Enum):
        return lambda value: None if isinstance(value, _enum.Enum) else _found(hint.__name__, value)
    return _record(hint) if _dataclasses.is_dataclass(hint) else None


def _guarded(name, work, hint):
    check = _check(hint)
    (result,) = _typing.get_args(hint)
    fault = _typing.get_args(_typing.get_args(result)[1])[0]
    reject = next((case for case in _typing.get_args(fault) if case.__name__.endswith("_Reject")), str)

    def refused(text):
        return [_Err(reject(text))]

    def alone(answers):
        if isinstance(answers, list) and len(answers) != 1:
            return refused(f"{name} gave {len(answers)} results for 1 record")
        # As strict as the runtime, and no more: else a record's fate would depend on its company.
        wrong = check(answers)
        return answers if wrong is None else refused(f"{name} gave a wrong type: {wrong.removeprefix('[0]').lstrip('.: ')}")

    def call(self, batch):
        try:
            answers = work(self, batch)
        except Exception as why:
            if len(batch) == 1:
                return alone([why]) if isinstance(why, _Err) else refused(_said(why))
        else:
            if len(batch) == 1:
                return alone(answers)
            if isinstance(answers, list) and len(answers) == len(batch):
                return answers
        return [answer for record in batch for answer in call(self, [record])]

    return call


def _begun(init):
    """What is thrown is why the pipeline does not start."""

    def call(self):
        try:
            return init(self)
        except _Err:
            raise
        except Exception as why:
            raise _Err(_said(why)) from None

    return call


def _guard():
    worlds = [_world.WitWorld]
    if hasattr(_world, "exports"):
        worlds += [one for one in vars(_world.exports).values() if isinstance(one, type)]
    for world in worlds:
        guest = getattr(_app, world.__name__, None)
        for name in ("deserialize", "transform", "serialize"):
            work, declared = getattr(guest, name, None), vars(world).get(name)
            if work is not None and declared is not None and work is not declared:
                setattr(guest, name, _guarded(name, work, _typing.get_type_hints(declared)["return"]))
        if "init" in vars(world) and hasattr(guest, "init"):
            guest.init = _begun(guest.init)


# The runtime looks here for what the world exports.
globals().update((name, value) for name, value in vars(_app).items() if name[0] != "_" and name not in vars(_builtins))
_guard()

from guest_flat import flattened as _flattened  # noqa: E402
from guest_shapes import SHAPES as _SHAPES  # noqa: E402

if _SHAPES and isinstance(globals().get("WitWorld"), type):
    WitWorld = _flattened(globals()["WitWorld"], _world.WitWorld, _SHAPES)
