"""Accounts with their bookings in, balances out, by way of types of the guest's own.

The pipeline hands over generic records. `deserialize` folds each into an `Account`; `transform` works on it;
`serialize` unfolds the result. Between the three only handles cross the border: the accounts themselves stay in this
instance, as a WIT resource.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import account
from componentize_py_types import Err, Ok, Result
from generic import Schema, array, mapping
from wit_world.imports import generic as wit
from wit_world.imports import schemas
from wit_world.imports.types import Fault, Fault_Halt, Fault_Reject


class Account(account.Account):
    """The resource."""


@cache
def source() -> Schema:
    return Schema(schemas.input())


@cache
def sink() -> Schema:
    return Schema(schemas.output())


def read(nodes: list[wit.Node]) -> Account:
    value = source().fold(nodes)
    person = value["holder"]
    address = person["address"]
    company = person.type_name == "acme.accounts.Company"
    holder = account.Holder(person["name"], address["city"], address["country"], company)
    bookings = [account.Booking(**booking) for booking in value["bookings"]]
    return Account(value["number"], holder, value["kind"], value["rates"], bookings)


def reference(value: int | str | None) -> list[wit.Node]:
    if value is None:
        return [wit.Node_Null()]
    return [wit.Node_String(value) if isinstance(value, str) else wit.Node_Long(value)]


def write(a: Account) -> list[wit.Node]:
    s, h = sink(), a.holder
    text = lambda value: [wit.Node_String(value)]  # noqa: E731
    day = lambda at, count: s.record("acme.accounts.Day", [wit.Node_Int(at)], [wit.Node_Int(count)])  # noqa: E731
    return s.record(
        "acme.accounts.Balances",
        [wit.Node_Fixed(a.number)],
        s.record("acme.accounts.Owner", text(h.name), text(h.city), text(h.country), [wit.Node_Boolean(h.company)]),
        s.symbol("acme.accounts.Kind", a.kind),
        mapping(a.cents, wit.Node_Long),
        [wit.Node_Double(a.total_eur)],
        array([day(at, count) for at, count in a.days.items()]),
        reference(a.last_reference),
    )


def attempt(work: Callable[[], Any], fault: Callable[[str], Fault]) -> Result[Any, Fault]:
    try:
        return Ok(work())
    except (KeyError, TypeError, ValueError) as why:
        return Err(fault(str(why)))


class Guest:
    def deserialize(self, batch: list[wit.GenericRecord]) -> list[Result[Account, Fault]]:
        return [attempt(lambda record=record: read(record.nodes), Fault_Reject) for record in batch]

    def transform(self, batch: list[Account]) -> list[Result[Account, Fault]]:
        def settled(one: Account) -> Account:
            one.settle()
            return one

        return [attempt(lambda one=one: settled(one), Fault_Reject) for one in batch]

    def serialize(self, batch: list[Account]) -> list[Result[wit.GenericRecord, Fault]]:
        number = sink
        return [attempt(lambda one=one: wit.GenericRecord(number().number, write(one)), Fault_Halt) for one in batch]
