// When and whether a client connects again, by the close code.
import assert from "node:assert/strict";
import { test } from "node:test";
import { delay, verdict } from "../src/reconnect.js";
import { clock, page, rig, settled } from "./fake.js";

test("each close code has the verdict that the protocol gives it", () => {
  const verdicts = {
    now: [1001, 1005, 1006, 1012, 1013, 3000, 4000, 4008, 4099],
    later: [1008, 1011, 4053],
    never: [1002, 1007, 1009, 4043],
    renew: [4001, 4041],
    ask: [1000, 4100, 4999],
  };
  for (const [want, codes] of Object.entries(verdicts)) {
    for (const code of codes) assert.equal(verdict(code), want, `${code}`);
  }
});

test("the window doubles up to its bound, and jitter fills it", () => {
  for (const [later, failures, random, want] of [
    [false, 0, 0, 0], [false, 0, 1, 1000], [false, 1, 1, 2000], [false, 4, 0.5, 8000],
    [false, 5, 1, 30_000], [false, 5000, 1, 30_000],
    [true, 0, 0, 1000], [true, 0, 1, 9000], [true, 5, 1, 31_000],
  ]) {
    assert.equal(delay(later, failures, 1000, 30_000, () => random), want, `${later} ${failures} ${random}`);
  }
});

for (const code of [1001, 1006, 1008, 1011, 4008, 4053]) {
  test(`after ${code} it connects again`, async (t) => {
    const tick = clock(t);
    const { client, sockets, last, welcomed } = rig();
    (await welcomed()).end(code, "why");
    assert.equal(client.state, "waiting");
    assert.equal(client.clientId, null);
    const { retryIn, ...rest } = last("close");
    assert.deepEqual(rest, { code, reason: "why", wasClean: code !== 1006, unsent: [] });
    assert.equal(retryIn, [1008, 1011, 4053].includes(code) ? 5000 : 500);
    tick(retryIn - 1);
    assert.equal(sockets.length, 1);
    tick(1);
    await welcomed();
    assert.equal(client.state, "open");
  });
}

for (const code of [1000, 1002, 1007, 1009, 4043, 4100, 4999]) {
  test(`after ${code} it stays away`, async (t) => {
    const tick = clock(t);
    const { client, sockets, last, welcomed } = rig({ token: () => "t" });
    (await welcomed()).end(code);
    assert.equal(client.state, "closed");
    assert.equal(last("close").retryIn, null);
    tick(1e9);
    await settled();
    assert.equal(sockets.length, 1);
    client.connect();
    await welcomed();
    assert.equal(client.state, "open");
  });
}

test("after a code of the application's it connects again where that says so", async (t) => {
  clock(t);
  const { client, welcomed } = rig({ reconnect: { codes: [1000, 4100] } });
  (await welcomed()).end(4100);
  assert.equal(client.state, "waiting");
});

test("after 4001 and 4041 it asks for a new token", async (t) => {
  const tick = clock(t);
  for (const code of [4001, 4041]) {
    let tokens = 0;
    const { client, sockets, welcomed } = rig({ token: async () => `token-${++tokens}` });
    (await welcomed()).end(code);
    tick(500);
    await welcomed();
    assert.equal(client.state, "open");
    assert.deepEqual(sockets.map((s) => s.protocols), [["bearer", "token-1"], ["bearer", "token-2"]]);
    client.close();
  }
});

test("without a new token it stays away after 4001 and 4041", async (t) => {
  clock(t);
  for (const [code, token, want] of [[4001, "t", "closed"], [4041, "t", "closed"], [4041, undefined, "closed"], [4001, undefined, "waiting"]]) {
    const { client, welcomed } = rig({ token });
    (await welcomed()).end(code);
    assert.equal(client.state, want, `${code} with ${token}`);
    client.close();
  }
});

test("the try after a node that was about to go asks for a status, the others for a close code", async (t) => {
  const tick = clock(t);
  for (const code of [1001, 4053, 1006, 4008]) {
    const { client, sockets, last } = rig({}, "ws://h/ws?a=b");
    for (const end of [code, 1006, 1006]) {
      await settled();
      sockets.at(-1).end(end);
      tick(last("close").retryIn);
    }
    await settled();
    const close = "ws://h/ws?a=b&refuse=close&heartbeat=1";
    const next = [1001, 4053].includes(code) ? "ws://h/ws?a=b&heartbeat=1" : close;
    assert.deepEqual(sockets.map(({ address }) => address), [close, next, close, close], code);
    client.close();
  }
});

test("failures lengthen the wait, and a connection that lasts ends that", async (t) => {
  const tick = clock(t);
  const { sockets, last, welcomed } = rig();
  const waits = [];
  const fail = async (code) => {
    await settled();
    sockets.at(-1).end(code);
    waits.push(last("close").retryIn);
    tick(last("close").retryIn);
  };
  await fail(1006);
  await fail(1006);
  await welcomed();
  tick(4999);
  await fail(1001); // too short to count as a success
  await welcomed();
  tick(5000);
  await fail(1001);
  assert.deepEqual(waits, [500, 1000, 2000, 500]);
});

test("what is no token is said to be none, and asked for again", async (t) => {
  const tick = clock(t);
  for (const page of ["<h1>Sorry</h1>", "", "a.b\n", {}]) {
    let fails = true;
    const { client, last, welcomed, sockets } = rig({ token: () => (fails ? page : "a.b-c_d") });
    await settled();
    assert.match(last("error").message, /no token/);
    assert.deepEqual([client.state, sockets.length], ["waiting", 0]);
    fails = false;
    tick(last("close").retryIn);
    await welcomed();
    assert.deepEqual([client.state, sockets[0].protocols], ["open", ["bearer", "a.b-c_d"]]);
    client.close();
  }
});

test("a token that can't be had is asked for again", async (t) => {
  const tick = clock(t);
  let fails = true;
  const { client, last, welcomed, sockets } = rig({ token: () => (fails ? Promise.reject(new Error("offline")) : "t") });
  await settled();
  assert.equal(last("error").message, "offline");
  assert.equal(sockets.length, 0);
  assert.equal(client.state, "waiting");
  fails = false;
  tick(500);
  await welcomed();
  assert.equal(client.state, "open");
});

test("a try that takes too long is given up", async (t) => {
  const tick = clock(t);
  const { client, sockets, last } = rig({ timeout: 3000 });
  await settled();
  sockets[0].accept(); // and no welcome
  tick(3000);
  assert.match(last("error").message, /no connection in time/);
  assert.equal(last("close").code, 1006);
  assert.equal(sockets[0].closed, true);
  assert.equal(client.state, "waiting");
  sockets[0].say('{"type":"welcome","client_id":"late"}'); // whom it has given up it doesn't hear
  sockets[0].end(4043);
  assert.equal(client.state, "waiting");
});

test("an error counts as the end, unless a close tells more", async (t) => {
  const tick = clock(t);
  for (const [code, want] of [[1002, "closed"], [undefined, "waiting"]]) {
    const { client, events, sockets, welcomed } = rig();
    await welcomed();
    sockets[0].onerror({});
    if (code) sockets[0].end(code);
    tick(100);
    assert.equal(client.state, want);
    assert.deepEqual(events.filter(([event]) => event === "close").map(([, close]) => close.code), [code ?? 1006]);
    client.close();
  }
});

test("a socket that was given up and then opens is nothing", async (t) => {
  const tick = clock(t);
  const { client, sockets } = rig({ welcome: false });
  await settled();
  client.close();
  sockets[0].accept();
  tick(100);
  assert.equal(client.state, "closed");
});

test("connecting by hand forgets the failures", async (t) => {
  clock(t, 1);
  const { client, sockets, last } = rig();
  for (const want of [1000, 1000]) {
    await settled();
    sockets.at(-1).end(1006);
    assert.equal(last("close").retryIn, want);
    client.close();
    client.connect();
  }
});

test("close ends whatever it was at", async (t) => {
  const tick = clock(t);
  for (const during of ["token", "handshake", "open", "waiting"]) {
    const { client, sockets, events, welcomed } = rig();
    if (during !== "token") await settled();
    if (during === "open" || during === "waiting") await welcomed();
    if (during === "waiting") sockets[0].end(1006);
    client.close(4200, "enough");
    client.close();
    assert.equal(client.state, "closed", during);
    await settled();
    tick(1e6);
    await settled();
    assert.equal(sockets.length, during === "token" ? 0 : 1, during);
    assert.deepEqual(events.filter(([event, { code }]) => event === "close" && code === 4200),
      [["close", { code: 4200, reason: "enough", wasClean: true, retryIn: null, unsent: [] }]]);
    assert.equal(sockets[0]?.closed, { token: undefined, handshake: 4200, open: 4200, waiting: undefined }[during]);
  }
});

test("a network that comes back makes the heartbeat look at once", async (t) => {
  const tick = clock(t);
  const { network } = page(t);
  const { client, welcomed } = rig({ heartbeat: { interval: 1000, timeout: 10, send: "ping" } });
  const socket = await welcomed();
  network.dispatchEvent(new Event("online"));
  assert.deepEqual(socket.sent, ["ping"]);
  tick(10);
  tick(100);
  assert.equal(client.state, "waiting");
});

test("a network that comes back cuts the wait short, but not one that was asked for", async (t) => {
  clock(t);
  const { document, network } = page(t);
  for (const [code, event, hidden, want] of [
    [1006, "online", false, 2], [1006, "visibilitychange", false, 2], [1006, "visibilitychange", true, 1], [4053, "online", false, 1],
  ]) {
    const { client, sockets, welcomed } = rig();
    (await welcomed()).end(code);
    document.hidden = hidden;
    (event === "online" ? network : document).dispatchEvent(new Event(event));
    await settled();
    assert.equal(sockets.length, want, `${code} ${event} ${hidden}`);
    client.close();
    network.dispatchEvent(new Event("online"));
    await settled();
    assert.equal(sockets.length, want, "after close");
    assert.equal(network.listeners, 0);
  }
});
