// What the phone does next: commands and the addresses of apps, as values.

import { sshParts as partsOf } from "../core/record.js";

/** A word for a POSIX shell. */
export const quote = (word) => (/^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);

/** In the session's project folder; `--` so that a folder named `-x` is no option. */
export const resumeCommand = (record) => `cd -- ${quote(record.project)} && claude --resume ${record.session_id}`;

/** Short enough to type, where the machine has cclink. What was taken for good is no longer there to be picked up. */
export const shortCommand = (record, token) =>
  record.burn_after_read ? `cclink resume ${record.session_id}` : `cclink pickup ${token.slice(0, 5)} --exec`;

/** Its parts as a command takes them: an IPv6 address without brackets. */
export function sshParts(address) {
  const { host, ...parts } = partsOf(address);
  return { ...parts, host: host.replace(/[[\]]/g, "") };
}

/** Opens any SSH app; none of them takes a command. */
export function sshUrl(address) {
  const { user, host, port } = sshParts(address);
  const name = host.includes(":") ? `[${host}]` : encodeURIComponent(host);
  return `ssh://${user ? `${encodeURIComponent(user)}@` : ""}${name}${port ? `:${port}` : ""}`;
}

/** a-Shell runs a command line of its own. */
export function ashellUrl(address, command) {
  const { user, host, port } = sshParts(address);
  const line = `ssh -t ${port ? `-p ${port} ` : ""}${user ? `${user}@` : ""}${host} ${quote(command)}`;
  return `ashell:${encodeURIComponent(line)}`;
}

/** Haven, an SSH app for Android, asks before it connects. */
export function havenUrl(address) {
  const { user, host, port } = sshParts(address);
  const query = new URLSearchParams({ transport: "ssh", host, ...(user && { user }), ...(port && { port }) });
  return `haven://connect?${query}`;
}

/** "ios", "android" or "other". */
export function platform({ userAgent, maxTouchPoints }) {
  // An iPad says that it is a Macintosh, but no Macintosh has a touch screen.
  if (/iPhone|iPad|iPod/.test(userAgent) || (/Macintosh/.test(userAgent) && maxTouchPoints > 1)) return "ios";
  return /Android/.test(userAgent) ? "android" : "other";
}
