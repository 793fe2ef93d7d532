// What follows the end of a connection, by its close code: docs/protocol.md, "Close codes".

const NEVER = [1002, 1007, 1009, 4043];
const LATER = [1008, 1011, 4053];

/**
 * "never"; "later", not before a pause; "renew", with a new token; "ask", the application decides; else "now".
 * Codes that the gateway doesn't have come from a proxy, the network (1006), or a gateway newer than this.
 */
export function verdict(code) {
  if (NEVER.includes(code)) return "never";
  if (LATER.includes(code)) return "later";
  if (code === 4001 || code === 4041) return "renew";
  return code === 1000 || (code >= 4100 && code <= 4999) ? "ask" : "now";
}

/**
 * Milliseconds until the next try: any in a window that doubles with each failure ("full jitter"), so that
 * a crowd that lost its connections together doesn't come back together. "later" adds the least window, and
 * begins where the fourth failure does.
 */
export function delay(later, failures, min, max, random = Math.random) {
  const window = Math.min(max, min * 2 ** Math.max(failures, later ? 3 : 0));
  return random() * window + (later ? min : 0);
}
