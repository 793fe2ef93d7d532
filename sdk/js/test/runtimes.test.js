// Runtimes that aren't browsers: React Native, mini programs, uni-app.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Client } from "@gatepost/client";
import { webSocketOf } from "@gatepost/client/mini-program";
import { rig, settled, WELCOME } from "./fake.js";

/** Takes things out of the global scope, or changes them, until the test ends. */
function without(t, changes) {
  for (const [name, value] of Object.entries(changes)) {
    const before = Object.getOwnPropertyDescriptor(globalThis, name);
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
    t.after(() => (before ? Object.defineProperty(globalThis, name, before) : delete globalThis[name]));
  }
}

/** React Native's URL: nothing can be assigned, and a slash is appended. */
class GettersOnly {
  #text;
  constructor(text) { this.#text = String(text); }
  get href() { return `${this.#text}/`; }
  get protocol() { return "wss:"; }
  get search() { return ""; }
  get hash() { return ""; }
  toString() { return this.href; }
}

test("React Native's URL does", async (t) => {
  without(t, { URL: GettersOnly });
  const { client, sockets } = rig({ token: "a.b.c" }, "wss://h/ws?a=b");
  await settled();
  assert.equal(sockets[0].address, "wss://h/ws?a=b&refuse=close&heartbeat=1");
  client.close();
  const given = rig({}, new GettersOnly("wss://h/ws"));
  await settled();
  assert.equal(given.sockets[0].address, "wss://h/ws/?refuse=close&heartbeat=1");
  given.client.close();
});

test("no URL, TextEncoder or Blob is needed", async (t) => {
  without(t, { URL: undefined, TextEncoder: undefined, Blob: undefined });
  const { client, welcomed } = rig({ token: "a.b.c", buffer: { bytes: 20 } }, "wss://h/ws");
  assert.equal(client.send("ü€🦆\ud800"), true); // 2, 3, 4 and 3 bytes
  assert.deepEqual(["123456789", "12345678"].map((text) => client.send(text)), [false, true]);
  const socket = await welcomed();
  client.send(new Uint8Array([1]));
  assert.deepEqual(socket.sent, ["ü€🦆\ud800", "12345678", new Uint8Array([1])]);
  client.close();
});

test("a function may give another address for each try, and fail", async () => {
  const given = ["wss://a/ws", new Error("no gateway known"), "not an address", Promise.resolve("wss://b/ws")];
  const url = () => {
    const next = given.shift();
    if (next instanceof Error) throw next;
    return next;
  };
  const { client, sockets, events } = rig({}, url);
  await settled();
  for (let tries = 0; tries < 3; tries++) {
    sockets.at(-1)?.end(1006);
    client.check();
    await settled();
  }
  assert.deepEqual(sockets.map(({ address }) => new URL(address).host), ["a", "b"]);
  assert.deepEqual(events.filter(([event]) => event === "error").map(([, { message }]) => message),
    ["no gateway known", "the address must begin with ws, wss, http or https"]);
  client.close();
});

test("open tells whether it is the first", async () => {
  const { client, last, welcomed } = rig();
  const socket = await welcomed();
  assert.deepEqual(last("open"), { clientId: "c1", first: true });
  socket.end(1006);
  client.check();
  await welcomed();
  assert.deepEqual(last("open"), { clientId: "c1", first: false });
  client.close();
  client.connect();
  await welcomed();
  assert.deepEqual(last("open"), { clientId: "c1", first: false }); // it was away all the same
  client.close();
});

/** connectSocket as WeChat and uni-app document it; uni gives no task where there is no callback. */
function fakeApi({ uni = false, refuses = false } = {}) {
  const tasks = [];
  const connectSocket = (options) => {
    const called = options.success ?? options.fail ?? options.complete;
    if (refuses) {
      queueMicrotask(() => options.fail?.({ errMsg: "connectSocket:fail too many sockets" }));
      return undefined;
    }
    if (uni && !called) return Promise.resolve();
    const handlers = {};
    const task = { options, sent: [] };
    for (const event of ["Open", "Message", "Error", "Close"]) task[`on${event}`] = (handler) => { handlers[event] = handler; };
    task.send = ({ data, success, complete }) => {
      assert.ok(typeof data === "string" || data instanceof ArrayBuffer, "only text and ArrayBuffers");
      task.sent.push(data);
      queueMicrotask(() => { success?.({}); complete?.({}); });
    };
    task.close = ({ code, reason }) => {
      task.closed = { code, reason };
      queueMicrotask(() => handlers.Close?.({ code, reason }));
    };
    task.tell = (event, value = {}) => handlers[event](value);
    tasks.push(task);
    return task;
  };
  return { connectSocket, tasks };
}

for (const uni of [false, true]) {
  test(`${uni ? "uni-app" : "a mini program"} connects with the adapter`, async (t) => {
    without(t, { URL: undefined, TextEncoder: undefined, Blob: undefined, WebSocket: undefined });
    const api = fakeApi({ uni });
    const client = new Client("wss://h/ws", { WebSocket: webSocketOf(api), token: "a.b.c" });
    const seen = [];
    for (const event of ["message", "open", "close", "error"]) client.on(event, (value) => seen.push([event, value]));
    client.send("waits");
    await settled();
    const [task] = api.tasks;
    assert.deepEqual([task.options.url, task.options.protocols], ["wss://h/ws?refuse=close&heartbeat=1", ["bearer", "a.b.c"]]);
    task.tell("Open");
    task.tell("Message", { data: WELCOME });
    client.send(new Uint8Array([0, 1, 2, 3]).subarray(1, 3));
    const bytes = new Uint8Array([9]).buffer;
    task.tell("Message", { data: "news" });
    task.tell("Message", { data: bytes });
    assert.deepEqual(task.sent, ["waits", new Uint8Array([1, 2]).buffer]);
    task.tell("Close", { code: 4001, reason: "until" });
    assert.deepEqual(seen, [
      ["open", { clientId: "c1", first: true }], ["message", "news"], ["message", bytes],
      ["close", { code: 4001, reason: "until", wasClean: true, retryIn: null, unsent: [] }],
    ]);
  });
}

test("the adapter tells of a socket that fails, of full sockets, and of an end without a code", async (t) => {
  const failing = fakeApi({ refuses: true });
  const ends = [];
  const socket = new (webSocketOf(failing))("wss://h/ws", []);
  socket.onerror = ({ message }) => ends.push(message);
  await settled();
  socket.close();
  const api = fakeApi();
  const other = new (webSocketOf(api))("wss://h/ws");
  assert.equal("protocols" in api.tasks[0].options, false);
  other.onerror = ({ message }) => ends.push(message);
  other.onclose = (ended) => ends.push(ended);
  api.tasks[0].tell("Error", { errMsg: "reset" });
  api.tasks[0].tell("Close");
  api.tasks[0].tell("Close");
  assert.deepEqual(ends, ["connectSocket:fail too many sockets", "reset", { code: 1006, reason: "", wasClean: false }]);
  assert.equal(other.readyState, 3);
});

test("the adapter counts what is on its way, and refuses codes that aren't the application's", async () => {
  const api = fakeApi();
  const socket = new (webSocketOf(api))("wss://h/ws");
  api.tasks[0].tell("Open");
  socket.send("ü");
  assert.equal(socket.bufferedAmount, 2);
  await settled();
  assert.equal(socket.bufferedAmount, 0);
  for (const code of [1001, 999, 5000]) assert.throws(() => socket.close(code), RangeError);
  const ended = new Promise((end) => { socket.onclose = end; });
  socket.close(4100, "bye");
  socket.close();
  assert.deepEqual(api.tasks[0].closed, { code: 4100, reason: "bye" });
  assert.equal((await ended).code, 4100);
});
