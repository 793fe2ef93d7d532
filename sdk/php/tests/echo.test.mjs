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
  assert.deepEqual(heard, [['class', 1], ['all', 'App\\Events\\OrderShipped'], ['short', 2], ['all', 'short'], ['all', 'short']]);
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

test('a token is fetched from Laravel', async () => {
  const requests = laravel(() => ({ token: 'jwt' }));
  assert.equal(await fetchToken()(), 'jwt');
  assert.equal(requests[0].url, '/gatepost/token');
  laravel(() => ({ status: 401 }));
  await assert.rejects(fetchToken('/t'), /401/);
});
