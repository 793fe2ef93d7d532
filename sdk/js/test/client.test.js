// What a client sends and emits, and where its token goes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Client } from "@gatepost/client";
import { clock, rig, settled, WELCOME } from "./fake.js";

test("the token goes where it is wanted, and nowhere else", async () => {
  for (const [options, url, address, protocols] of [
    [{}, "ws://h/ws", "ws://h/ws?refuse=close&heartbeat=1", []],
    [{ token: "a.b-c_d" }, "ws://h/ws?a=%20b#c", "ws://h/ws?a=%20b&refuse=close&heartbeat=1", ["bearer", "a.b-c_d"]],
    [{ token: () => "t", subprotocols: ["chat"] }, "https://h/ws", "wss://h/ws?refuse=close&heartbeat=1", ["bearer", "t", "chat"]],
    [{ token: "a&b", tokenIn: "query", subprotocols: ["chat"] }, "http://h/ws", "ws://h/ws?refuse=close&heartbeat=1&token=a%26b", ["chat"]],
    [{ heartbeat: false }, "ws://h", "ws://h/?refuse=close", []],
    [{ heartbeat: { send: "ping" }, subprotocols: ["x"] }, "WSS://h:81?a#b", "wss://h:81/?a&refuse=close", ["x"]],
    [{ welcome: false }, () => "HTTPS://h/ws", "wss://h/ws?refuse=close", []],
    [{}, async () => new URL("http://h/ws?"), "ws://h/ws?&refuse=close&heartbeat=1", []],
    [{ token: async () => null, heartbeat: {} }, new URL("ws://h/ws"), "ws://h/ws?refuse=close&heartbeat=1", []],
  ]) {
    const { client, sockets } = rig(options, url);
    await settled();
    assert.deepEqual([sockets[0].address, sockets[0].protocols], [address, protocols]);
    client.close();
  }
});

test("what can't be connected to is said at once", () => {
  for (const url of ["/ws", "ftp://h/ws", "", "not an address"]) {
    assert.throws(() => new Client(url, { WebSocket: class {} }), TypeError, url);
  }
  assert.throws(() => new Client("ws://h/ws", { WebSocket: null }), /no WebSocket/);
});

test("the welcome tells the client_id and is no message", async () => {
  const { client, sockets, events } = rig();
  assert.equal(client.state, "connecting");
  await settled();
  sockets[0].accept();
  assert.equal(client.state, "connecting"); // it may still be a refusal
  sockets[0].say(WELCOME);
  assert.equal(client.clientId, "c1");
  sockets[0].say(WELCOME); // another's text, as far as it matters
  assert.deepEqual(events, [["state", "open"], ["open", { clientId: "c1", first: true }], ["message", WELCOME]]);
  client.close();
});

test("another welcome, a first message that is none, and no welcome at all", async (t) => {
  const tick = clock(t);
  for (const [welcome, first, id, messages] of [
    [(data) => /^id (\w+)$/.exec(data)?.[1], "id c7", "c7", []],
    [undefined, "hello", null, ["hello"]],
    [undefined, '{"type":"news"}', null, ['{"type":"news"}']],
    [undefined, "null", null, ["null"]],
    [false, WELCOME, null, [WELCOME]],
    [false, null, null, []],
  ]) {
    const { client, sockets, events } = rig(welcome === undefined ? {} : { welcome });
    await settled();
    sockets[0].accept();
    if (first) sockets[0].say(first);
    else tick(100);
    assert.deepEqual([client.state, client.clientId], ["open", id], first);
    assert.deepEqual(events.filter(([event]) => event === "message").map(([, data]) => data), messages);
    client.close();
  }
});

test("without a welcome a refusal gets none of what waits", async (t) => {
  const tick = clock(t);
  const { client, sockets, last } = rig({ welcome: false });
  client.send("waits");
  await settled();
  sockets[0].accept();
  sockets[0].end(4053);
  tick(100);
  assert.deepEqual(sockets[0].sent, []);
  assert.equal(last("open"), undefined);
});

test("what is sent while away arrives in order, before what comes later", async () => {
  const { client, welcomed } = rig();
  client.on("open", () => client.send("from open"));
  const bytes = new Uint8Array([1, 2, 3, 4]);
  assert.ok(client.send("text") && client.send({ json: 1 }) && client.send([null]) && client.send(bytes.subarray(1, 3)) && client.send(bytes.buffer));
  bytes.fill(9);
  const socket = await welcomed();
  client.send(bytes);
  assert.deepEqual(socket.sent, ["text", '{"json":1}', "[null]", new Uint8Array([2, 3]).buffer, new Uint8Array([1, 2, 3, 4]).buffer, "from open", bytes]);
  assert.throws(() => client.send(undefined), TypeError);
  client.close();
});

test("a connection that is closing gets nothing: it waits for the next", async (t) => {
  const tick = clock(t);
  const { client, welcomed, sockets } = rig();
  const first = await welcomed();
  first.readyState = 2;
  assert.ok(client.send("kept"));
  first.end(1001);
  tick(500);
  const second = await welcomed();
  assert.deepEqual([first.sent, second.sent, sockets.length], [[], ["kept"], 2]);
});

test("a connection that is closed behind its welcome gets nothing either", async (t) => {
  const tick = clock(t);
  const { client, sockets, welcomed } = rig();
  client.send("kept");
  await settled();
  sockets[0].accept();
  sockets[0].readyState = 3; // its close frame has come, too
  sockets[0].say(WELCOME);
  sockets[0].end(1001);
  tick(500);
  await welcomed();
  assert.deepEqual(sockets.map(({ sent }) => sent), [[], ["kept"]]);
});

test("a full buffer refuses the new message", async () => {
  const { client, welcomed, last } = rig({ buffer: { messages: 3, bytes: 10 } });
  assert.deepEqual(["12345", "ü123", "x"].map((m) => client.send(m)), [true, true, false], "bytes: ü has two");
  assert.deepEqual([client.send(""), client.send("")], [true, false], "messages");
  assert.equal(last("error"), undefined);
  assert.deepEqual((await welcomed()).sent, ["12345", "ü123", ""]);
  client.close();
});

test("a full buffer drops the oldest, where that is wanted, and says which", async () => {
  const { client, welcomed, events } = rig({ buffer: { messages: 3, bytes: 10, overflow: "oldest" } });
  for (const m of ["1", "2", "3", "4", "9 bytes.."]) assert.ok(client.send(m));
  assert.equal(client.send("eleven byte"), false); // would empty the buffer and still not fit
  assert.deepEqual(events.filter(([event]) => event === "error").map(([, { dropped }]) => dropped), [["1"], ["2", "3"]]);
  assert.deepEqual((await welcomed()).sent, ["4", "9 bytes.."]);
  client.close();
});

test("a socket that takes no more is not fed", async () => {
  const { client, welcomed } = rig({ buffer: { bytes: 10 } });
  const socket = await welcomed();
  socket.bufferedAmount = 11;
  assert.equal(client.send("x"), false);
  socket.bufferedAmount = 10;
  assert.equal(client.send("x"), true);
  client.close();
  assert.equal(client.send("x"), false);
});

test("what was never sent is told at the end", async () => {
  for (const end of [(client) => client.close(), async (client, sockets) => sockets[0].end(4043)]) {
    const { client, sockets, last } = rig();
    client.send("a");
    client.send({ b: 1 });
    await settled();
    await end(client, sockets);
    assert.deepEqual(last("close").unsent, ["a", '{"b":1}']);
  }
});

test("a heartbeat finds a dead connection", async (t) => {
  const tick = clock(t);
  const { client, welcomed, events, last } = rig({ heartbeat: { interval: 100, timeout: 10, send: "ping", answer: "pong" } });
  const socket = await welcomed();
  tick(99);
  socket.say("news");
  tick(99);
  assert.deepEqual(socket.sent, []);
  tick(1);
  assert.deepEqual(socket.sent, ["ping"]);
  socket.say("pong");
  tick(100);
  assert.deepEqual(socket.sent, ["ping", "ping"]);
  tick(10);
  assert.equal(client.state, "open"); // a page that slept hears what is there before it gives up
  tick(100);
  assert.equal(client.state, "waiting");
  assert.equal(last("error").message, "no sign of life");
  assert.equal(last("close").code, 1006);
  assert.ok(socket.closed);
  assert.deepEqual(events.filter(([event]) => event === "message"), [["message", "news"]]);
});

test("a heartbeat that asks nothing waits for what comes by itself", async (t) => {
  const tick = clock(t);
  const { client, welcomed } = rig({ heartbeat: { interval: 100, timeout: 10 } });
  const socket = await welcomed();
  tick(100);
  tick(9);
  socket.say("ping"); // GATEPOST_PING_DATA
  tick(100);
  tick(9);
  assert.equal(client.state, "open");
  tick(1);
  tick(100);
  assert.equal(client.state, "waiting");
  assert.deepEqual(socket.sent, []);
});

test("a handler's fault is its own, and off takes it off", async (t) => {
  const tick = clock(t);
  const { client, sockets, events, welcomed } = rig();
  client.on("state", () => { throw new Error("a handler's own"); });
  const seen = [];
  const off = client.on("message", (data) => seen.push(data));
  const socket = await welcomed();
  socket.say("one");
  off();
  socket.say("two");
  assert.deepEqual(seen, ["one"]);
  assert.equal(events.filter(([event]) => event === "message").length, 2);
  assert.throws(() => tick(0), /a handler's own/);
  assert.equal(sockets.length, 1);
  client.close();
  assert.throws(() => tick(0), /a handler's own/);
});

test("a handler may close the client in the middle of anything, and hears nothing of what it ended", async (t) => {
  const tick = clock(t);
  for (const [event, value, first, heard] of [
    ["state", "open", "x", "state:open state:closed close:1000"],
    ["state", "waiting", WELCOME, "state:open open message:last state:waiting state:closed close:1000"],
    ["open", undefined, "x", "state:open open state:closed close:1000"],
    ["message", "x", "x", "state:open open message:x state:closed close:1000"],
    ["close", undefined, WELCOME, "state:open open message:last state:waiting close:1006 state:closed close:1000"],
    ["error", undefined, null, "error state:closed close:1000"],
  ]) {
    const { client, sockets, events } = rig({ timeout: 100 });
    client.on(event, (given) => {
      if (client.state !== "closed" && (value === undefined || given === value)) client.close();
    });
    await settled();
    if (first === null) tick(100);
    else {
      sockets[0].accept();
      sockets[0].say(first);
      sockets[0].say("last");
      sockets[0].end(1006);
    }
    const said = { state: (s) => `:${s}`, message: (m) => `:${m}`, close: ({ code }) => `:${code}`, open: () => "", error: () => "" };
    // The handler of the test's rig was there first: it hears of an event before what the other does then.
    assert.equal(events.map(([name, given]) => name + said[name](given)).join(" "), heard, `${event} ${value}`);
    tick(1e6);
    await settled();
    assert.equal(sockets.length, 1, event);
  }
});
