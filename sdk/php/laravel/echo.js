// Laravel Echo over Gatepost. @gatepost/client holds the connection; this joins and leaves
// channels through Laravel's /broadcasting/auth, and hands broadcasts to their listeners.
//
//   import Echo from 'laravel-echo';
//   import { Client } from '@gatepost/client';
//   import { GatepostConnector, fetchToken } from '../../vendor/gatepost/gatepost/laravel/echo.js';
//
//   window.Echo = new Echo({
//     broadcaster: GatepostConnector,
//     client: new Client('wss://ws.example.com/ws', { token: fetchToken() }),
//   });

/** A token function for @gatepost/client: asks Laravel for the token of who is logged in. */
export function fetchToken(url = '/gatepost/token', headers = {}) {
  return async () => {
    const response = await fetch(url, { method: 'POST', headers: { accept: 'application/json', ...csrf(), ...headers } });
    if (!response.ok) throw new Error(`${url} answered ${response.status}`);
    return (await response.json()).token;
  };
}

const STATUS = { connecting: 'connecting', open: 'connected', waiting: 'reconnecting' }; // Echo's words, by the client's

/** An Echo connector. options: client, authEndpoint, auth.headers, bearerToken, csrfToken, namespace. */
export class GatepostConnector {
  static toString() { return 'GatepostConnector'; } // Echo's errors show it, else with all of its source

  constructor(options) {
    this.options = { authEndpoint: '/broadcasting/auth', namespace: 'App.Events', auth: {}, ...options };
    this.client = options.client;
    this.channels = Object.create(null); // by name; Echo's leaveAllChannels goes through it
    this.client.on('open', () => Object.values(this.channels).forEach((channel) => channel.join()));
    this.client.on('message', (data) => this.#dispatch(data));
  }

  connect() { this.client.connect(); }
  disconnect() { this.client.close(); }
  socketId() { return this.client.clientId ?? undefined; }
  connectionStatus() { return STATUS[this.client.state] ?? 'disconnected'; }
  /** Returns what takes the callback off again. */
  onConnectionChange(callback) { return this.client.on('state', () => callback(this.connectionStatus())); }

  channel(name) { return this.#channel(name); }
  privateChannel(name) { return this.#channel('private-' + name); }
  presenceChannel(name) { return this.#channel('presence-' + name); }
  encryptedPrivateChannel() { throw new Error('Gatepost has no encrypted channels: use private(), over wss://.'); }
  listen(name, event, callback) { return this.channel(name).listen(event, callback); }

  leave(name) { for (const prefix of ['', 'private-', 'presence-']) this.leaveChannel(prefix + name); }

  leaveChannel(name) {
    if (!this.channels[name]) return;
    delete this.channels[name];
    if (this.client.clientId) this.authorize(name, { leave: 1 }).catch(() => {}); // its connection's end is as good
  }

  /** Asks Laravel to let this connection join a channel, or leave it. */
  async authorize(name, more = {}) {
    const { authEndpoint, auth, bearerToken, csrfToken } = this.options;
    const login = bearerToken ? { authorization: `Bearer ${bearerToken}` } : {};
    const response = await fetch(authEndpoint, {
      method: 'POST',
      headers: { accept: 'application/json', 'content-type': 'application/json', ...csrf(csrfToken), ...login, ...auth.headers },
      body: JSON.stringify({ channel_name: name, socket_id: this.client.clientId, ...more }),
    });
    if (!response.ok) throw Object.assign(new Error(`${name}: ${response.status}`), { status: response.status });
    return response.json();
  }

  #channel(name) {
    if (!this.channels[name]) {
      this.channels[name] = new GatepostChannel(name, this);
      if (this.client.clientId) this.channels[name].join();
    }
    return this.channels[name];
  }

  #dispatch(data) {
    let message;
    try { message = JSON.parse(data); } catch { return; } // not a broadcast
    if (typeof message?.event === 'string') this.channels[message.channel]?.receive(message.event, message.data);
  }
}

const NOTIFICATION = '.Illuminate\\Notifications\\Events\\BroadcastNotificationCreated';
let whispered = false;

/** One channel: Echo's methods on it. */
export class GatepostChannel {
  constructor(name, connector) {
    this.name = name;
    this.connector = connector;
    this.listeners = new Map(); // callbacks by event, as it is sent
    this.members = new Map(); // of a presence channel, by user
  }

  async join() {
    const connection = this.connector.client.clientId;
    try {
      const { members } = await this.connector.authorize(this.name);
      // The connection, or the page's interest, may have ended meanwhile.
      if (this.connector.client.clientId !== connection || this.connector.channels[this.name] !== this) return;
      this.members = new Map((members ?? []).map(({ id, info }) => [id, info]));
      this.receive(':subscribed');
      if (members) this.receive(':here', [...this.members.values()]);
    } catch (error) {
      this.receive(':error', error);
    }
  }

  receive(event, data) {
    if (event === 'presence:joining' && this.members.has(data.id)) return; // it was in the list already
    if (event === 'presence:joining') this.members.set(data.id, data.info);
    if (event === 'presence:leaving') this.members.delete(data.id);
    const shown = event.startsWith('presence:') ? data.info : data;
    for (const callback of this.listeners.get(event) ?? []) callback(shown);
    if (!event.startsWith(':')) for (const callback of this.listeners.get('*') ?? []) callback(this.#short(event), shown);
  }

  listen(event, callback) { return this.on(this.#full(event), callback); }
  listenToAll(callback) { return this.on('*', callback); }
  listenForWhisper(event, callback) { return this.listen('.client-' + event, callback); }
  notification(callback) { return this.listen(NOTIFICATION, callback); }
  subscribed(callback) { return this.on(':subscribed', callback); }
  error(callback) { return this.on(':error', callback); }
  here(callback) { return this.on(':here', callback); }
  joining(callback) { return this.on('presence:joining', callback); }
  leaving(callback) { return this.on('presence:leaving', callback); }
  unsubscribe() { this.connector.leaveChannel(this.name); }

  stopListening(event, callback) { return this.off(this.#full(event), callback); }
  stopListeningToAll(callback) { return this.off('*', callback); }
  stopListeningForWhisper(event, callback) { return this.stopListening('.client-' + event, callback); }
  stopListeningForNotification(callback) { return this.stopListening(NOTIFICATION, callback); }

  /** Sends nothing: a page's messages go to the backend, never to other clients. It says so once, and the page goes on. */
  whisper() {
    if (!whispered) console.warn('Gatepost has no whispers: send to your backend, which can broadcast it (docs/php.md).');
    whispered = true;
    return this;
  }

  on(event, callback) {
    this.listeners.set(event, [...(this.listeners.get(event) ?? []), callback]);
    return this;
  }

  /** Takes a callback off, or all of the event's. */
  off(event, callback) {
    this.listeners.set(event, callback ? (this.listeners.get(event) ?? []).filter((c) => c !== callback) : []);
    return this;
  }

  /** As Echo has it: ".name" and "\\Name" are as they are, the rest is in the namespace. */
  #full(event) {
    if (/^[.\\]/.test(event)) return event.slice(1);
    const { namespace } = this.connector.options;
    return (namespace ? `${namespace}.${event}` : event).replaceAll('.', '\\');
  }

  /** The other way: as listen() takes it. */
  #short(event) {
    const namespace = this.#full('');
    return event.startsWith(namespace) ? event.slice(namespace.length) : '.' + event;
  }
}

/** Laravel's token against forged requests, where the page has one. */
function csrf(given) {
  const page = globalThis.document;
  const token = given ?? page?.querySelector('meta[name="csrf-token"]')?.content;
  if (token) return { 'x-csrf-token': token };
  const cookie = page?.cookie?.match(/(?:^|; )XSRF-TOKEN=([^;]*)/)?.[1];
  return cookie ? { 'x-xsrf-token': decodeURIComponent(cookie) } : {};
}
