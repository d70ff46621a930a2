// Foreign text made safe to show: escape sequences go whole, control, bidirectional and invisible characters go, a tab or
// line end becomes a space. Joiners and variation selectors stay, so emoji keep their shape.

const CONTROL_SEQUENCE = /(?:\x1b\[|\x9b)[\x20-\x3f]*[\x40-\x7e]?/;
/** OSC, DCS, SOS, PM and APC, to their end or that of the line. */
const STRING = /(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])(?:(?!\x1b\\)[^\x07\x9c\r\n])*(?:\x07|\x9c|\x1b\\)?/;
const ESCAPE = /\x1b[\x20-\x2f]*[\x30-\x7e]?/;
const SPACE = /(\r\n|[\n\r\u2028\u2029\x85\t])/;
const UNSAFE =
  /[\p{Cc}\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\u{1bca0}-\u{1bca3}\u{1d173}-\u{1d17a}\u{e0000}-\u{e00ff}\u{e01f0}-\u{e0fff}]/u;
/** All of it at once: taken out one kind after the other, what stands around one could become another. */
const ANY = new RegExp([CONTROL_SEQUENCE, STRING, ESCAPE, SPACE, UNSAFE].map(({ source }) => source).join("|"), "gu");

export const clean = (text) => text.replace(ANY, (_, space) => (space ? " " : "")).trim();
