// For `millstream conformance`: a record with a field of each type comes in and goes out as it is. What its id says is
// done instead: "reject: why", "retry: why" and "halt: why" are faults, "throw" fails as JavaScript fails,
// "broken text" answers a text that is no Unicode.

import type { Everything } from "acme:types/types";
import type { Fault } from "millstream:pipeline/types@0.1.0";

type Result = { tag: "ok"; val: Everything } | { tag: "err"; val: Fault };

function answer(record: Everything): Result {
  const found = /^(reject|retry|halt): (.*)$/s.exec(record.id);
  if (found) return { tag: "err", val: { tag: found[1], val: found[2] } as Fault };
  if (record.id === "throw") throw new Error("thrown on purpose");
  // Half of a pair, which UTF-8 does not have.
  if (record.id === "broken text") return { tag: "ok", val: { ...record, text: "\ud800" } };
  return { tag: "ok", val: record };
}

export function transform(batch: Everything[]): Result[] {
  return batch.map(answer);
}
