// The Echo connector with a connection and a Laravel that the tests play: node --test.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GatepostConnector, fetchToken } from '../laravel/echo.js';

class FakeClient {
  handlers = {};
  clientId = null;
  on(event, handler) { this.handlers[event] = handler; }
  open(id) { this.clientId = id; this.handlers.open({ clientId: id }); }
  say(message) { this.handlers.message(typeof message === 'string' ? message : JSON.stringify(message)); }
}

/** Plays Laravel: answer(body) for each request; returns the requests. */
function laravel(answer) {
  const requests = [];
  globalThis.fetch = async (url, { headers, body }) => {
    const asked = body && JSON.parse(body);
    requests.push({ url, headers, ...asked });
    const { status = 200, ...json } = answer(asked);
    return { ok: status < 300, status, json: async () => json };
  };
  return requests;
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test('a channel is joined once there is a connection, and again after each', async () => {
  const requests = laravel(() => ({}));
  const client = new FakeClient();
  const echo = new GatepostConnector({ client, csrfToken: 'csrf', auth: { headers: { a: 'b' } } });
  echo.channel('news');
  assert.equal(requests.length, 0);
  client.open('c1');
  echo.privateChannel('orders.7');
  echo.privateChannel('orders.7');
  client.open('c2');
  assert.deepEqual(requests.map((r) => [r.channel_name, r.socket_id]),
    [['news', 'c1'], ['private-orders.7', 'c1'], ['news', 'c2'], ['private-orders.7', 'c2']]);
  assert.equal(requests[0].url, '/broadcasting/auth');
  assert.equal(requests[0].headers['x-csrf-token'], 'csrf');
  assert.equal(requests[0].headers.a, 'b');
  assert.equal(echo.socketId(), 'c2');
});

test('a broadcast reaches the listeners of its channel and event', () => {
  laravel(() => ({}));
  const client = new FakeClient();
  const heard = [];
  const echo = new GatepostConnector({ client });
  const channel = echo.channel('news').listen('OrderShipped', (data) => heard.push(['class', data.n]))
    .listen('.short', (data) => heard.push(['short', data.n])).listenToAll((event) => heard.push(['all', event]));
  echo.channel('else').listen('.short', () => heard.push('else'));
  client.say({ event: 'App\\Events\\OrderShipped', channel: 'news', data: { n: 1 } });
  client.say({ event: 'short', channel: 'news', data: { n: 2 } });
  channel.stopListening('.short');
  client.say({ event: 'short', channel: 'news', data: { n: 3 } });
  client.say({ event: 'short', channel: 'unknown', data: {} });
  client.say('not JSON');
  client.say('null');
  assert.deepEqual(heard, [['class', 1], ['all', 'OrderShipped'], ['short', 2], ['all', '.short'], ['all', '.short']]);
});

test('a presence channel knows who is there', async () => {
  laravel(() => ({ members: [{ id: '1', info: { name: 'anna' } }] }));
  const client = new FakeClient();
  const heard = [];
  const echo = new GatepostConnector({ client });
  echo.presenceChannel('room').here((all) => heard.push(['here', all])).joining((who) => heard.push(['joining', who]))
    .leaving((who) => heard.push(['leaving', who])).subscribed(() => heard.push('subscribed'));
  client.open('c1');
  await settled();
  const say = (event, id, name) => client.say({ event, channel: 'presence-room', data: { id, info: { name } } });
  say('presence:joining', '1', 'anna'); // she is in the list already
  say('presence:joining', '2', 'bob');
  say('presence:leaving', '2', 'bob');
  assert.deepEqual(heard, ['subscribed', ['here', [{ name: 'anna' }]], ['joining', { name: 'bob' }], ['leaving', { name: 'bob' }]]);
});

test('a refusal is told, and a channel that was left is not joined again', async () => {
  const requests = laravel(({ leave }) => (leave ? {} : { status: 403 }));
  const client = new FakeClient();
  const echo = new GatepostConnector({ client });
  let status;
  echo.privateChannel('x').error((error) => { status = error.status; });
  client.open('c1');
  await settled();
  assert.equal(status, 403);
  echo.leave('x');
  client.open('c2');
  assert.deepEqual(requests.map((r) => [r.channel_name, r.leave]), [['private-x', undefined], ['private-x', 1]]);
});

// A page written for Pusher or Reverb uses these, too.
test('whatever listens can be taken off again', () => {
  laravel(() => ({}));
  const client = new FakeClient();
  const heard = [];
  const hear = (what) => () => heard.push(what);
  const kept = hear('kept');
  const channel = new GatepostConnector({ client }).privateChannel('chat')
    .listenForWhisper('typing', hear('whisper')).notification(hear('notification')).listenToAll(hear('all')).listenToAll(kept);
  const say = (event) => client.say({ event, channel: 'private-chat', data: {} });
  const notification = 'Illuminate\\Notifications\\Events\\BroadcastNotificationCreated';
  say('client-typing');
  say(notification);
  assert.deepEqual(heard.splice(0), ['whisper', 'all', 'kept', 'notification', 'all', 'kept']);
  channel.stopListeningForWhisper('typing').stopListeningForNotification().stopListeningToAll(kept);
  say('client-typing');
  say(notification);
  assert.deepEqual(heard.splice(0), ['all', 'all']);
  channel.stopListeningToAll();
  say('client-typing');
  client.say({ channel: 'private-chat', text: 'not a broadcast' });
  assert.deepEqual(heard, []);
});

test('all channels are left, however they are named', () => {
  const requests = laravel(() => ({}));
  const client = new FakeClient();
  client.clientId = 'c1';
  const echo = new GatepostConnector({ client });
  for (const name of ['constructor', '__proto__', 'news']) echo.channel(name);
  for (const name in echo.channels) echo.leaveChannel(name); // Echo's leaveAllChannels
  assert.deepEqual(requests.map((r) => [r.channel_name, r.leave]), [['constructor', undefined], ['__proto__', undefined], ['news', undefined],
    ['constructor', 1], ['__proto__', 1], ['news', 1]]);
});

test('the state of the connection is told in Echo\'s words', () => {
  const client = new FakeClient();
  const echo = new GatepostConnector({ client });
  const heard = [];
  echo.onConnectionChange((status) => heard.push(status));
  for (client.state of ['connecting', 'open', 'waiting', 'closed']) client.handlers.state(client.state);
  assert.deepEqual(heard, ['connecting', 'connected', 'reconnecting', 'disconnected']);
});

test('what the gateway has no feature for says so', (t) => {
  laravel(() => ({}));
  const { mock } = t.mock.method(console, 'warn', () => {});
  const echo = new GatepostConnector({ client: new FakeClient() });
  const room = echo.presenceChannel('room');
  assert.equal(room.whisper('typing', { name: 'anna' }), room);
  echo.privateChannel('room').whisper('typing', {});
  assert.equal(mock.callCount(), 1);
  assert.match(mock.calls[0].arguments[0], /no whispers/);
  assert.throws(() => echo.encryptedPrivateChannel('room'), /no encrypted channels/);
  assert.equal(String(GatepostConnector), 'GatepostConnector'); // in Echo's own error
});

test('a bearer token goes with each request to join', () => {
  const requests = laravel(() => ({}));
  const client = new FakeClient();
  client.clientId = 'c1';
  new GatepostConnector({ client, bearerToken: 'sanctum' }).channel('news');
  assert.equal(requests[0].headers.authorization, 'Bearer sanctum');
});

test('a token is fetched from Laravel', async () => {
  const requests = laravel(() => ({ token: 'jwt' }));
  assert.equal(await fetchToken()(), 'jwt');
  assert.equal(requests[0].url, '/gatepost/token');
  laravel(() => ({ status: 401 }));
  await assert.rejects(fetchToken('/t'), /401/);
});
