// What the engine cannot do: it hands over 64-bit integers as numbers, which are exact up to 2^53 only, cuts what does
// not fit an integer, and ends the call without a word of where when the guest throws or answers with other types than
// its world's. Integers are looked at in each answer, since they would be wrong silently. All else is looked at where a
// record is alone: a batch with a wrong answer comes back in parts. A batch without errors costs nothing for that.

const TAKES = "an integer beyond 2^53, which a number of JavaScript does not hold exactly";

/** What an exception says, and where it was thrown in the guest. */
function said(why) {
  if (!(why instanceof Error)) return String(why);
  const places = (why.stack ?? "").split("\n").filter((line) => !/entry\.js|\(native\)/.test(line));
  return `${why}\n${places.join("\n")}`.trim();
}

function shown(value) {
  if (value === null || value === undefined) return `${value}`;
  if (Array.isArray(value)) return "an array";
  if (typeof value === "object") return `an object with ${Object.keys(value).slice(0, 8).join(", ") || "no properties"}`;
  const text = String(value);
  const cut = text.length > 80 ? `${text.slice(0, 77)}...` : text;
  return `${typeof value} ${typeof value === "string" ? JSON.stringify(cut) : cut}`;
}

const found = (wanted, value) => `: expected ${wanted}, found ${shown(value)}`;
const plain = (name) => name.replace(/[-_]/g, "").toLowerCase();

function wrongRecord(fields, value) {
  if (value === null || typeof value !== "object") return found("an object", value);
  for (const [name, type] of fields) {
    const at = wrong(type, value[name]);
    if (at === null) continue;
    const near = value[name] === undefined && Object.keys(value).find((key) => plain(key) === plain(name));
    return `.${name}${at}${near ? `; \`${near}\` is not its name` : ""}`;
  }
  return null;
}

function wrongList(type, value) {
  const array = Array.isArray(value);
  if (!array && !ArrayBuffer.isView(value)) return found(type.bytes ? "a Uint8Array" : "an array", value);
  for (let i = 0; array && i < value.length; i++) {
    const at = wrong(type.item, value[i]);
    if (at !== null) return `[${i}]${at}`;
  }
  return null;
}

function wrongCase(cases, value) {
  const known = cases.find(([tag]) => tag === value?.tag);
  if (!known) return found(cases.map(([tag, type]) => `{ tag: "${tag}"${type ? ", val" : ""} }`).join(" or "), value);
  return known[1] && wrong(known[1], value.val);
}

function wrongTuple(items, value) {
  if (!Array.isArray(value)) return found(`an array of ${items.length}`, value);
  for (let i = 0; i < items.length; i++) {
    const at = wrong(items[i], value[i]);
    if (at !== null) return `[${i}]${at}`;
  }
  return null;
}

/** What is wrong with a value of a type, and where; null where nothing is. As strict as the engine, and with integers. */
function wrong(type, value) {
  const is = (fine, wanted) => (fine ? null : found(wanted, value));
  switch (type.kind) {
    case "boolean":
    case "number":
      return is(typeof value === type.kind, `a ${type.kind}`);
    case "string":
      return is(typeof value === "string" && value.isWellFormed(), typeof value === "string" ? "whole characters" : "a string");
    case "integer":
      return is(Number.isInteger(value) && value >= type.from && value <= type.to, type.what);
    case "enum":
      return is(type.names.includes(value), type.names.map((name) => `"${name}"`).join(" or "));
    case "option":
      return value === null || value === undefined ? null : wrong(type.some, value);
    case "record":
      return wrongRecord(type.fields, value);
    case "list":
      return wrongList(type, value);
    case "tuple":
      return wrongTuple(type.items, value);
    case "variant":
      return wrongCase(type.cases, value);
    case "own":
      return is(value !== undefined, "a value of the guest's own");
    default:
      return null;
  }
}

/** The engine notes in an object that it is out, and never again that it is back: so each is used once. */
class Carrier {
  constructor(own) {
    this.own = own;
  }
}

/** What `init` throws is why the pipeline does not start. */
function first(init) {
  return () => {
    try {
      init();
    } catch (why) {
      throw said(why);
    }
  };
}

const same = (value) => value;
const fine = () => null;

/**
 * Calls the guest with the records that its numbers can hold, and refuses the others. `take` and `give` make the guest's
 * values of the engine's and back, `takes` and `gives` look for what does not fit; all may be missing.
 */
function guard(name, work, { type, take = same, takes = fine, give = same, gives = fine }) {
  const plainFault = type.cases[1][1]?.kind === "string";
  const refused = (text) => ({ tag: "err", val: plainFault ? text : { tag: "reject", val: text } });
  const mistaken = (at) => refused(`${name} gave a wrong type: ${at.replace(/^[.: ]+/, "")}`);

  /**
   * Calls the guest; where it throws, again for each record alone, so that the one to blame is known. Records are made
   * anew of `raw` for that, as the guest may have changed them.
   */
  function careful(batch, raw) {
    let answers;
    try {
      answers = work(batch);
      if (Array.isArray(answers) && answers.length === batch.length) return answers;
    } catch (why) {
      if (batch.length === 1) return [refused(said(why))];
    }
    if (batch.length !== 1) return raw.flatMap((one) => careful([take(one)], [one]));
    if (!Array.isArray(answers)) return [mistaken(found("an array", answers))];
    return [refused(`${name} gave ${answers.length} results for 1 record`)];
  }

  /** An answer as the engine has it. */
  function ready(answer) {
    let why = "";
    try {
      if (answer.tag === "err") return answer;
      if (answer.tag === "ok" && gives(answer.val) === null) return { tag: "ok", val: give(answer.val) };
    } catch (thrown) {
      why = String(thrown);
    }
    return mistaken(wrong(type, answer) ?? why);
  }

  return (raw) => {
    let bad = null;
    const batch = [];
    for (let i = 0; i < raw.length; i++) {
      const at = takes((batch[i] = take(raw[i])));
      if (at !== null) (bad ??= new Map()).set(i, refused(`${at}: ${TAKES}`));
    }
    const good = (all) => (bad === null ? all : all.filter((_, i) => !bad.has(i)));
    const answers = careful(good(batch), good(raw));
    const at = answers.length === 1 ? wrong(type, answers[0]) : null;
    if (at !== null) answers[0] = mistaken(at);
    const given = [];
    for (let i = 0; i < answers.length; i++) given[i] = ready(answers[i]);
    if (bad === null) return given;
    let next = 0;
    return batch.map((_, i) => bad.get(i) ?? given[next++]);
  };
}
