// Accounts with their bookings in, balances out, by way of types of the guest's own.
//
// The pipeline hands over generic records. `deserialize` folds each into an account; `transform` works on it; `serialize`
// unfolds the result. Between the three only handles cross the border: the accounts themselves stay in this instance, as
// a WIT resource.

import schemas from "millstream:pipeline/schemas@0.1.0";
import type { GenericRecord, Node } from "millstream:pipeline/generic@0.1.0";
import type { NamedType } from "millstream:pipeline/schemas@0.1.0";
import type { Fault } from "millstream:pipeline/types@0.1.0";

type Result<T> = { tag: "ok"; val: T } | { tag: "err"; val: Fault };
type Value = null | boolean | number | string | Uint8Array | Value[] | Map<string, Value> | Fields;
interface Fields {
  typeName: string;
  [field: string]: Value;
}
type Reference = null | number | string;
interface Booking {
  at: number;
  amount: number;
  currency: string;
  reference: Reference;
}

const DAY = 24 * 60 * 60 * 1000;

/** The guest's case class. */
class Account {
  number: Uint8Array;
  owner: { name: string; city: string; country: string; company: boolean };
  kind: string;
  rates: Map<string, number>;
  bookings: Booking[];
  cents: [string, number][] = [];
  totalEur = 0;
  days: [number, number][] = [];

  constructor(value: any) {
    const { name, address } = value.holder;
    this.number = value.number;
    this.owner = {
      name,
      city: address.city,
      country: address.country,
      company: value.holder.typeName === "acme.accounts.Company",
    };
    this.kind = value.kind;
    this.rates = value.rates;
    this.bookings = value.bookings;
  }

  /** Sums up the bookings; what is thrown says which of them cannot be counted. */
  settle(): this {
    const cents = new Map<string, number>();
    const days = new Map<number, number>();
    for (const { at, amount, currency } of this.bookings) {
      const sum = (cents.get(currency) ?? 0) + amount;
      if (!Number.isSafeInteger(sum)) throw new Error(`the balance in ${currency} is too large`);
      cents.set(currency, sum);
      const day = Math.floor(at / DAY);
      if (day !== (day | 0)) throw new Error(`a booking at ${at} has no date`);
      days.set(day, (days.get(day) ?? 0) + 1);
    }
    // In the order of the currencies: sums of floats differ by it.
    this.cents = [...cents].sort(([a], [b]) => (a < b ? -1 : 1));
    this.days = [...days].sort(([a], [b]) => a - b);
    this.totalEur = this.cents.reduce((sum, [currency, cents]) => sum + (cents / 100) * this.rate(currency), 0);
    return this;
  }

  rate(currency: string): number {
    const rate = currency === "EUR" ? 1 : this.rates.get(currency);
    if (rate === undefined) throw new Error(`the account has no rate for ${currency}`);
    return rate;
  }
}

/** The named types of a schema: what nodes hold are their places in the list. */
class Schema {
  number: number;
  types: NamedType[];

  constructor(number: number) {
    this.number = number;
    this.types = schemas.namedTypes(number);
  }

  index(name: string): number {
    const index = this.types.findIndex((named) => named.val.name === name);
    if (index < 0) throw new Error(`the schema has no type ${name}`);
    return index;
  }

  /** A value made of nodes: records and maps become objects and Maps, symbols become strings. */
  fold(nodes: Iterator<Node>): Value {
    const node: Node = nodes.next().value;
    if (node.tag === "null") return null;
    if (node.tag === "array") return Array.from({ length: node.val }, () => this.fold(nodes));
    if (node.tag === "map") {
      const pair = (): [string, Value] => [nodes.next().value.val, this.fold(nodes)];
      return new Map(Array.from({ length: node.val }, pair));
    }
    if (node.tag === "enum") {
      const named = this.types[node.val.name];
      return (named?.tag === "enum" && named.val.symbols[node.val.symbol]) || null;
    }
    if (node.tag === "record") {
      const named = this.types[node.val.name];
      const record: Fields = { typeName: named?.val.name ?? "" };
      for (const field of named?.tag === "record" ? named.val.fields : []) record[field] = this.fold(nodes);
      return record;
    }
    return node.val;
  }

  record(name: string, ...fields: Node[][]): Node[] {
    return [{ tag: "record", val: { name: this.index(name), fields: fields.length } }, ...fields.flat()];
  }

  symbol(name: string, symbol: string): Node[] {
    const index = this.index(name);
    const named = this.types[index];
    const at = named?.tag === "enum" ? named.val.symbols.indexOf(symbol) : -1;
    if (at < 0) throw new Error(`${name} has no symbol ${symbol}`);
    return [{ tag: "enum", val: { name: index, symbol: at } }];
  }
}

const text = (val: string): Node[] => [{ tag: "string", val }];
const int = (val: number): Node[] => [{ tag: "int", val }];
const long = (val: number): Node[] => [{ tag: "long", val }];

function reference(value: Reference): Node[] {
  if (value === null) return [{ tag: "null" }];
  return typeof value === "string" ? text(value) : long(value);
}

function write(account: Account, schema: Schema): Node[] {
  const { name, city, country, company } = account.owner;
  return schema.record(
    "acme.accounts.Balances",
    [{ tag: "fixed", val: account.number }],
    schema.record("acme.accounts.Owner", text(name), text(city), text(country), [{ tag: "boolean", val: company }]),
    schema.symbol("acme.accounts.Kind", account.kind),
    [{ tag: "map", val: account.cents.length }, ...account.cents.flatMap(([key, sum]) => [...text(key), ...long(sum)])],
    [{ tag: "double", val: account.totalEur }],
    [
      { tag: "array", val: account.days.length },
      ...account.days.flatMap(([day, count]) => schema.record("acme.accounts.Day", int(day), int(count))),
    ],
    reference(account.bookings.at(-1)?.reference ?? null),
  );
}

/** What `work` answers for each, or what it throws, as a fault. */
function each<A, B>(batch: A[], tag: "reject" | "halt", work: (one: A) => B): Result<B>[] {
  return batch.map((one) => {
    try {
      return { tag: "ok", val: work(one) };
    } catch (why) {
      return { tag: "err", val: { tag, val: why instanceof Error ? why.message : String(why) } };
    }
  });
}

let source: Schema | undefined;
let sink: Schema | undefined;

export const guest = {
  Account,

  deserialize(batch: GenericRecord[]): Result<Account>[] {
    const schema = (source ??= new Schema(schemas.input()));
    return each(batch, "reject", ({ nodes }) => new Account(schema.fold(nodes[Symbol.iterator]())));
  },

  transform(batch: Account[]): Result<Account>[] {
    return each(batch, "reject", (account) => account.settle());
  },

  serialize(batch: Account[]): Result<GenericRecord>[] {
    const schema = (sink ??= new Schema(schemas.output()));
    return each(batch, "halt", (account) => ({ schema: schema.number, nodes: write(account, schema) }));
  },
};
