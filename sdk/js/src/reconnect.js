// What follows a close code: docs/protocol.md, "Close codes".

const NEVER = [1002, 1007, 1009, 4043];
const LATER = [1008, 1011, 4053];

/** "never", "later", "renew" with a new token, "ask" the application; "now" for all others, a proxy's too. */
export function verdict(code) {
  if (NEVER.includes(code)) return "never";
  if (LATER.includes(code)) return "later";
  if (code === 4001 || code === 4041) return "renew";
  return code === 1000 || (code >= 4100 && code <= 4999) ? "ask" : "now";
}

/** Milliseconds until the next try: full jitter, so that a crowd that was lost together comes back apart. */
export function delay(later, failures, min, max, random = Math.random) {
  const window = Math.min(max, min * 2 ** Math.max(failures, later ? 3 : 0));
  return random() * window + (later ? min : 0);
}
