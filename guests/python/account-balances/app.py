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
from generic import Schema
from wit_world.imports import schemas
from wit_world.imports.generic import GenericRecord
from wit_world.imports.types import Fault, Fault_Halt, Fault_Reject


class Account(account.Account):
    """The resource."""


@cache
def source() -> Schema:
    return Schema(schemas.input(), schemas.text(schemas.input()))


@cache
def sink() -> Schema:
    return Schema(schemas.output(), schemas.text(schemas.output()))


def read(record: GenericRecord) -> Account:
    value = source().fold(record)
    person = value["holder"]
    address = person["address"]
    company = person.type_name == "acme.accounts.Company"
    holder = account.Holder(person["name"], address["city"], address["country"], company)
    bookings = [account.Booking(**booking) for booking in value["bookings"]]
    return Account(value["number"], holder, value["kind"], value["rates"], bookings)


def write(a: Account) -> GenericRecord:
    fields = {
        "number": a.number,
        "owner": vars(a.holder),
        "kind": a.kind,
        "balances": a.cents,
        "total_eur": a.total_eur,
        "days": [{"day": day, "bookings": bookings} for day, bookings in a.days.items()],
        "last_reference": a.last_reference,
    }
    return sink().unfold(fields)


def attempt(work: Callable[[], Any], fault: Callable[[str], Fault]) -> Result[Any, Fault]:
    try:
        return Ok(work())
    except (KeyError, TypeError, ValueError) as why:
        return Err(fault(str(why)))


class Guest:
    def deserialize(self, batch: list[GenericRecord]) -> list[Result[Account, Fault]]:
        return [attempt(lambda record=record: read(record), Fault_Reject) for record in batch]

    def transform(self, batch: list[Account]) -> list[Result[Account, Fault]]:
        def settled(one: Account) -> Account:
            one.settle()
            return one

        return [attempt(lambda one=one: settled(one), Fault_Reject) for one in batch]

    def serialize(self, batch: list[Account]) -> list[Result[GenericRecord, Fault]]:
        return [attempt(lambda one=one: write(one), Fault_Halt) for one in batch]
