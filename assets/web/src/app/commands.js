// What the phone does next: commands and the addresses of apps, as values.

/** A word for a POSIX shell. */
export const quote = (word) => (/^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);

/** In the session's project folder; `--` so that a folder named `-x` is no option. */
export const resumeCommand = (record) => `cd -- ${quote(record.project)} && claude --resume ${record.session_id}`;

/** Short enough to type, where the machine has cclink. What was taken for good is no longer there to be picked up. */
export const shortCommand = (record, token) =>
  record.burn_after_read ? `cclink resume ${record.session_id}` : `cclink pickup ${token.slice(0, 5)} --exec`;

/** `[user@]host[:port]` in its parts. Of an IPv6 address only what stands behind `]` is a port. */
export function sshParts(address) {
  const at = address.indexOf("@");
  const user = at < 0 ? null : address.slice(0, at);
  const rest = address.slice(at + 1);
  const [, host, port] = rest.match(/^(\[[^\]]*\]|[^:]*):(\d+)$/) ?? [null, rest, null];
  return { user, host: host.replace(/[[\]]/g, ""), port };
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
