// For `millstream conformance`: a record with a field of each type comes in and goes out as it is. What its id says is
// done instead: "reject: why", "retry: why" and "halt: why" are faults, "throw" fails as JavaScript fails,
// "broken text" answers a text that is no Unicode.

function answer(record) {
  const [, word, why] = /^(reject|retry|halt): (.*)$/s.exec(record.id) ?? [];
  if (word) return { tag: "err", val: { tag: word, val: why } };
  if (record.id === "throw") throw new Error("thrown on purpose");
  // Half of a pair, which UTF-8 does not have.
  if (record.id === "broken text") return { tag: "ok", val: { ...record, text: "\ud800" } };
  return { tag: "ok", val: record };
}

export function transform(batch) {
  return batch.map(answer);
}
