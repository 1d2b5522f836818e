"""Drops payments below a limit of its `config`: each record has one output or none. Tombstones, records with a key and
no value, go through: whoever deletes by them still has to see them.
"""

import json

import wit_world
from componentize_py_types import Err, Ok, Result
from wit_world.imports import config
from wit_world.imports.acme_filter_types import PaymentIn, PaymentOut
from wit_world.imports.millstream_pipeline_types import Fault


def parse(text: str | None) -> int:
    """What `min-amount` says, or why it says nothing."""
    if text is None:
        raise ValueError("`min-amount` is missing in `config`; it is the smallest amount to let through, in cents")
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"`min-amount` must be a whole number of cents, not {json.dumps(text)}") from None


class WitWorld(wit_world.WitWorld):
    # In cents. `init` comes before the first batch.
    limit = 0

    def init(self) -> None:
        try:
            WitWorld.limit = parse(config.get("min-amount"))
        except ValueError as why:
            raise Err(str(why)) from None

    def transform(self, batch: list[PaymentIn]) -> list[Result[PaymentOut | None, Fault]]:
        limit = WitWorld.limit
        return [
            Ok(PaymentOut(record.value, record.key) if record.value is None or record.value.amount >= limit else None)
            for record in batch
        ]
