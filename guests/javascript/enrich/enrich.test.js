import assert from "node:assert/strict";
import test from "node:test";

import { transform } from "./enrich.js";

const payment = (amount, country) => ({ id: "p-1", amount, country, rate: 1.17 });

test("risk follows the amount in euros, then the country", () => {
  const answers = transform([payment(1_000_000, "DE"), payment(100, "FR"), payment(100, "DE")]);
  assert.deepEqual(answers.map((answer) => answer.val.risk), [2, 1, 0]);
  assert.equal(answers[1].val.amountEur, 1.17);
});

test("a negative amount is rejected", () => {
  const [answer] = transform([payment(-1, "DE")]);
  assert.deepEqual(answer, { tag: "err", val: { tag: "reject", val: "negative amount -1" } });
});
