// Payments in, enriched payments out: the value in euros and a risk are added, negative amounts are rejected.

import type { Enriched, Payment } from "acme:payments/types";
import type { Fault } from "millstream:pipeline/types@0.1.0";

type Result = { tag: "ok"; val: Enriched } | { tag: "err"; val: Fault };

function enrich(payment: Payment): Result {
  if (payment.amount < 0) {
    return { tag: "err", val: { tag: "reject", val: `negative amount ${payment.amount}` } };
  }
  const amountEur = (payment.amount / 100) * payment.rate;
  const risk = amountEur > 9000 ? 2 : payment.country !== "DE" ? 1 : 0;
  // The record is the guest's own: a copy would take longer.
  return { tag: "ok", val: Object.assign(payment, { amountEur, risk }) };
}

export function transform(batch: Payment[]): Result[] {
  return batch.map(enrich);
}
