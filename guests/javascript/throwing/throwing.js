// Goes wrong in the way that the id of a payment names. Shows nothing: tests read what is said about it.

// What a field of the answer is given, by the payment's id.
const WRONG = {
  "text-for-integer": { risk: "high" },
  "half-an-integer": { risk: 1.5 },
  "beyond-32-bits": { risk: 2 ** 31 },
  "text-for-long": { amount: "5" },
  "beyond-53-bits": { amount: 2 ** 53 },
  "none-for-text": { account: null },
  "unknown-symbol": { currency: "chf" },
  "text-for-list": { tags: "a" },
  "integer-in-list": { tags: ["a", 7] },
  "text-for-number": { rate: "1.0" },
  "half-a-character": { note: "\ud800" },
};

function answer(payment) {
  const enriched = { ...payment, amountEur: 1.0, risk: 0, ...WRONG[payment.id] };
  switch (payment.id) {
    case "throws":
      throw new RangeError("no rate for XYZ");
    case "throws-a-text":
      throw "no such account";
    case "another-record":
      // Python would write it so.
      return { tag: "ok", val: { ...payment, amount_eur: 1.0, risk: 0 } };
    case "without-ok":
      return enriched;
    case "without-value":
      return { tag: "ok" };
    case "fault-without-tag":
      return { tag: "err", val: "no such account" };
    case "nothing":
      return undefined;
  }
  return { tag: "ok", val: enriched };
}

export function transform(batch) {
  return batch.filter((payment) => payment.id !== "too-few").map(answer);
}
