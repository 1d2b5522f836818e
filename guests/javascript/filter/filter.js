// Drops payments below a limit of its `config`: each record has one output or none. Tombstones, records with a key
// and no value, go through: whoever deletes by them still has to see them.

import config from "millstream:pipeline/config@0.1.0";

// In cents. `init` comes before the first batch.
let limit = 0;

/** What `min-amount` says, or why it says nothing. */
function parse(text) {
  if (text === null) {
    throw "`min-amount` is missing in `config`; it is the smallest amount to let through, in cents";
  }
  if (!/^[+-]?[0-9]+$/.test(text) || !Number.isSafeInteger(Number(text))) {
    throw `\`min-amount\` must be a whole number of cents, not ${JSON.stringify(text)}`;
  }
  return Number(text);
}

function filter({ value, key }) {
  return value === null || value.amount >= limit ? { value, key } : null;
}

// What is thrown here is told, and the pipeline does not start.
export function init() {
  limit = parse(config.get("min-amount"));
}

export function transform(batch) {
  return batch.map((record) => ({ tag: "ok", val: filter(record) }));
}
