// A WebSocket that does what a test says, and a client on it with the clock in the test's hand.
import { mock } from "node:test";
import { Client } from "@gatepost/client";

export const WELCOME = '{"type":"welcome","client_id":"c1"}';

/** Lets what waits for a promise go on. */
export const settled = () => new Promise(setImmediate);

/** A client, the sockets that it makes, and the events that it emits as [event, value]. */
export function rig(options = {}, url = "ws://127.0.0.1:1/ws") {
  const sockets = [];
  class FakeSocket {
    readyState = 0;
    bufferedAmount = 0;
    sent = [];
    constructor(address, protocols) {
      Object.assign(this, { address, protocols });
      sockets.push(this);
    }
    send(frame) { this.sent.push(frame); }
    close(code) {
      this.closed = code ?? true;
      this.readyState = 2;
    }
    accept() {
      this.readyState = 1;
      this.onopen({});
    }
    say(data) { this.onmessage({ data }); }
    end(code, reason = "") {
      this.readyState = 3;
      this.onclose({ code, reason, wasClean: code !== 1006 });
    }
  }
  const client = new Client(url, { WebSocket: FakeSocket, ...options });
  const events = [];
  for (const event of ["message", "open", "close", "state", "error"]) {
    client.on(event, (value) => events.push([event, value]));
  }
  const last = (event) => events.findLast(([name]) => name === event)?.[1];
  /** The try that is under way, as a socket, connected and welcomed. */
  const welcomed = async (welcome = WELCOME) => {
    await settled();
    const socket = sockets.at(-1);
    socket.accept();
    socket.say(welcome);
    return socket;
  };
  return { client, sockets, events, last, welcomed };
}

/** Puts the clock into the test's hand, and chance: random numbers are this. */
export function clock(t, random = 0.5) {
  mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const chance = mock.method(Math, "random", () => random);
  t.after(() => {
    mock.timers.reset();
    chance.mock.restore();
  });
  return (ms) => mock.timers.tick(ms);
}

/** A page around the test: the events of the network, of the document, and of what kind of network it is. */
export function page(t) {
  const [network, document, connection] = [{}, { hidden: false }, {}].map((more) => {
    const target = Object.assign(new EventTarget(), { listeners: 0 }, more);
    for (const [name, change] of [["addEventListener", 1], ["removeEventListener", -1]]) {
      target[name] = (...args) => {
        target.listeners += change;
        EventTarget.prototype[name].apply(target, args);
      };
    }
    return target;
  });
  const world = { addEventListener: network.addEventListener, removeEventListener: network.removeEventListener, document, navigator: { connection } };
  const before = Object.keys(world).map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)]);
  for (const [name, value] of Object.entries(world)) Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  t.after(() => {
    for (const [name, descriptor] of before) {
      if (descriptor) Object.defineProperty(globalThis, name, descriptor);
      else delete globalThis[name];
    }
  });
  return { network, document, connection };
}
