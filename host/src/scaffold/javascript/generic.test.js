// Tests of generic.js, and of what generic.ts compiles to: GENERIC names another module.
import assert from "node:assert/strict";
import test from "node:test";

const { Branch, Schema, record, typeName } = await import(process.env.GENERIC ?? "./generic.js");

const TEXT = JSON.stringify({
  type: "record",
  name: "All",
  namespace: "acme",
  fields: [
    { name: "none", type: "null" },
    { name: "yes", type: "boolean" },
    { name: "int", type: { type: "int", logicalType: "date" } },
    { name: "long", type: "long" },
    { name: "float", type: "float" },
    { name: "double", type: "double" },
    { name: "bytes", type: "bytes" },
    { name: "text", type: "string" },
    { name: "code", type: { type: "fixed", name: "Code", size: 2 } },
    { name: "kind", type: { type: "enum", name: "other.Kind", symbols: ["A", "B"] } },
    { name: "list", type: { type: "array", items: ["null", "long"] } },
    { name: "map", type: { type: "map", values: { type: "record", name: "P", fields: [] } } },
    { name: "next", type: ["null", "All", "P", "double", "int", { type: "map", values: "int" }] },
    { name: "__proto__", type: ["float", "double", "string", "other.Kind", "bytes", "Code", "long", "boolean"] },
  ],
});
const schema = new Schema(0, TEXT);
const node = (tag, val) => (val === undefined ? { tag } : { tag, val });
const start = (name, fields) => node("record", { name, fields });
const bytes = (...all) => new Uint8Array(all);

const nodes = (...end) => [
  start(0, 14), node("null"), node("boolean", true), node("int", -7), node("long", 7), node("float", 0.5),
  node("double", 0.1), node("bytes", bytes(1)), node("string", "t"), node("fixed", bytes(2, 3)),
  node("enum", { name: 2, symbol: 1 }), node("array", 2), node("null"), node("long", 5),
  node("map", 1), node("string", "k"), start(3, 0), ...end,
];

const value = (next, last) => record("acme.All", {
  none: null, yes: true, int: -7, long: 7, float: 0.5, double: 0.1, bytes: bytes(1), text: "t", code: bytes(2, 3),
  kind: "B", list: [null, 5], map: new Map([["k", record("acme.P", {})]]), next, ["__proto__"]: last,
});

test("every kind goes there and back", () => {
  const deep = value(null, true);
  for (const [next, last, ...end] of [
    [null, true, node("null"), node("boolean", true)],
    [record("acme.P", {}), true, start(3, 0), node("boolean", true)],
    [new Branch("int", 2), new Branch("string", "A"), node("int", 2), node("string", "A")],
    [new Branch("double", 2), new Branch("double", 1.5), node("double", 2), node("double", 1.5)],
    [new Map([["a", 1]]), new Branch("float", 1.5), node("map", 1), node("string", "a"), node("int", 1), node("float", 1.5)],
    [null, new Branch("other.Kind", "A"), node("null"), node("enum", { name: 2, symbol: 0 })],
    [null, new Branch("acme.Code", bytes(2, 3)), node("null"), node("fixed", bytes(2, 3))],
    [null, new Branch("long", 3), node("null"), node("long", 3)],
    [deep, true, ...nodes(node("null"), node("boolean", true)), node("boolean", true)],
  ]) {
    const given = { schema: 0, nodes: nodes(...end) };
    const folded = schema.fold(given);
    assert.deepEqual(folded, value(next, last));
    assert.deepEqual(schema.unfold(folded), given);
    assert.equal(typeName(folded), "acme.All");
  }
});

test("a plain value takes the first branch that it fits, whole numbers before fractions", () => {
  const last = (plain) => schema.unfold(value(null, plain)).nodes.at(-1);
  assert.deepEqual(last("A"), node("string", "A"));
  assert.deepEqual(last(bytes(2, 3)), node("bytes", bytes(2, 3)));
  assert.deepEqual(last(1.5), node("float", 1.5));
  assert.deepEqual(last(2), node("long", 2));
  // An object that does not say its type.
  assert.deepEqual(schema.unfold({ ...value({ ...value(null, true) }, true) }).nodes[17], start(0, 14));
});

test("what does not fit is told", () => {
  for (const [change, why] of [
    [{ int: 2 ** 31 }, "int: 2147483648 is no int"],
    [{ long: 2 ** 53 }, "long: 9007199254740992 is no long"],
    [{ text: null }, "text: null is no string"],
    [{ code: bytes(1) }, "code: an object is no acme.Code"],
    [{ kind: "C" }, 'kind: "C" is no other.Kind'],
    [{ list: [1.5] }, "list: 1.5 fits no branch of the union"],
    [{ map: {} }, "map: an object is no map"],
    [{ extra: 1 }, "acme.All: extra is no field of it"],
    [{ next: new Branch("long", 1) }, "next: an object fits no branch of the union"],
    [{ next: new Branch("int", 1.5) }, "next: 1.5 is no int"],
  ]) {
    const wrong = record("acme.All", { ...value(null, true), ["__proto__"]: true, ...change });
    assert.throws(() => schema.unfold(wrong), new Error(why));
  }
  const missing = value(null, true);
  delete missing.yes;
  assert.throws(() => schema.unfold(missing), new Error("acme.All: yes is missing"));
  assert.throws(() => new Schema(1, ""), /there is no schema 1/);
});

test("broken nodes are told", () => {
  const good = nodes(node("null"), node("boolean", true));
  const but = (at, other) => good.with?.(at, other) ?? good.map((each, i) => (i === at ? other : each));
  for (const [broken, why] of [
    [good.slice(0, -1), "the nodes end within the value"],
    [[], "the nodes end within the value"],
    [[...but(11, node("array", 0xffffffff)).slice(0, 14)], "the nodes end within the value"],
    [[...good, node("null")], "nodes follow the value"],
    [but(10, node("enum", { name: 2, symbol: 9 })), "other.Kind has no symbol 9"],
    [but(0, start(9, 14)), "expected acme.All, found record"],
    [but(1, node("int", 1)), "expected null, found int"],
    [but(17, node("long", 1)), "no branch of the union begins with long"],
  ]) {
    assert.throws(() => schema.fold({ schema: 0, nodes: broken }), new Error(why));
  }
});

test("depth has a limit", () => {
  let [text, tree] = ["null", []];
  for (let i = 0; i < 129; i++) text = { type: "array", items: text };
  for (let i = 0; i < 128; i++) tree = [tree];
  const deep = new Schema(0, JSON.stringify(text));
  const why = new Error("the value nests deeper than 128 levels");
  assert.throws(() => deep.fold({ schema: 0, nodes: [...Array(128).fill(node("array", 1)), node("array", 0)] }), why);
  assert.throws(() => deep.unfold(tree), why);
});
