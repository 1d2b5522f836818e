"""For `millstream conformance`: a record with a field of each type comes in and goes out as it is. What its id says is
done instead: "reject: why", "retry: why" and "halt: why" are faults, "throw" fails as Python fails,
"broken text" answers a text that is no Unicode.
"""

import wit_world
from componentize_py_types import Err, Ok, Result
from wit_world.imports.acme_types_types import Everything
from wit_world.imports.millstream_pipeline_types import Fault, Fault_Halt, Fault_Reject, Fault_Retry

FAULTS = {"reject": Fault_Reject, "retry": Fault_Retry, "halt": Fault_Halt}


def answer(record: Everything) -> Result[Everything, Fault]:
    word, _, why = record.id.partition(": ")
    if word in FAULTS:
        return Err(FAULTS[word](why))
    if word == "throw":
        raise ValueError("thrown on purpose")
    if word == "broken text":
        # Half of a pair, which UTF-8 does not have.
        record.text = "\ud800"
    return Ok(record)


class WitWorld(wit_world.WitWorld):
    def transform(self, batch: list[Everything]) -> list[Result[Everything, Fault]]:
        return [answer(record) for record in batch]
