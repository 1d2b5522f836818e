// @ts-nocheck: the same in TypeScript has the types.
// The guest's own values as text, and back. What JSON has no word for is an array that begins with what it is; give
// values of your own a form here, or write them as you like.

import { Branch, record, typeName } from "./generic.js";

const pairs = (from) => [...from].map(([key, value]) => [key, pack(value)]);
const unpaired = (from) => from.map(([key, value]) => [key, unpack(value)]);

function pack(value) {
  if (typeof value === "number") {
    return Number.isFinite(value) && !Object.is(value, -0) ? value : ["number", `${value}`];
  }
  if (typeof value !== "object" || value === null) return value ?? null;
  if (value instanceof Uint8Array) return ["bytes", ...value];
  if (value instanceof Branch) return ["branch", value.typeName, pack(value.value)];
  if (value instanceof Map) return ["map", ...pairs(value)];
  if (Array.isArray(value)) return ["array", ...value.map(pack)];
  return ["record", typeName(value) ?? null, ...pairs(Object.entries(value))];
}

function unpack(packed) {
  if (!Array.isArray(packed)) return packed;
  const [what, ...rest] = packed;
  switch (what) {
    case "number": return rest[0] === "0" ? -0 : Number(rest[0]);
    case "bytes": return Uint8Array.from(rest);
    case "branch": return new Branch(rest[0], unpack(rest[1]));
    case "map": return new Map(unpaired(rest));
    case "array": return rest.map(unpack);
    default: {
      const fields = Object.assign(Object.create(null), Object.fromEntries(unpaired(rest.slice(1))));
      return rest[0] === null ? fields : record(rest[0], fields);
    }
  }
}

export const toText = (value) => JSON.stringify(pack(value));

export const fromText = (text) => unpack(JSON.parse(text));
