// Never run: tsc reads it, and fails where a use that is meant to be allowed isn't, or the other way round.
import { Client, type Close, type State } from "@gatepost/client";
import { webSocketOf } from "@gatepost/client/mini-program";

const client = new Client("wss://ws.example.com/ws", {
  token: async () => (await fetch("/gatepost-token", { method: "POST" })).text(),
  tokenIn: "query",
  subprotocols: ["chat"],
  welcome: (data) => data.split(" ")[1],
  reconnect: { minDelay: 100, codes: [1000, 4100] },
  buffer: { messages: 10, overflow: "oldest" },
  heartbeat: { send: "ping", answer: "pong" },
  WebSocket,
});
const off: () => void = client.on("message", (data) => void (typeof data === "string" ? data.trim() : data.byteLength));
client.on("open", ({ clientId, first }) => void [clientId?.length, first === true]);
client.check();
client.on("close", ({ code, retryIn, unsent }: Close) => void [code + 1, retryIn ?? 0, unsent.length]);
client.on("error", (error) => void error.dropped?.length);
client.on("state", (state: State) => void state);
off();
const kept: boolean = client.send({ type: "say", text: "hello" });
client.send([1, 2, kept]);
client.send(new Uint8Array(3));
client.close(4100, "bye");
new Client(new URL("wss://ws.example.com/ws"), { token: "jwt", welcome: false, heartbeat: false });
declare const wx: { connectSocket(options: { url: string }): object };
new Client(async () => (await fetch("/gateway")).text(), { WebSocket: webSocketOf(wx), heartbeat: { timeout: 5000 } });

// @ts-expect-error: no such event
client.on("opened", () => {});
// @ts-expect-error: nothing to send
client.send(undefined);
// @ts-expect-error: no such state
client.state === "lost";
// @ts-expect-error: it is the gateway's to say
client.clientId = "1";
// @ts-expect-error: no such place
new Client("/ws", { tokenIn: "header" });
