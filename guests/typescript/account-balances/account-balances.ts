// Accounts with their bookings in, balances out, by way of types of the guest's own.
//
// The pipeline hands over generic records. `deserialize` folds each into an `Account`; `transform` works on it;
// `serialize` unfolds the result. Between the three only handles cross the border: the accounts themselves stay in this
// instance, as a WIT resource.

import type { Functions } from "acme:account-balances/guest";
import type { GenericRecord } from "millstream:pipeline/generic@0.1.0";
import schemas from "millstream:pipeline/schemas@0.1.0";
import type { Fault } from "millstream:pipeline/types@0.1.0";

import { Account } from "./account.js";
import { Schema, record, typeName } from "./generic.js";

type Result<T> = { tag: "ok"; val: T } | { tag: "err"; val: Fault };

const known = new Map<number, Schema>();

/** A schema of the pipeline; asked for once. */
function schema(number: number): Schema {
  const made = known.get(number) ?? new Schema(number, schemas.text(number));
  known.set(number, made);
  return made;
}

function read(one: GenericRecord): Account {
  const { number, holder, kind, rates, bookings } = schema(schemas.input()).fold(one);
  const { city, country } = holder.address;
  const company = typeName(holder) === "acme.accounts.Company";
  return new Account(number, { name: holder.name, city, country, company }, kind, rates, bookings);
}

function write(account: Account): GenericRecord {
  const { number, holder, kind, cents, totalEur, days, lastReference } = account;
  const fields = {
    number,
    owner: holder,
    kind,
    balances: cents,
    total_eur: totalEur,
    days: [...days].map(([day, bookings]) => ({ day, bookings })),
    last_reference: lastReference,
  };
  return schema(schemas.output()).unfold(record("acme.accounts.Balances", fields));
}

function settled(account: Account): Account {
  account.settle();
  return account;
}

/** Answers each of a batch by its position; what is thrown becomes the fault of that name. */
function each<T, U>(batch: T[], work: (one: T) => U, tag: "reject" | "halt"): Result<U>[] {
  return batch.map((one) => {
    try {
      return { tag: "ok", val: work(one) };
    } catch (why) {
      return { tag: "err", val: { tag, val: why instanceof Error ? why.message : String(why) } };
    }
  });
}

export const guest = {
  deserialize: (batch) => each(batch, read, "reject"),
  transform: (batch) => each(batch as Account[], settled, "reject"),
  serialize: (batch) => each(batch as Account[], write, "halt"),
} satisfies Functions;
