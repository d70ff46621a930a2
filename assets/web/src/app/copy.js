// The clipboard, also where the browser offers none to scripts (plain http).

import { flash } from "./view.js";
import { LABELS } from "./words.js";

function copyOldWay(text) {
  const field = document.createElement("textarea");
  field.value = text;
  field.readOnly = true;
  field.className = "outside";
  document.body.append(field);
  field.select();
  try {
    return document.execCommand("copy");
  } catch {
    return false;
  } finally {
    field.remove();
  }
}

/** Copies within the tap that asked for it, and says so where the finger is. */
export async function copy(text, tapped, copied = LABELS.copied) {
  let done = false;
  if (navigator.clipboard) {
    done = await navigator.clipboard.writeText(text).then(() => true, () => false);
  }
  done ||= copyOldWay(text);
  flash(tapped, done ? copied : LABELS.notCopied, !done);
}
