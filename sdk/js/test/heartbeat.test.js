// What finds a connection that is dead without a word.
import assert from "node:assert/strict";
import { test } from "node:test";
import { clock, page, rig, settled, WELCOME } from "./fake.js";

const BEAT = "heartbeat c1";
const CONFIRMED = `{"type":"welcome","client_id":"c1","heartbeat":"${BEAT}"}`;

test("a page that only listens notices within 40 s, by default", async (t) => {
  const tick = clock(t);
  const { client, welcomed, events, last } = rig();
  const socket = await welcomed(CONFIRMED);
  for (let minute = 0; minute < 10; minute++) {
    tick(25_000);
    assert.deepEqual(socket.sent.splice(0), [BEAT]);
    socket.say(BEAT);
  }
  assert.equal(client.state, "open");
  tick(25_000);
  tick(10_000);
  tick(100); // and nothing comes any more
  assert.deepEqual([client.state, last("error").message, last("close").code], ["waiting", "no sign of life", 1006]);
  assert.deepEqual(events.filter(([event]) => event === "message"), []);
});

test("what the gateway doesn't confirm is never asked", async (t) => {
  const tick = clock(t);
  for (const [welcome, options] of [
    [WELCOME, {}], // an older gateway
    ['{"type":"welcome","client_id":"c1","heartbeat":"30s"}', {}], // a welcome of the application's own
    ['{"type":"welcome","client_id":"c1","heartbeat":30}', {}],
    ['{"type":"welcome","client_id":"c1","heartbeat":null}', {}],
    ["hello", {}],
    [CONFIRMED, { heartbeat: false }],
    [CONFIRMED, { welcome: () => undefined }],
  ]) {
    const { client, welcomed } = rig(options);
    const socket = await welcomed(welcome);
    tick(1e6);
    client.check();
    tick(1e6);
    assert.deepEqual([client.state, socket.sent], ["open", []], welcome);
    client.close();
  }
});

test("an application's own ping is a message like any", async (t) => {
  clock(t);
  const { client, welcomed, events } = rig();
  const socket = await welcomed(CONFIRMED);
  for (const text of ["ping", "pong", "heartbeat c2", "heartbeat"]) {
    socket.say(text);
    client.send(text);
  }
  assert.deepEqual(events.filter(([event]) => event === "message").map(([, data]) => data), ["ping", "pong", "heartbeat c2", "heartbeat"]);
  assert.deepEqual(socket.sent, ["ping", "pong", "heartbeat c2", "heartbeat"]);
  client.close();
});

test("its times can be changed without a text of one's own", async (t) => {
  const tick = clock(t);
  const { client, welcomed } = rig({ heartbeat: { interval: 1000, timeout: 500 } });
  const socket = await welcomed(CONFIRMED);
  tick(1000);
  assert.deepEqual(socket.sent, [BEAT]);
  tick(500);
  tick(100);
  assert.equal(client.state, "waiting");
});

test("the network's and the page's events look at once, and a look that is under way isn't begun again", async (t) => {
  const tick = clock(t);
  const { document, network, connection } = page(t);
  for (const [target, event] of [[network, "online"], [document, "visibilitychange"], [connection, "change"]]) {
    const { client, welcomed } = rig();
    const socket = await welcomed(CONFIRMED);
    target.dispatchEvent(new Event(event));
    tick(9000);
    target.dispatchEvent(new Event(event));
    assert.deepEqual(socket.sent, [BEAT], event);
    tick(1000);
    tick(100);
    assert.equal(client.state, "waiting", event);
    client.close();
    assert.deepEqual([network, document, connection].map(({ listeners }) => listeners), [0, 0, 0]);
  }
});

test("check looks at a connection, and cuts a wait short", async (t) => {
  clock(t);
  const { client, welcomed, sockets } = rig();
  const socket = await welcomed(CONFIRMED);
  client.check();
  assert.deepEqual(socket.sent, [BEAT]);
  socket.end(1006);
  client.check();
  await settled();
  assert.equal(sockets.length, 2);
  client.close();
  client.check();
  await settled();
  assert.equal(sockets.length, 2);
});

test("a page that slept hears what came meanwhile before it gives up", async (t) => {
  const tick = clock(t);
  const { client, welcomed } = rig();
  const socket = await welcomed(CONFIRMED);
  tick(25_000);
  tick(3_600_000); // the timer is late
  socket.say(BEAT);
  tick(1000);
  assert.equal(client.state, "open");
  client.close();
});
