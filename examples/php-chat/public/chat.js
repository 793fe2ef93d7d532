import { Client } from "/sdk/client.js";

const $ = (id) => document.getElementById(id);
let client = null;
let me = "";
let seen = -1; // the version of the list that is shown
let names = null; // who is on it

$("join").onsubmit = (event) => {
  event.preventDefault();
  me = $("name").value.trim();
  client = new Client(document.body.dataset.gateway, { token: fetchToken, reconnect: { maxDelay: 5000 } });
  client.on("state", status);
  client.on("open", () => { seen = -1; }); // the list comes next; should it have been made anew, it begins at 0
  client.on("message", (data) => receive(JSON.parse(data)));
  client.on("close", closed);
  client.on("error", ({ message }) => console.warn(message));
  status();
};

$("say").onsubmit = (event) => {
  event.preventDefault();
  // While there is no connection it is kept, and leaves with the next one.
  if (client.send({ text: $("text").value, to: $("to").value })) $("text").value = "";
};

$("leave").onclick = () => client.close();

/** A new one for each connection: it is good for a minute. */
async function fetchToken() {
  const response = await fetch("/token", { method: "POST", body: me });
  if (response.status === 400) {
    client.close();
    $("status").textContent = await response.text();
    return null;
  }
  if (!response.ok) throw new Error(`no token: ${response.status}`);
  return response.text();
}

function status() {
  const { state } = client;
  document.body.dataset.state = $("status").dataset.state = state;
  $("status").textContent = {
    connecting: "Connecting …", open: `Here as ${me}`, waiting: "Away. Trying again …", closed: "Not connected",
  }[state];
  $("join").hidden = state !== "closed";
  $("chat").hidden = state === "closed";
}

function closed({ retryIn, reason, code }) {
  if (retryIn !== null) return;
  if (code !== 1000) $("status").textContent = `Not connected: ${reason || code}`;
  names = null;
  $("lines").replaceChildren();
}

function receive(message) {
  switch (message.type) {
    case "online": return online(message);
    case "say": return line(message.from === me ? "mine" : "", message.from, message.text);
    case "private": {
      const mine = message.from === me;
      return line(mine ? "mine private" : "private", mine ? `to ${message.to}` : message.from, message.text);
    }
    case "announce": return line("announce", "", message.text);
  }
}

/** Lists may overtake each other on their way; an older one is none. */
function online({ version, clients }) {
  if (version <= seen) return;
  seen = version;
  const now = Object.keys(clients);
  for (const name of now) if (names && !names.includes(name)) line("note", "", `${name} is here`);
  for (const name of names ?? []) if (!now.includes(name)) line("note", "", `${name} has left`);
  names = now;
  $("online").replaceChildren(...now.map((name) => element("li", name === me ? `${name} (you)` : name)));
  const to = $("to").value;
  const others = now.filter((name) => name !== me).map((name) => Object.assign(element("option", name), { value: name }));
  $("to").replaceChildren($("to").options[0], ...others);
  $("to").value = now.includes(to) ? to : "";
}

function line(kind, from, text) {
  const item = element("li", text);
  item.className = kind;
  if (from) item.prepend(element("b", from));
  $("lines").append(item);
  item.scrollIntoView({ block: "nearest" });
}

/** Text, never markup: it is what others wrote. */
function element(name, text) {
  return Object.assign(document.createElement(name), { textContent: text });
}
