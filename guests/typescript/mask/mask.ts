// Replaces the letters of some string fields by stars, in any schema and at any depth: it works on generic records and
// knows no record type of its own. Which fields is said in its `config`: `fields = "account, note"`.

import config from "millstream:pipeline/config@0.1.0";
import schemas from "millstream:pipeline/schemas@0.1.0";
import type { GenericRecord, Node } from "millstream:pipeline/generic@0.1.0";
import type { NamedType } from "millstream:pipeline/schemas@0.1.0";
import type { Fault } from "millstream:pipeline/types@0.1.0";

type Result = { tag: "ok"; val: GenericRecord } | { tag: "err"; val: Fault };
/** For each named type of a schema: for each of its fields, whether to mask it. */
type Masked = boolean[][];

let fields = new Set<string>();
// By schema. Asked for once: names are compared for each schema, not for each record.
const bySchema = new Map<number, Masked>();

/** The fields of a named type, if it is a record. */
const fieldsOf = (named: NamedType): string[] => (named.tag === "record" ? named.val.fields : []);

function lookUp(schema: number): Masked {
  let types = bySchema.get(schema);
  if (types === undefined) {
    types = schemas.namedTypes(schema).map((named) => fieldsOf(named).map((field) => fields.has(field)));
    bySchema.set(schema, types);
  }
  return types;
}

/**
 * Masks the value that begins at a node, if it is to be hidden, and all fields below it that are; answers where the next
 * value begins.
 */
function mask(nodes: Node[], at: number, hidden: boolean, types: Masked): number {
  const node = nodes[at]!;
  let next = at + 1;
  if (node.tag === "string") {
    if (hidden) node.val = "*".repeat([...node.val].length);
  } else if (node.tag === "array") {
    for (let item = 0; item < node.val; item++) next = mask(nodes, next, hidden, types);
  } else if (node.tag === "map") {
    // A pair's first node is its key, which stays.
    for (let pair = 0; pair < node.val; pair++) next = mask(nodes, next + 1, hidden, types);
  } else if (node.tag === "record") {
    for (const field of types[node.val.name]!) next = mask(nodes, next, field, types);
  }
  return next;
}

/** The field names of the setting, each of which some record has. */
function parse(setting: string | null, types: NamedType[]): Set<string> {
  if (setting === null) throw "`fields` is missing in `config`; it names the fields to mask, with commas between";
  const known = new Set(types.flatMap(fieldsOf));
  const names = setting.split(",").map((name) => name.trim());
  const wrong = names.find((name) => !known.has(name));
  if (wrong !== undefined) throw `\`fields\` in \`config\`: no record of the schema has a field \`${wrong}\``;
  return new Set(names);
}

// What is thrown here is told, and the pipeline does not start.
export function init(): void {
  if (schemas.text(schemas.input()) !== schemas.text(schemas.output())) {
    throw "source and sink need the same schema: masking does not change a record's type";
  }
  fields = parse(config.get("fields"), schemas.namedTypes(schemas.input()));
}

export function transform(batch: GenericRecord[]): Result[] {
  const schema = schemas.output();
  return batch.map((record) => {
    mask(record.nodes, 0, false, lookUp(record.schema));
    return { tag: "ok", val: { schema, nodes: record.nodes } };
  });
}
