"""Payments in, enriched payments out: the value in euros and a risk are added, negative amounts are rejected."""

import wit_world
from componentize_py_types import Err, Ok, Result
from wit_world.imports.acme_payments_types import Enriched, Payment
from wit_world.imports.millstream_pipeline_types import Fault, Fault_Reject


def enrich(p: Payment) -> Result[Enriched, Fault]:
    if p.amount < 0:
        return Err(Fault_Reject(f"negative amount {p.amount}"))
    amount_eur = p.amount / 100.0 * p.rate
    risk = 2 if amount_eur > 9000.0 else 1 if p.country != "DE" else 0
    return Ok(
        Enriched(
            p.id,
            p.account,
            p.amount,
            p.currency,
            p.ts,
            p.note,
            p.tags,
            p.rate,
            p.country,
            p.seq,
            amount_eur,
            risk,
        )
    )


class WitWorld(wit_world.WitWorld):
    def transform(self, batch: list[Payment]) -> list[Result[Enriched, Fault]]:
        return [enrich(payment) for payment in batch]
