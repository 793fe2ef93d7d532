// What is sent while away.

/** Bytes on the wire. Mini programs have no TextEncoder. */
export function size(frame) {
  if (typeof frame !== "string") return frame.byteLength ?? frame.size;
  let bytes = 0;
  for (const character of frame) {
    const code = character.codePointAt(0);
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return bytes;
}

export class Buffer {
  #frames = [];
  #bytes = 0;
  #limits;

  constructor(limits) {
    this.#limits = limits;
  }

  /** Null where there is no room, else what was dropped for it. */
  add(frame) {
    const bytes = size(frame);
    const { messages, bytes: most, overflow } = this.#limits;
    if (bytes > most || messages < 1) return null;
    const full = () => this.#frames.length >= messages || this.#bytes + bytes > most;
    if (full() && overflow !== "oldest") return null;
    const dropped = [];
    while (full()) {
      const oldest = this.#frames.shift();
      this.#bytes -= size(oldest);
      dropped.push(oldest);
    }
    this.#frames.push(frame);
    this.#bytes += bytes;
    return dropped;
  }

  take() {
    const frames = this.#frames;
    this.#frames = [];
    this.#bytes = 0;
    return frames;
  }
}
