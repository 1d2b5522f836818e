// One payment in, one record out for each of its tags: any number of outputs, none for a payment without tags. All of
// them keep the key and the headers of the payment, because the output's type names neither.

import type { Payment, Tagged } from "acme:fan-out/types";
import type { Fault } from "millstream:pipeline/types@0.1.0";

type Result = { tag: "ok"; val: Tagged[] } | { tag: "err"; val: Fault };

function byTag(p: Payment): Tagged[] {
  return p.tags.map((tag) => ({ tag, payment: p.id, amount: p.amount }));
}

export function transform(batch: Payment[]): Result[] {
  return batch.map((payment) => ({ tag: "ok", val: byTag(payment) }));
}
