// Goes wrong in the way that the id of a payment names, past what the compiler can see. Shows nothing: tests read what
// is said about it.

import type { Enriched, Payment } from "acme:payments/types";
import type { Fault } from "millstream:pipeline/types@0.1.0";

type Result = { tag: "ok"; val: Enriched } | { tag: "err"; val: Fault };

function answer(payment: Payment): Result {
  const enriched: Enriched = { ...payment, amountEur: 1.0, risk: 0 };
  switch (payment.id) {
    case "throws":
      throw new RangeError("no rate for XYZ");
    case "text-for-integer":
      return { tag: "ok", val: { ...enriched, risk: JSON.parse('"high"') } };
  }
  return { tag: "ok", val: enriched };
}

export function transform(batch: Payment[]): Result[] {
  return batch.map(answer);
}
