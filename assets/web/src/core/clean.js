// Foreign text made safe to show: escape sequences go whole, control, bidirectional and zero-width characters go, a tab or
// line end becomes a space. Joiners and variation selectors stay, so emoji keep their shape.

const UNSAFE = /[\p{Cc}\u061c\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2060\u2066-\u2069\ufeff]/gu;
const CONTROL_SEQUENCE = /(?:\x1b\[|\x9b)[\x20-\x3f]*[\x40-\x7e]?/g;
/** OSC, DCS, SOS, PM and APC, to their end or that of the line. */
const STRING = /(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])(?:(?!\x1b\\)[^\x07\x9c\r\n])*(?:\x07|\x9c|\x1b\\)?/g;
const ESCAPE = /\x1b[\x20-\x2f]*[\x30-\x7e]?/g;
const SPACE = /\r\n|[\n\r\u2028\u2029\x85\t]/g;

export function clean(text) {
  const plain = text.replace(STRING, "").replace(CONTROL_SEQUENCE, "").replace(ESCAPE, "");
  return plain.replace(SPACE, " ").replace(UNSAFE, "").trim();
}
