// The clipboard, also where the browser offers none to scripts (plain http).

import { say } from "./view.js";

function copyOldWay(text) {
  const field = document.createElement("textarea");
  field.value = text;
  field.setAttribute("readonly", "");
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

/** Copies within the tap that asked for it, and says so. */
export async function copy(text, what) {
  let done = false;
  if (navigator.clipboard) {
    done = await navigator.clipboard.writeText(text).then(() => true, () => false);
  }
  done ||= copyOldWay(text);
  say(done ? `Copied: ${what}.` : "The browser did not allow copying. Press and hold the command to copy it.");
}
