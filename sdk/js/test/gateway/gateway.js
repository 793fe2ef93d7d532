// A real gateway and a backend behind it, for the tests of this folder.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import * as net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { WebSocket as PackageWebSocket } from "ws";
import { Client } from "@gatepost/client";

const SECRET = "javascript-client-test-secret-of-32-bytes";
const PATIENCE = 20_000;

/** The class under test: that of the package ws, or the one that Node brings. */
export const WebSocket = process.env.TEST_WEBSOCKET === "global" ? globalThis.WebSocket : PackageWebSocket;
assert.ok(WebSocket, "this Node has no WebSocket");

/** Polls until what() is true; its value. */
export async function until(what, said = what) {
  for (const end = Date.now() + PATIENCE; Date.now() < end; await new Promise((go) => setTimeout(go, 10))) {
    const value = await what();
    if (value) return value;
  }
  assert.fail(`waited in vain: ${said}`);
}

/** A JWT with these claims, by HS256. */
export function token(claims) {
  const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const signed = `${encode({ alg: "HS256", typ: "JWT" })}.${encode({ exp: Math.floor(Date.now() / 1000) + 60, ...claims })}`;
  return `${signed}.${createHmac("sha256", SECRET).update(signed).digest("base64url")}`;
}

export const clientToken = (uid, more) => token({ aud: "gatepost:client", sub: uid, ...more });

/** A backend that keeps each event and answers with what answer(event) returns: a status, or an object. */
export async function backend(t, answer = () => ({})) {
  const events = [];
  const server = createServer(async (request, response) => {
    const event = JSON.parse(Buffer.concat(await request.toArray()));
    events.push(event);
    const reply = answer(event);
    response.statusCode = typeof reply === "number" ? reply : 200;
    response.end(JSON.stringify(reply));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const texts = () => events.filter(({ type }) => type === "message").map(({ data }) => data.message.text ?? `binary ${data.message.binary}`);
  return { url: `http://127.0.0.1:${server.address().port}/`, events, texts };
}

/** A gateway that can be ended and started again under its address and with its data. */
export async function gateway(t, env = {}, args = []) {
  const data = await mkdtemp(join(tmpdir(), "gatepost-sdk-"));
  let child, ended;
  const node = { addr: "127.0.0.1:0" };
  node.start = async () => {
    child = spawn(process.env.GATEPOST_BINARY, ["serve", ...args], {
      env: {
        GATEPOST_ADDR: node.addr, GATEPOST_SECRET: SECRET, GATEPOST_DATA_DIR: join(data, "data"), GATEPOST_LOG_FORMAT: "json", GATEPOST_DRAIN: "100ms",
        GATEPOST_WEBHOOK_SECRET: "whsec_amF2YXNjcmlwdC1jbGllbnQtdGVzdC13ZWJob29rLXNlY3JldA==", ...env,
      },
      stdio: ["ignore", "ignore", "pipe"],
    });
    ended = once(child, "exit");
    const said = [];
    for await (const line of createInterface(child.stderr)) {
      said.push(line);
      const entry = JSON.parse(line);
      if (entry.msg !== "listening") continue;
      node.addr = entry.addr;
      child.stderr.resume();
      return;
    }
    assert.fail(`the gateway ended: ${said.join("\n")}`);
  };
  node.signal = (name) => child.kill(name);
  node.end = async (signal) => {
    child.kill(signal);
    await ended;
  };
  node.url = (query = "") => `ws://${node.addr}/ws${query}`;
  node.push = async (path, body, type = "text/plain") => {
    const headers = { authorization: `Bearer ${token({ aud: "gatepost:api", scope: "*" })}`, "content-type": type };
    const response = await fetch(`http://${node.addr}/push/${path}`, { method: "POST", headers, body });
    assert.equal(response.status, 200, await response.clone().text());
    return response.json();
  };
  t.after(async () => {
    await node.end("SIGKILL");
    await rm(data, { recursive: true });
  });
  await node.start();
  return node;
}

/** A network before an address: it carries, or swallows without a word what was and what is connected. */
export async function swallower(t, addr) {
  const [host, port] = addr.split(":");
  const sockets = [];
  let swallows = false;
  const server = net.createServer((near) => {
    const far = net.connect(port, host);
    const lost = { yes: swallows };
    for (const [from, to] of [[near, far], [far, near]]) {
      from.on("data", (data) => lost.yes || to.write(data));
      from.on("end", () => lost.yes || to.end());
      from.on("error", () => {});
    }
    sockets.push({ near, far, lost });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.close();
    for (const { near, far } of sockets) near.destroy(), far.destroy();
  });
  return {
    addr: `127.0.0.1:${server.address().port}`,
    carry() { swallows = false; },
    swallow() {
      swallows = true;
      for (const { lost } of sockets) lost.yes = true;
    },
  };
}

/** A client with quick tries, and all that it emits as [event, value]. */
export function connect(t, url, options = {}) {
  const client = new Client(url, { WebSocket, ...options, reconnect: { minDelay: 50, maxDelay: 200, ...options.reconnect } });
  t.after(() => client.close());
  const events = [];
  for (const event of ["message", "open", "close", "error"]) client.on(event, (value) => events.push([event, value]));
  const values = (event) => events.filter(([name]) => name === event).map(([, value]) => value);
  const opened = (times = 1) => until(() => values("open").length >= times && client.state === "open", `open ${times} times`);
  return { client, events, values, opened };
}
