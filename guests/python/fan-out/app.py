"""One payment in, one record out for each of its tags: any number of outputs, none for a payment without tags. All of
them keep the key and the headers of the payment, because the output's type names neither.
"""

import wit_world
from componentize_py_types import Ok, Result
from wit_world.imports.acme_fan_out_types import Payment, Tagged
from wit_world.imports.millstream_pipeline_types import Fault


class WitWorld(wit_world.WitWorld):
    def transform(self, batch: list[Payment]) -> list[Result[list[Tagged], Fault]]:
        return [Ok([Tagged(tag, p.id, p.amount) for tag in p.tags]) for p in batch]
