// JSON as the binary reads it. `JSON.parse` takes a field that is named twice, half a surrogate pair, and numbers that it
// rounds; a record that means one thing here and another there must not exist.

import { textOf } from "./bytes.js";

/** Objects and arrays inside each other that the binary's reader follows. */
const DEEPEST = 127;

/** A number as written: whole numbers are judged by their digits. */
export class JsonNumber {
  constructor(digits) {
    if (!Number.isFinite(Number(digits))) throw new SyntaxError("a number out of range");
    this.digits = digits;
  }
}

/** The fields of an object in their order, names decoded. */
export class JsonObject {
  constructor(fields) {
    this.fields = fields;
  }

  /** A field's value: a text, JsonNumber, boolean or JsonObject; undefined where it is absent. Named twice it throws. */
  get(name) {
    const found = this.fields.filter((field) => field.name === name);
    if (found.length > 1) throw new SyntaxError(`${name} is there twice`);
    return found[0]?.value;
  }
}

/** One value and nothing behind it; throws otherwise. */
export function parseJson(bytes) {
  let at = 0;
  const fail = () => {
    throw new SyntaxError("not JSON");
  };
  const byte = () => String.fromCharCode(bytes[at] ?? 0);
  const space = () => {
    while (at < bytes.length && " \t\n\r".includes(byte())) at++;
  };
  const take = (character) => (byte() === character && at < bytes.length ? at++ : fail());
  const match = (pattern) => {
    pattern.lastIndex = 0;
    const found = pattern.exec(String.fromCharCode(...bytes.subarray(at)));
    if (!found) fail();
    at += found[0].length;
    return found[0];
  };
  const text = () => {
    const start = at;
    match(/^"(?:[^"\\\0-\x1f]|\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4}))*"/);
    const decoded = JSON.parse(textOf(bytes.subarray(start, at)));
    if (/\p{Surrogate}/u.test(decoded)) throw new SyntaxError("half a surrogate pair");
    return decoded;
  };
  const object = (depth) => {
    if (depth > DEEPEST) fail();
    const fields = [];
    take("{");
    for (space(); byte() !== "}" || at >= bytes.length; space()) {
      if (fields.length > 0) take(",");
      space();
      const name = text();
      space();
      take(":");
      fields.push({ name, value: value(depth) });
    }
    take("}");
    return new JsonObject(fields);
  };
  const array = (depth) => {
    if (depth > DEEPEST) fail();
    const items = [];
    take("[");
    for (space(); byte() !== "]" || at >= bytes.length; space()) {
      if (items.length > 0) take(",");
      items.push(value(depth));
    }
    take("]");
    return items;
  };
  const value = (depth) => {
    space();
    if (byte() === "{") return object(depth + 1);
    if (byte() === "[") return array(depth + 1);
    if (byte() === '"') return text();
    if (/[-0-9]/.test(byte())) return new JsonNumber(match(/^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/));
    return { true: true, false: false, null: null }[match(/^(?:true|false|null)/)];
  };
  const only = value(0);
  space();
  if (at < bytes.length) fail();
  return only;
}
