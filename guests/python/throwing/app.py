"""Goes wrong in the way that the id of a payment names. Shows nothing: tests read what is said about it."""

import wit_world
from componentize_py_types import Err, Ok, Result
from wit_world.imports.acme_payments_types import Enriched, Payment
from wit_world.imports.millstream_pipeline_types import Fault, Fault_Reject

# What a field of the answer is given, by the payment's id.
WRONG: dict[str, dict[str, object]] = {
    "text-for-integer": {"risk": "high"},
    "none-for-text": {"account": None},
    "text-for-enum": {"currency": "EUR"},
    "tuple-for-list": {"tags": ("a", "b")},
    "integer-in-list": {"tags": ["a", 7]},
    "beyond-64-bits": {"amount": 1 << 63},
    "beyond-32-bits": {"risk": 1 << 31},
    "half-a-character": {"note": "\ud800"},
}


def answer(p: Payment) -> Result[Enriched, Fault]:
    enriched = Enriched(**{**vars(p), "amount_eur": 1.0, "risk": 0, **WRONG.get(p.id, {})})  # type: ignore[arg-type]
    match p.id:
        case "throws":
            raise KeyError("no rate for XYZ")
        case "throws-a-fault":
            raise Err(Fault_Reject("no such account"))
        case "another-record":
            return Ok(p)  # type: ignore[arg-type]
        case "without-ok":
            return enriched  # type: ignore[return-value]
    return Ok(enriched)


class WitWorld(wit_world.WitWorld):
    def transform(self, batch: list[Payment]) -> list[Result[Enriched, Fault]]:
        return [answer(payment) for payment in batch if payment.id != "too-few"]
