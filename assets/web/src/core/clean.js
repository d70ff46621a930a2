// Foreign text made safe to show: escape sequences go whole, control, bidirectional and zero-width characters go, a tab or
// line end becomes a space. Joiners and variation selectors stay, so emoji keep their shape.

const CONTROL_SEQUENCE = /(?:\x1b\[|\x9b)[\x20-\x3f]*[\x40-\x7e]?/;
/** OSC, DCS, SOS, PM and APC, to their end or that of the line. */
const STRING = /(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])(?:(?!\x1b\\)[^\x07\x9c\r\n])*(?:\x07|\x9c|\x1b\\)?/;
const ESCAPE = /\x1b[\x20-\x2f]*[\x30-\x7e]?/;
const SPACE = /(\r\n|[\n\r\u2028\u2029\x85\t])/;
const UNSAFE = /[\p{Cc}\u061c\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]/;
/** All of it at once: taken out one kind after the other, what stands around one could become another. */
const ANY = new RegExp([CONTROL_SEQUENCE, STRING, ESCAPE, SPACE, UNSAFE].map(({ source }) => source).join("|"), "gu");

export const clean = (text) => text.replace(ANY, (_, space) => (space ? " " : "")).trim();
