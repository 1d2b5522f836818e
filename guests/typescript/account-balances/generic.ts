// Folds generic records into the language's own values, and back by the schema.
//
//     const schema = new Schema(schemas.input(), schemas.text(schemas.input())); // once, and kept
//     const value = schema.fold(record);
//     value.amount *= 2;
//     const answer = schema.unfold(value);
//
// null, boolean, string as they are. int, long, float, double: number. bytes, fixed: Uint8Array. enum: its symbol.
// array: Array. map: Map. record: an object of its fields, without a prototype; typeName tells its type. A union: the
// value itself, or a Branch where the value alone would not tell which of several branches it is. On the way back a
// union takes the first branch that a value fits, unless the value is a Branch. What fits nowhere is an Error.

import type { GenericRecord, Node } from "millstream:pipeline/generic@0.1.0";

const MAX_DEPTH = 128; // Records, arrays and maps within each other.
const WORDS = "null boolean int long float double bytes string fixed enum array map record".split(" ");
// Branches that have one of these in common are not told apart by a value.
const NATURAL: { [kind: string]: string } = {
  int: "number", long: "number", float: "number", double: "number",
  string: "string", enum: "string", bytes: "bytes", fixed: "bytes",
};
// A number is whole sooner than a fraction.
const LATE = ["float", "double"];
const NAMES = new WeakMap<object, string>();

/** A record of a type, by its full name. */
export function record(typeName: string, fields: object): any {
  const made = Object.assign(Object.create(null), fields);
  NAMES.set(made, typeName);
  return made;
}

/** The full name of a record's type; undefined for an object that was not made by `record` or `fold`. */
export const typeName = (value: object): string | undefined => NAMES.get(value);

/** A value of a union, with the full name of its type, or Avro's word for a type without one. */
export class Branch {
  constructor(readonly typeName: string, readonly value: any) {}
}

interface Type {
  kind: string;
  name: string;
  /** Among the schema's named types. */
  number: number;
  size: number;
  symbols: string[];
  fields: { name: string; type: Type }[];
  /** The type of items or values. */
  inner: Type | null;
  branches: Type[];
}

const type = (kind: string, name: string, more: Partial<Type> = {}): Type =>
  ({ kind, name, number: 0, size: 0, symbols: [], fields: [], inner: null, branches: [], ...more });
const KEY = type("string", "string");

/** A name with its namespace. */
const full = (name: string, space: string): string => (name.includes(".") || space === "" ? name : `${space}.${name}`);

/** Whether a value of the type may begin with the node. */
function begins(want: Type, node: Node): boolean {
  if (node.tag !== want.kind) return false;
  if (node.tag === "record" || node.tag === "enum") return node.val.name === want.number;
  return node.tag !== "fixed" || node.val.length === want.size;
}

/** Whether the value is of the type, as far as one sees without going into it. */
function fits(want: Type, value: any): boolean {
  switch (want.kind) {
    case "null": return value === null || value === undefined;
    case "int": return typeof value === "number" && (value | 0) === value;
    case "long": return Number.isSafeInteger(value);
    case "float": case "double": return typeof value === "number";
    case "bytes": return value instanceof Uint8Array;
    case "fixed": return value instanceof Uint8Array && value.length === want.size;
    case "enum": return want.symbols.includes(value);
    case "array": return Array.isArray(value);
    case "map": return value instanceof Map;
    case "record": return isFields(value) && (NAMES.get(value) ?? want.name) === want.name;
    default: return typeof value === want.kind;
  }
}

const isFields = (value: any): boolean => typeof value === "object" && value !== null
  && !(Array.isArray(value) || value instanceof Map || value instanceof Uint8Array || value instanceof Branch);

/** What an error shows of a value. */
function shown(value: any): string {
  if (typeof value === "string") return JSON.stringify(value.slice(0, 60));
  return typeof value === "object" && value !== null ? "an object" : String(value);
}

/** A schema of the pipeline, by its number: 0 is the source's, 1 the sink's. */
export class Schema {
  private readonly named = new Map<string, Type>();
  private readonly root: Type;
  private nodes: Node[] = [];
  private at = 0;

  constructor(readonly number: number, text: string) {
    if (text === "") throw new Error(`there is no schema ${number}: the format of that end has none`);
    this.root = this.parse(JSON.parse(text), "");
  }

  fold(record: GenericRecord): any {
    [this.nodes, this.at] = [record.nodes, 0];
    const value = this.read(this.root, 0);
    if (this.at < this.nodes.length) throw new Error("nodes follow the value");
    return value;
  }

  unfold(value: any): GenericRecord {
    const nodes: Node[] = [];
    this.write(this.root, value, nodes, 0, "the value");
    return { schema: this.number, nodes };
  }

  private parse(written: any, space: string): Type {
    if (Array.isArray(written)) {
      const branches = written.map((branch) => this.parse(branch, space));
      const early = branches.filter(({ kind }) => !LATE.includes(kind));
      return type("union", "union", { branches: [...early, ...branches.filter(({ kind }) => LATE.includes(kind))] });
    }
    const kind = written.type ?? written;
    if (typeof kind !== "string") return this.parse(kind, space);
    if (kind === "array") return type(kind, kind, { inner: this.parse(written.items, space) });
    if (kind === "map") return type(kind, kind, { inner: this.parse(written.values, space) });
    if (!["record", "enum", "fixed"].includes(kind)) {
      return WORDS.includes(kind) ? type(kind, kind) : (this.named.get(full(kind, space)) ?? this.named.get(kind))!;
    }
    const name = full(written.name, written.namespace ?? space);
    const made = type(kind, name, { number: this.named.size, size: written.size, symbols: written.symbols });
    this.named.set(name, made); // Before its fields, which may be of this very type.
    const within = name.slice(0, Math.max(name.lastIndexOf("."), 0));
    for (const field of written.fields ?? []) {
      made.fields.push({ name: field.name, type: this.parse(field.type, within) });
    }
    return made;
  }

  private read(want: Type, depth: number): any {
    const node = this.nodes[this.at++];
    if (node === undefined) throw new Error("the nodes end within the value");
    if (want.kind === "union") {
      const found = want.branches.find((branch) => begins(branch, node));
      if (found === undefined) throw new Error(`no branch of the union begins with ${node.tag}`);
      const natural = NATURAL[found.kind];
      const told = natural !== undefined && want.branches.filter(({ kind }) => NATURAL[kind] === natural).length > 1;
      const value = this.rest(found, node, depth);
      return told ? new Branch(found.name, value) : value;
    }
    if (!begins(want, node)) throw new Error(`expected ${want.name}, found ${node.tag}`);
    return this.rest(want, node, depth);
  }

  /** What begins with a node of the type. */
  private rest(want: Type, node: Node, depth: number): any {
    switch (node.tag) {
      case "null": return null;
      case "enum": {
        const symbol = want.symbols[node.val.symbol];
        if (symbol === undefined) throw new Error(`${want.name} has no symbol ${node.val.symbol}`);
        return symbol;
      }
      case "array": case "map": case "record": break;
      default: return node.val;
    }
    if (depth >= MAX_DEPTH) throw new Error(`the value nests deeper than ${MAX_DEPTH} levels`);
    if (node.tag === "record") {
      const made = record(want.name, {});
      for (const { name, type } of want.fields) made[name] = this.read(type, depth + 1);
      return made;
    }
    const items: any[] = [];
    const pairs = new Map<string, any>();
    for (let i = 0; i < node.val; i++) {
      if (node.tag === "array") items.push(this.read(want.inner!, depth + 1));
      else pairs.set(this.read(KEY, depth + 1), this.read(want.inner!, depth + 1));
    }
    return node.tag === "array" ? items : pairs;
  }

  private write(want: Type, value: any, nodes: Node[], depth: number, at: string): void {
    if (want.kind === "union") {
      const told = value instanceof Branch;
      const found = want.branches.find((b) => (told ? b.name === value.typeName : fits(b, value)));
      if (found === undefined) throw new Error(`${at}: ${shown(value)} fits no branch of the union`);
      [want, value] = [found, told ? value.value : value];
    }
    if (!fits(want, value)) throw new Error(`${at}: ${shown(value)} is no ${want.name}`);
    const put = (tag: any, val: any): void => { nodes.push({ tag, val } as Node); };
    if (want.kind === "null") return void nodes.push({ tag: "null" });
    if (want.kind === "enum") return put("enum", { name: want.number, symbol: want.symbols.indexOf(value) });
    if (want.kind !== "record" && want.inner === null) return put(want.kind, value);
    if (depth >= MAX_DEPTH) throw new Error(`the value nests deeper than ${MAX_DEPTH} levels`);
    if (want.kind === "record") {
      put("record", { name: want.number, fields: want.fields.length });
      for (const { name, type } of want.fields) {
        if (!Object.hasOwn(value, name)) throw new Error(`${want.name}: ${name} is missing`);
        this.write(type, value[name], nodes, depth + 1, name);
      }
      const names = Object.keys(value);
      if (names.length === want.fields.length) return;
      const odd = names.find((name) => !want.fields.some((field) => field.name === name));
      throw new Error(`${want.name}: ${odd} is no field of it`);
    } else if (want.kind === "array") {
      put("array", value.length);
      for (const item of value) this.write(want.inner!, item, nodes, depth + 1, at);
    } else {
      put("map", value.size);
      for (const [key, item] of value) {
        this.write(KEY, key, nodes, depth + 1, at);
        this.write(want.inner!, item, nodes, depth + 1, at);
      }
    }
  }
}
