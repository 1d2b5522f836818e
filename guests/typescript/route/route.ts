// Payments come in with all that Kafka knows of them, and go out with another key, more headers, and to a topic chosen
// for each of them: what the envelope around a value can do. The value stays as it is.

import type { PaymentIn, PaymentOut, Payment } from "acme:route/types";
import type { Header } from "millstream:pipeline/envelope@0.1.0";
import type { Fault } from "millstream:pipeline/types@0.1.0";

type Result = { tag: "ok"; val: PaymentOut } | { tag: "err"; val: Fault };

const VERSION = "0.1.0";
// Euro zone countries that have a topic together.
const EUROPE = new Set(["AT", "FR", "IT", "NL"]);

/** Where a payment goes; null is the pipeline's own sink. */
function topic(p: Payment): string | null {
  if (p.amount >= 500_000) return "payments.large";
  if (p.country === "DE") return "payments.domestic";
  return EUROPE.has(p.country) ? "payments.europe" : null;
}

function grade(amount: number): string {
  if (amount < 0) return "refund";
  return amount < 10_000 ? "small" : amount < 500_000 ? "medium" : "large";
}

// The engine has no TextEncoder; all that is written here is ASCII, but for names of topics, which are too.
function header(name: string, text: string): Header {
  return { name, value: Uint8Array.from(text, (letter) => letter.charCodeAt(0)) };
}

function route(record: PaymentIn): PaymentOut {
  const { value, topic: source } = record;
  // The list that goes out is all there is: what came in is in it only because it is added to.
  const headers = [
    ...record.headers,
    header("correlation-id", `${source}-${record.partition}-${record.offset}`),
    header("source", source),
    header("version", VERSION),
    header("grade", grade(value.amount)),
    header("clock", record.timestampType === "create-time" ? "producer" : "broker"),
    { name: "original-key", value: record.key },
  ];
  return { value, key: value.account, headers, topic: topic(value), timestamp: record.timestamp };
}

export function transform(batch: PaymentIn[]): Result[] {
  return batch.map((record) => ({ tag: "ok", val: route(record) }));
}
