// The place that one audience of one creator can find: everything follows from its secret.

import { extractAndExpand, expand, publicKey } from "./keys.js";
import { bytesOf, concat } from "./bytes.js";
import { stretch } from "./pin.js";

/** The mailbox of a secret: `token` is 8 bytes; what a link's is follows from the secret. */
function mailbox(audience, creator, secret, token) {
  token ??= expand(secret, bytesOf("token")).subarray(0, 8);
  const seed = expand(secret, concat("record", token));
  return { audience, creator, token, seed, address: publicKey(seed), lock: expand(secret, bytesOf("lock")) };
}

export function linkMailbox(creator, linkSecret) {
  return mailbox("link", creator, extractAndExpand(linkSecret, concat("cclink/1 link", creator)));
}

/** Slow on purpose. */
export async function pinMailbox(creator, pin, inWeek, token, onProgress) {
  const stretched = await stretch(creator, pin, inWeek, onProgress);
  return mailbox("pin", creator, extractAndExpand(stretched, concat("cclink/1 pin", creator)), token);
}

/** From a secret that was computed elsewhere. */
export const mailboxOf = mailbox;
