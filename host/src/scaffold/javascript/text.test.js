// Tests of text.js, and of what text.ts compiles to: TEXT and GENERIC name other modules.
import assert from "node:assert/strict";
import test from "node:test";

const { Branch, record, typeName } = await import(process.env.GENERIC ?? "./generic.js");
const { fromText, toText } = await import(process.env.TEXT ?? "./text.js");

test("every value goes there and back", () => {
  const fields = {
    none: null, yes: true, number: 1.5, text: "[]", list: [], lists: [["number"], [["bytes", 1]]],
    odd: [NaN, Infinity, -Infinity, -0], bytes: new Uint8Array([0, 255]), ["__proto__"]: 1,
    map: new Map([["__proto__", new Branch("float", 2)], ["1", new Map()]]), inner: record("acme.P", {}),
  };
  const value = record("acme.All", fields);
  const back = fromText(toText(value));
  assert.deepEqual(back, value);
  assert.equal(typeName(back), "acme.All");
  assert.equal(typeName(back.inner), "acme.P");
  assert.equal(Object.getPrototypeOf(back), null);
});

test("what is not there is null, and an object that does not say its type still does not", () => {
  assert.equal(fromText(toText(undefined)), null);
  assert.equal(typeName(fromText(toText({ a: 1 }))), undefined);
});
