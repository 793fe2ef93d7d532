// The client with a real gateway, which dies, drains, refuses and hangs.
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { backend, clientToken, connect, gateway, swallower, until } from "./gateway.js";

const ID = /^[a-z0-9]{16,40}$/;

test("messages go both ways, with a token in either place", async (t) => {
  const { url, texts, events } = await backend(t);
  const node = await gateway(t, { GATEPOST_WEBHOOK_URL: url });
  for (const tokenIn of ["subprotocol", "query"]) {
    const { client, values, opened } = connect(t, node.url("?a=%20b"), { tokenIn, token: () => clientToken("anna ä") });
    await opened();
    assert.match(client.clientId, ID);
    const { request, uid } = events.at(-1).data;
    assert.deepEqual([uid, request.query.a, request.raw_query], ["anna ä", " b", "a=%20b&refuse=close&heartbeat=1"]);
    client.send("text ü");
    client.send({ json: "🦆" });
    client.send(new Uint8Array([0, 255]));
    await until(() => texts().length === 3);
    assert.deepEqual(texts(), ["text ü", '{"json":"🦆"}', "binary AP8="]);
    await node.push(`clients/${client.clientId}`, "pushed");
    await node.push(`clients/${client.clientId}`, new Uint8Array([1, 2]), "application/octet-stream");
    await until(() => values("message").length === 2);
    assert.deepEqual(values("message"), ["pushed", new Uint8Array([1, 2]).buffer]);
    client.close(4321, "done");
    await until(() => events.at(-1).type === "close");
    assert.deepEqual(events.at(-1).data.close.code, 4321);
    assert.equal(client.clientId, null);
    events.length = 0;
  }
});

for (const signal of ["SIGKILL", "SIGTERM"]) {
  test(`after ${signal} it comes back, and what it sent meanwhile arrives in order`, async (t) => {
    const { url, texts } = await backend(t);
    const node = await gateway(t, { GATEPOST_WEBHOOK_URL: url });
    const { client, values, opened } = connect(t, node.url(), { token: () => clientToken("anna") });
    await opened();
    const first = client.clientId;
    await node.end(signal);
    await until(() => client.state === "waiting");
    assert.equal(values("close")[0].code, signal === "SIGKILL" ? 1006 : 1001);
    const sent = Array.from({ length: 100 }, (_, i) => `message ${i}`);
    for (const text of sent) assert.equal(client.send(text), true);
    assert.equal(client.send("one too many"), false);
    await node.start();
    await opened(2);
    assert.match(client.clientId, ID);
    assert.notEqual(client.clientId, first);
    client.send("later");
    await until(() => texts().length > 100);
    assert.deepEqual(texts(), [...sent, "later"]);
  });
}

test("when its time is over it comes back with a new token", async (t) => {
  const node = await gateway(t);
  let tokens = 0;
  const inASecond = () => Math.ceil(Date.now() / 1000) + 1;
  const { values, opened } = connect(t, node.url(), { token: async () => clientToken(`anna-${++tokens}`, tokens === 1 ? { until: inASecond() } : {}) });
  await opened(2);
  assert.deepEqual(values("close").map(({ code }) => code), [4001]);
  assert.equal(tokens, 2);
  assert.deepEqual(await node.push("uids/anna-2", "still there?"), { matched: 1, queued: 1, dropped: 0 });
  await until(() => values("message").length === 1);
});

test("with a token that is refused it asks for another; with no other it stays away", async (t) => {
  const node = await gateway(t);
  const tokens = ["not a token".replaceAll(" ", "."), clientToken("anna", { exp: 1 }), clientToken("anna")];
  const { values, opened } = connect(t, node.url(), { token: () => tokens.shift() });
  await opened();
  assert.deepEqual(values("close").map(({ code }) => code), [4041, 4041]);
  const { client, values: fixed } = connect(t, node.url(), { token: clientToken("anna", { exp: 1 }) });
  await until(() => client.state === "closed");
  assert.deepEqual([fixed("close")[0].code, fixed("close")[0].retryIn, fixed("open")], [4041, null, []]);
});

test("refused by the backend it stays away, and gives back what it never sent", async (t) => {
  const { url, events } = await backend(t, () => 403);
  const node = await gateway(t, { GATEPOST_WEBHOOK_URL: url });
  const { client, values } = connect(t, node.url());
  client.send("never sent");
  await until(() => client.state === "closed");
  assert.deepEqual(values("close"), [{ code: 4043, reason: "403", wasClean: true, retryIn: null, unsent: ["never sent"] }]);
  assert.deepEqual(values("open"), []);
  await new Promise((go) => setTimeout(go, 500)); // longer than any of its waits
  assert.deepEqual(events.map(({ type }) => type), ["connect"]);
});

test("while the backend is away it tries again later", async (t) => {
  let well = false;
  const { url, texts } = await backend(t, () => (well ? {} : 503));
  const node = await gateway(t, { GATEPOST_WEBHOOK_URL: url, GATEPOST_WEBHOOK_TIMEOUT: "1s" });
  const { client, values, opened } = connect(t, node.url());
  client.send("kept");
  await until(() => values("close").length > 0);
  assert.equal(values("close")[0].code, 4053);
  assert.ok(values("close")[0].retryIn >= 50);
  well = true;
  await opened();
  await until(() => texts().length === 1);
  assert.deepEqual(texts(), ["kept"]);
});

test("a message that is too big ends it, and it stays away", async (t) => {
  const node = await gateway(t);
  const { client, values, opened } = connect(t, node.url());
  await opened();
  client.send("x".repeat(64 * 1024 + 1));
  await until(() => client.state === "closed");
  assert.equal(values("close")[0].code, 1009);
});

test("without a welcome it opens all the same, and doesn't take a refusal for that", async (t) => {
  let status = {};
  const { url, texts } = await backend(t, () => status);
  const node = await gateway(t, { GATEPOST_WEBHOOK_URL: url, GATEPOST_WELCOME: "off" });
  const { client, opened } = connect(t, node.url(), { welcome: false });
  client.send("hello");
  await opened();
  assert.equal(client.clientId, null);
  await until(() => texts().length === 1);
  status = 403;
  const refused = connect(t, node.url(), { welcome: false });
  await until(() => refused.client.state === "closed");
  assert.deepEqual([refused.values("open"), refused.values("close")[0].code], [[], 4043]);
});

test("a gateway that hangs is found by the heartbeat, which makes no events", async (t) => {
  const { url, events } = await backend(t);
  const folder = await mkdtemp(join(tmpdir(), "gatepost-sdk-"));
  t.after(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, "gatepost.yaml"), "heartbeats:\n  - {receive: ping, answer: pong}\n");
  const node = await gateway(t, { GATEPOST_WEBHOOK_URL: url }, ["--config", join(folder, "gatepost.yaml")]);
  const { client, values, opened } = connect(t, node.url(), { timeout: 1000, heartbeat: { interval: 50, timeout: 500, send: "ping", answer: "pong" } });
  await opened();
  await new Promise((go) => setTimeout(go, 1000)); // about twenty of its beats
  assert.equal(client.state, "open");
  node.signal("SIGSTOP");
  await until(() => values("close").length > 0);
  assert.equal(values("error")[0].message, "no sign of life");
  node.signal("SIGCONT");
  await opened(2);
  assert.deepEqual([events.filter(({ type }) => type === "message"), values("message")], [[], []]);
});

test("on a network that swallows everything a page that only listens comes back, without an event for it", async (t) => {
  const { url, events } = await backend(t);
  for (const welcome of [undefined, '{"type":"welcome","client_id":"{client_id}","heartbeat":"{heartbeat}","own":1}']) {
    const node = await gateway(t, { GATEPOST_WEBHOOK_URL: url, ...(welcome && { GATEPOST_WELCOME: welcome }) });
    const network = await swallower(t, node.addr);
    const { client, values, opened } = connect(t, `ws://${network.addr}/ws`, { timeout: 2000, heartbeat: { interval: 50, timeout: 1000 } });
    await opened();
    const id = client.clientId;
    await new Promise((go) => setTimeout(go, 1000)); // about twenty of its beats
    assert.deepEqual([client.state, client.clientId], ["open", id]);
    network.swallow();
    await until(() => values("close").length > 0);
    assert.equal(values("error")[0].message, "no sign of life");
    network.carry();
    await opened(2);
    assert.deepEqual([events.filter(({ type }) => type === "message"), values("message")], [[], []]);
    assert.deepEqual(values("open").map(({ first }) => first), [true, false]);
  }
});
