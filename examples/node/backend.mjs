// A backend for Gatepost in Node.js: examples/start.sh node starts it, and a gateway before it.
// "node backend.mjs push groups/lobby Hello" pushes, from anywhere, at any time.
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { Webhook } from "standardwebhooks";

const { GATEPOST_URL = "http://127.0.0.1:8080", GATEPOST_SECRET = "", GATEPOST_WEBHOOK_SECRET = "", PORT = 9000 } = process.env;
const LARGEST = 1 << 20; // bytes of a webhook; the gateway's own are far smaller

const toLobby = (from, text) => ({ actions: [{ action: "send", groups: ["lobby"], json: { from, text } }] });

const answers = {
  connect({ request }) { // a real application looks at a cookie or a token here
    const name = request.query.name ?? "";
    if (!/^[\p{L}\p{N}_ .-]{1,32}$/u.test(name)) return [403, "Connect with ?name="];
    return [200, { uid: name, groups: ["lobby"] }];
  },
  message: ({ uid, message }) => [200, toLobby(uid, message.text ?? "(binary)")],
  close: ({ uid, uid_remaining: remaining }) => [200, uid && remaining === 0 ? toLobby(uid, "has left") : {}],
};

/** [status, body] for a webhook; 401 where none of the secrets (separated by spaces) has signed it. */
function answer(headers, body) {
  for (const secret of GATEPOST_WEBHOOK_SECRET.split(/\s+/).filter(Boolean)) {
    let event;
    try { event = new Webhook(secret).verify(body, headers); } catch { continue; }
    return answers[event.type]?.(event.data) ?? [200, {}];
  }
  return [401, "not signed"];
}

async function serve(request, response) {
  if (request.method === "GET") return response.setHeader("content-type", "text/html").end(page);
  const chunks = [];
  for await (const chunk of request) if (chunks.push(chunk) && Buffer.concat(chunks).length > LARGEST) return request.destroy();
  const [status, body] = answer(request.headers, Buffer.concat(chunks).toString());
  const headers = { "content-type": "application/json", ...(status === 200 ? {} : { "gatepost-refuse": "1" }) }; // 404 is meant, too
  response.writeHead(status, headers).end(typeof body === "string" ? body : JSON.stringify(body));
}

async function push(path, text) { // a JWT, HS256, for this minute; the first of several secrets signs
  const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const signed = `${encode({ alg: "HS256" })}.${encode({ aud: "gatepost:api", exp: Math.floor(Date.now() / 1000) + 60, scope: "push" })}`;
  const token = `${signed}.${createHmac("sha256", GATEPOST_SECRET.split(",")[0].trim()).update(signed).digest("base64url")}`;
  const headers = { authorization: `Bearer ${token}`, "content-type": "text/plain" };
  return (await fetch(`${GATEPOST_URL}/push/${path}`, { method: "POST", headers, body: text })).text();
}

const page = readFileSync(new URL("../page.html", import.meta.url), "utf8").replace("{{gateway}}", process.env.PUBLIC_WS_URL ?? "ws://127.0.0.1:8080/ws");
if (process.argv[2] === "push") console.log(await push(...process.argv.slice(3)));
else createServer(serve).listen(PORT, "127.0.0.1");
