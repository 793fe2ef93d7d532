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

// Milliseconds for what is on its way: a close event after an error (some send none), or before "open" without a
// welcome; and messages that a page which slept gets behind its timers.
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
  #first = true;
  #failures = 0; // tries since the last connection that lasted
  #timer; // the try's deadline, the next try, or the heartbeat
  #elsewhere = false; // whether the last node was about to go
  #mayHurry = false; // while waiting: whether an online network cuts it short

  constructor(url, options = {}) {
    this.#url = url;
    this.#options = { ...DEFAULTS, WebSocket: globalThis.WebSocket, ...options };
    this.#options.reconnect = { ...RECONNECT, ...options.reconnect };
    this.#buffer = new Buffer({ ...BUFFER, ...options.buffer });
    if (typeof url !== "function") address(url);
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
    this.#watch("addEventListener");
    this.#dial();
  }

  check = () => {
    if (this.#state === "waiting" && this.#mayHurry && !globalThis.document?.hidden) this.#dial();
    if (this.#state === "open" && this.#link.beat?.send !== undefined && !this.#link.asked) this.#probe(this.#link);
  };

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
      const url = address(await value(this.#url));
      const token = await value(this.#options.token);
      if (this.#link === link) this.#open(link, url, token);
    } catch (error) {
      this.#fail(link, error);
    }
  }

  #open(link, url, token) {
    const { tokenIn, subprotocols, WebSocket, welcome, heartbeat } = this.#options;
    const protocols = [...subprotocols];
    // Close codes say why, but only a status makes a proxy try the next node.
    const query = this.#elsewhere ? [] : ["refuse=close"];
    link.asks = welcome && heartbeat !== false && heartbeat?.send === undefined;
    if (link.asks) query.push("heartbeat=1");
    if (token != null && tokenIn === "query") query.push("token=" + encodeURIComponent(token));
    else if (token != null) {
      if (!/^[\w.-]+$/.test(token)) throw new Error("no token, but the text of an error perhaps");
      protocols.unshift("bearer", token);
    }
    if (query[0]) url += (url.includes("?") ? "&" : "?") + query.join("&");

    const socket = (link.socket = new WebSocket(url, protocols));
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
      const { id, beat } = read(this.#options.welcome, data);
      this.#opened(link, id ?? null, beat);
      if (id !== undefined || this.#link !== link) return;
    }
    this.#listen(link);
    if (data !== link.beat?.answer) this.#emit("message", data);
  }

  #opened(link, id, beat) {
    const { heartbeat } = this.#options;
    if (heartbeat) link.beat = { ...HEARTBEAT, ...heartbeat };
    if (link.asks && beat) link.beat = { ...HEARTBEAT, ...heartbeat, send: beat, answer: beat };
    const first = this.#first;
    this.#first = false;
    link.since = Date.now();
    this.#clientId = id;
    this.#listen(link);
    if (link.socket.readyState === 1) for (const frame of this.#buffer.take()) link.socket.send(frame);
    this.#enter("open");
    if (this.#link === link) this.#emit("open", { clientId: id, first });
  }

  #listen(link) {
    link.asked = false;
    this.#after(link.beat?.interval, () => this.#probe(link));
  }

  #probe(link) {
    const { send, timeout } = link.beat;
    link.asked = true;
    if (send !== undefined && link.socket.readyState === 1) link.socket.send(send);
    this.#after(timeout, () => this.#after(SETTLE, () => this.#fail(link, new Error("no sign of life"))));
  }

  /** The network is back or another one, or the page is looked at again. */
  #watch(how) {
    const { document, navigator, [how]: listen } = globalThis;
    listen?.call(globalThis, "online", this.check);
    document?.[how]?.("visibilitychange", this.check);
    navigator?.connection?.[how]?.("change", this.check);
  }

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
    this.#watch("removeEventListener");
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

/** What this first message tells, if it is the welcome: the client_id, and the text of the heartbeat. */
function read(welcome, data) {
  let id, beat;
  try {
    id = (welcome && welcome(data)) || undefined;
    beat = JSON.parse(data).heartbeat;
  } catch {} // the application's message, or a welcome of its own
  return { id, beat: id && beat?.endsWith?.(` ${id}`) ? beat : undefined }; // with the id in it, it is nobody else's word
}

/**
 * An address as text, without its fragment, beginning with ws or wss, with a path. React Native's URL can be read
 * only in part, and mini programs have none.
 */
function address(url) {
  const page = globalThis.location?.href;
  const text = page && !/^[a-z]+:/i.test(url) ? new URL(url, page).href : String(url);
  const [, secure, host, rest] = /^(?:ws|http)(s?):\/\/([^/?#\s]+)([^#]*)/i.exec(text) ?? [];
  if (!host) throw new TypeError("the address must begin with ws, wss, http or https");
  return `ws${secure.toLowerCase()}://${host}${rest.startsWith("/") ? "" : "/"}${rest}`;
}

/** What was given, or what a function that was given gives. */
function value(given) {
  return typeof given === "function" ? given() : given;
}

/** Text and binary as they are, everything else as JSON. Mini programs have no Blob. */
function encode(data) {
  const blob = typeof Blob === "function" && data instanceof Blob;
  if (typeof data === "string" || blob || data instanceof ArrayBuffer || ArrayBuffer.isView(data)) return data;
  const json = JSON.stringify(data);
  if (json === undefined) throw new TypeError("this can't be sent: it has no JSON");
  return json;
}

/** What waits mustn't change when the application goes on with its bytes. */
function copy(frame) {
  if (frame instanceof ArrayBuffer) return frame.slice(0);
  return ArrayBuffer.isView(frame) ? frame.buffer.slice(frame.byteOffset, frame.byteOffset + frame.byteLength) : frame;
}
