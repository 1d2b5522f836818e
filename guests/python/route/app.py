"""Payments come in with all that Kafka knows of them, and go out with another key, more headers, and to a topic chosen
for each of them: what the envelope around a value can do. The value stays as it is.
"""

import wit_world
from componentize_py_types import Ok, Result
from wit_world.imports.acme_route_types import PaymentIn, PaymentOut, Payment
from wit_world.imports.envelope import Header, TimestampType
from wit_world.imports.millstream_pipeline_types import Fault

VERSION = "0.1.0"
# Euro zone countries that have a topic together.
EUROPE = {"AT", "FR", "IT", "NL"}


def topic(p: Payment) -> str | None:
    """Where a payment goes; none is the pipeline's own sink."""
    if p.amount >= 500_000:
        return "payments.large"
    if p.country == "DE":
        return "payments.domestic"
    return "payments.europe" if p.country in EUROPE else None


def grade(amount: int) -> str:
    if amount < 0:
        return "refund"
    return "small" if amount < 10_000 else "medium" if amount < 500_000 else "large"


def header(name: str, value: str) -> Header:
    return Header(name, value.encode())


def route(record: PaymentIn) -> PaymentOut:
    clock = "producer" if record.timestamp_type == TimestampType.CREATE_TIME else "broker"
    # The list that goes out is all there is: what came in is in it only because it is added to.
    headers = [
        *record.headers,
        header("correlation-id", f"{record.topic}-{record.partition}-{record.offset}"),
        header("source", record.topic),
        header("version", VERSION),
        header("grade", grade(record.value.amount)),
        header("clock", clock),
        Header("original-key", record.key),
    ]
    return PaymentOut(record.value, record.value.account, headers, topic(record.value), record.timestamp)


class WitWorld(wit_world.WitWorld):
    def transform(self, batch: list[PaymentIn]) -> list[Result[PaymentOut, Fault]]:
        return [Ok(route(record)) for record in batch]
