// See ../README.md for what it promises.

import { Buffer } from "./buffer.js";
import { delay, verdict } from "./reconnect.js";

const DEFAULTS = {
  tokenIn: "subprotocol",
  subprotocols: [],
  timeout: 10_000,
  welcome: (data) => {
    const { type, client_id: id } = JSON.parse(data);
    return type === "welcome" ? id : undefined;
  },
};
const RECONNECT = { minDelay: 1000, maxDelay: 30_000, stableAfter: 5000, codes: [] };
const BUFFER = { messages: 100, bytes: 256 * 1024, overflow: "reject" };
const HEARTBEAT = { interval: 25_000, timeout: 10_000 };

// Milliseconds in which a close event must come: after an error (some send none), or before "open" without a welcome.
const SETTLE = 100;
const LOST = { code: 1006, reason: "", wasClean: false };

export class Client {
  #url;
  #options;
  #handlers = {};
  #buffer;
  #state = "closed";
  #clientId = null;
  #link = null; // the connection, or try, that counts: others are ignored
  #failures = 0; // tries since the last connection that lasted
  #timer; // the try's deadline, the next try, or the heartbeat
  #elsewhere = false; // whether the last node was about to go
  #mayHurry = false; // while waiting: whether an online network cuts it short

  constructor(url, options = {}) {
    this.#url = new URL(url, globalThis.location?.href);
    this.#url.protocol = this.#url.protocol.replace("http", "ws");
    this.#url.hash = "";
    this.#options = { ...DEFAULTS, WebSocket: globalThis.WebSocket, ...options };
    this.#options.reconnect = { ...RECONNECT, ...options.reconnect };
    this.#options.heartbeat = options.heartbeat && { ...HEARTBEAT, ...options.heartbeat };
    this.#buffer = new Buffer({ ...BUFFER, ...options.buffer });
    if (!this.#url.protocol.startsWith("ws")) throw new TypeError("the address must begin with ws, wss, http or https");
    if (!this.#options.WebSocket) throw new TypeError("no WebSocket here: give one as an option");
    this.connect();
  }

  get state() {
    return this.#state;
  }

  get clientId() {
    return this.#clientId;
  }

  on(event, handler) {
    (this.#handlers[event] ??= new Set()).add(handler);
    return () => this.off(event, handler);
  }

  off(event, handler) {
    this.#handlers[event]?.delete(handler);
  }

  send(data) {
    const frame = encode(data);
    const { socket } = this.#link ?? {};
    if (this.#state === "closed") return false;
    if (this.#state !== "open" || socket.readyState !== 1) {
      const dropped = this.#buffer.add(copy(frame));
      if (dropped?.length) this.#emit("error", Object.assign(new Error("dropped for newer messages"), { dropped }));
      return dropped !== null;
    }
    if (socket.bufferedAmount > (this.#options.buffer?.bytes ?? BUFFER.bytes)) return false;
    socket.send(frame);
    return true;
  }

  connect() {
    if (this.#state !== "closed") return;
    this.#failures = 0;
    globalThis.addEventListener?.("online", this.#hurry);
    globalThis.document?.addEventListener("visibilitychange", this.#hurry);
    this.#dial();
  }

  close(code = 1000, reason = "") {
    if (this.#state === "closed") return;
    this.#link?.socket?.close(code, reason); // throws on a code that isn't the application's to use
    this.#finish({ code, reason, wasClean: true });
  }

  async #dial() {
    const link = (this.#link = {});
    this.#after(this.#options.timeout, () => this.#fail(link, new Error("no connection in time, or no welcome on it")));
    this.#enter("connecting");
    try {
      const { token } = this.#options;
      const secret = await (typeof token === "function" ? token() : token);
      if (this.#link === link) this.#open(link, secret);
    } catch (error) {
      this.#fail(link, error);
    }
  }

  #open(link, token) {
    const { tokenIn, subprotocols, WebSocket, welcome } = this.#options;
    const url = new URL(this.#url);
    const protocols = [...subprotocols];
    // Close codes say why, but only a status makes a proxy try the next node.
    const query = this.#elsewhere ? [] : ["refuse=close"];
    if (token != null && tokenIn === "query") query.push("token=" + encodeURIComponent(token));
    else if (token != null) {
      if (!/^[\w.-]+$/.test(token)) throw new Error("no token, but the text of an error perhaps");
      protocols.unshift("bearer", token);
    }
    if (query[0]) url.search += (url.search ? "&" : "?") + query.join("&");

    const socket = (link.socket = new WebSocket(url.href, protocols));
    socket.binaryType = "arraybuffer";
    socket.onerror = () => setTimeout(() => this.#lose(link, LOST), SETTLE);
    socket.onclose = ({ code, reason, wasClean }) => this.#lose(link, { code, reason, wasClean });
    socket.onopen = () => {
      if (this.#link === link && !welcome) this.#after(SETTLE, () => this.#opened(link, null));
    };
    socket.onmessage = ({ data }) => this.#link === link && this.#receive(link, data);
  }

  #receive(link, data) {
    if (this.#state !== "open") {
      const id = identify(this.#options.welcome, data);
      this.#opened(link, id ?? null);
      if (id !== undefined || this.#link !== link) return;
    }
    this.#listen(link);
    if (data !== this.#options.heartbeat?.answer) this.#emit("message", data);
  }

  #opened(link, id) {
    link.since = Date.now();
    this.#clientId = id;
    this.#listen(link);
    if (link.socket.readyState === 1) for (const frame of this.#buffer.take()) link.socket.send(frame);
    this.#enter("open");
    if (this.#link === link) this.#emit("open", { clientId: id });
  }

  #listen(link) {
    const { heartbeat } = this.#options;
    this.#after(heartbeat?.interval, () => this.#probe(link));
  }

  #probe(link) {
    const { send, timeout } = this.#options.heartbeat;
    if (send !== undefined) link.socket.send(send);
    this.#after(timeout, () => this.#fail(link, new Error("no sign of life")));
  }

  /** The network is back, or the page is looked at again. */
  #hurry = () => {
    if (globalThis.document?.hidden) return;
    if (this.#state === "waiting" && this.#mayHurry) this.#dial();
    if (this.#state === "open" && this.#options.heartbeat?.send !== undefined) this.#probe(this.#link);
  };

  #fail(link, error) {
    if (this.#link !== link) return;
    this.#emit("error", error);
    this.#lose(link, LOST);
  }

  #lose(link, ended) {
    if (this.#link !== link) return;
    this.#link = null;
    if (link.socket?.readyState < 2) link.socket.close();
    const { token, reconnect } = this.#options;
    const next = verdict(ended.code);
    this.#elsewhere = ended.code === 1001 || ended.code === 4053;
    // Where there never was a token the backend has set the time (4001), and decides again.
    const again = {
      ask: reconnect.codes.includes(ended.code),
      renew: typeof token === "function" || (ended.code === 4001 && token == null),
      never: false,
    }[next];
    if (again === false) return this.#finish(ended);
    if (Date.now() - link.since >= reconnect.stableAfter) this.#failures = 0;
    const retryIn = delay(next === "later", this.#failures++, reconnect.minDelay, reconnect.maxDelay);
    this.#clientId = null;
    this.#mayHurry = next !== "later";
    this.#after(retryIn, () => this.#dial());
    this.#enter("waiting");
    if (this.#state === "waiting") this.#emit("close", { ...ended, retryIn, unsent: [] });
  }

  #finish(ended) {
    this.#link = this.#clientId = null;
    clearTimeout(this.#timer);
    globalThis.removeEventListener?.("online", this.#hurry);
    globalThis.document?.removeEventListener("visibilitychange", this.#hurry);
    const unsent = this.#buffer.take();
    this.#enter("closed");
    this.#emit("close", { ...ended, retryIn: null, unsent });
  }

  #after(ms, what) {
    clearTimeout(this.#timer);
    if (ms !== undefined) this.#timer = setTimeout(what, ms);
  }

  #enter(state) {
    this.#state = state;
    this.#emit("state", state);
  }

  #emit(event, value) {
    for (const handler of [...(this.#handlers[event] ?? [])]) {
      try {
        handler(value);
      } catch (error) {
        setTimeout(() => { throw error; }); // the handler's own fault, reported as such
      }
    }
  }
}

/** The client_id, if this first message is the welcome. */
function identify(welcome, data) {
  try {
    return (welcome && welcome(data)) || undefined;
  } catch {
    return undefined; // the application's message
  }
}

/** Text and binary as they are, everything else as JSON. */
function encode(data) {
  if (typeof data === "string" || data instanceof Blob || data instanceof ArrayBuffer || ArrayBuffer.isView(data)) return data;
  const json = JSON.stringify(data);
  if (json === undefined) throw new TypeError("this can't be sent: it has no JSON");
  return json;
}

/** What waits mustn't change when the application goes on with its bytes. */
function copy(frame) {
  if (frame instanceof ArrayBuffer) return frame.slice(0);
  return ArrayBuffer.isView(frame) ? frame.buffer.slice(frame.byteOffset, frame.byteOffset + frame.byteLength) : frame;
}
