// The demo's page. Three things talk here: the WebSocket (the chat), an EventSource (what the
// backend saw and answered) and fetch (the push box). All text is untrusted and goes into the
// page by textContent only.
'use strict';

const $ = (id) => document.getElementById(id);
const kept = 300; // entries of a list; older ones are removed

function make(tag, props = {}, ...children) {
  const element = Object.assign(document.createElement(tag), props);
  element.append(...children);
  return element;
}

// append adds to a list and keeps its end in view, unless the reader has scrolled up.
function append(list, element) {
  const following = list.scrollHeight - list.scrollTop - list.clientHeight < 48;
  list.append(element);
  while (list.children.length > kept) list.firstElementChild.remove();
  if (following) list.scrollTop = list.scrollHeight;
}

// ---- who I am: one name for each window, kept over a reload ----

const me = {
  name: sessionStorage.getItem('name') || 'guest-' + Math.random().toString(36).slice(2, 6),
  room: sessionStorage.getItem('room') || '',
  clientID: '',
};
const setup = { ws: '', token: '', room: '' }; // the demo says

// ---- what goes over the wire ----

function pretty(value) {
  try { return JSON.stringify(typeof value === 'string' ? JSON.parse(value) : value, null, 2); } catch { return String(value); }
}

function hop(kind, title, summary, detail, { at = new Date(), other = false } = {}) {
  const time = make('time', { textContent: at.toLocaleTimeString([], { hour12: false }), dateTime: at.toISOString() });
  const line = make('summary', {}, make('b', { textContent: title }), make('span', { textContent: summary }), time);
  const item = make('li', { className: other ? 'other' : '' },
    make('details', {}, line, make('pre', { textContent: pretty(detail) })));
  item.dataset.hop = kind;
  append($('hops'), item);
}

function watchWire() {
  const source = new EventSource('/demo/wire');
  source.onmessage = (message) => {
    const x = JSON.parse(message.data);
    const other = x.client_id !== me.clientID && !(x.type === 'connect' && !me.clientID);
    const at = new Date(x.at);
    hop('event', 'POST ' + x.type, eventSummary(x), x.event, { at, other });
    hop('reply', String(x.status), x.verbs.join(', ') || 'nothing to do', x.reply, { at, other });
  };
  source.onerror = () => { // it comes back by itself, but not from an answer like 503
    if (source.readyState === EventSource.CLOSED) setTimeout(watchWire, 1000 + Math.random() * 4000);
  };
}

function eventSummary(x) {
  const data = x.event.data || {};
  const parts = ['seq ' + data.seq, 'signature ok'];
  if (data.uid) parts.push('uid ' + data.uid);
  if (x.attempt !== '1') parts.push('attempt ' + x.attempt);
  if (data.message) parts.push(data.message.text ?? 'binary');
  if (data.close) parts.push(data.close.code + ' by ' + data.close.initiator);
  return parts.join(' · ');
}

$('mine').onchange = () => $('hops').classList.toggle('mine', $('mine').checked);
$('clear').onclick = () => $('hops').replaceChildren();

// ---- the chat ----

let socket = null;
let attempt = 0;
let roster = 0; // version of the list that is shown

function status(state, text) {
  $('status').dataset.state = state;
  $('status').textContent = text;
  for (const control of $('say').elements) control.disabled = state !== 'open';
}

// connect asks for the set-up first, each time: a demo that was started anew has new secrets.
async function connect() {
  status('wait', 'Connecting…');
  me.clientID = '';
  roster = 0;
  try {
    const response = await fetch('/demo/setup');
    if (!response.ok) throw new Error(response.status);
    Object.assign(setup, await response.json());
  } catch {
    retry('The demo does not answer');
    return;
  }
  me.room ||= setup.room;
  $('room').value ||= me.room;
  const url = new URL(setup.ws, location.href);
  url.protocol = url.protocol.replace('http', 'ws');
  socket = new WebSocket(url);
  socket.onmessage = ({ data }) => received(data);
  socket.onclose = ({ code, reason }) => closed(code, reason);
}

// What a close code asks for: these mean that trying again would end the same way.
const final = new Set([1002, 1007, 1009, 4043]);

function closed(code, reason) {
  hop('down', 'close ' + code, reason || 'the connection has ended', { code, reason });
  if (final.has(code)) {
    status('closed', 'Closed with ' + code + '. Reload to connect again.');
    return;
  }
  retry('Disconnected (' + code + ')');
}

// retry waits with full jitter: when a node goes, its clients don't all come back at once.
function retry(why) {
  const wait = Math.random() * Math.min(30_000, 500 * 2 ** attempt++);
  status('wait', why + '; again in ' + (wait / 1000).toFixed(1) + ' s');
  setTimeout(connect, wait);
}

function send(what) {
  if (socket?.readyState !== WebSocket.OPEN) return false;
  const text = JSON.stringify(what);
  hop('up', 'frame', text, what);
  socket.send(text);
  return true;
}

function join() {
  send({ type: 'join', room: me.room, name: me.name });
  sessionStorage.setItem('name', me.name);
  sessionStorage.setItem('room', me.room);
  showCurl();
}

function received(data) {
  if (typeof data !== 'string') {
    hop('down', 'frame', data.size + ' bytes, binary', { bytes: data.size });
    return;
  }
  hop('down', 'frame', data, data);
  let line = null;
  try { line = JSON.parse(data); } catch { /* a push of plain text */ }
  const show = line && typeof line === 'object' && Object.hasOwn(lines, line.type) ? lines[line.type] : null;
  if (show) show(line); else bubble('pushed', 'pushed from outside', data);
}

const lines = {
  welcome: (line) => {
    attempt = 0;
    me.clientID = line.client_id;
    status('open', 'Connected as …' + line.client_id.slice(8, 16));
    join();
  },
  hello: () => {},
  joined: (line) => { online(line); note(line.name + ' is in ' + line.room); },
  left: (line) => { online(line); if (!line.online?.includes(line.name)) note(line.name + ' has left'); },
  say: (line) => bubble(line.from === me.name ? 'mine' : '', line.from, line.text),
  private: (line) => bubble(line.from === me.name ? 'mine private' : 'private',
    line.from + ' → ' + line.to + ', privately', line.text),
  error: (line) => append($('lines'), make('li', { className: 'fault', textContent: line.text })),
};

function note(text) { append($('lines'), make('li', { className: 'note', textContent: text })); }

function bubble(kind, who, text) {
  $('hint')?.remove();
  append($('lines'), make('li', { className: 'bubble ' + kind }, make('b', { textContent: who }), text));
}

// online shows the newest list: replies to different clients' events may overtake each other.
function online({ room, online: names = [], version = 0 }) {
  if (room !== me.room || version <= roster) return;
  roster = version;
  $('online').replaceChildren(...names.map((name) =>
    make('li', { textContent: name === me.name ? name + ' (you)' : name, className: name === me.name ? 'me' : '' })));
  const chosen = $('to').value;
  const others = names.filter((name) => name !== me.name);
  $('to').replaceChildren(new Option('everyone', ''), ...others.map((name) => new Option('only ' + name, name)));
  $('to').value = others.includes(chosen) ? chosen : '';
}

$('join').onsubmit = (event) => {
  event.preventDefault();
  me.name = $('name').value.trim();
  me.room = $('room').value.trim();
  join();
};

$('say').onsubmit = (event) => {
  event.preventDefault();
  const to = $('to').value;
  const text = $('text').value;
  if (send(to ? { type: 'private', to, text } : { type: 'say', text })) $('text').value = '';
};

// ---- the push box ----

function call() {
  const names = { group: '/push/groups/' + encodeURIComponent(me.room), uid: '/push/uids/' + encodeURIComponent(me.name), all: '/push/all' };
  return { path: names[$('target').value], text: $('body').value };
}

const quoted = (text) => "'" + text.replaceAll("'", "'\\''") + "'";

function showCurl() {
  const { path, text } = call();
  $('curl').textContent = ['curl', '-H', quoted('authorization: Bearer ' + setup.token),
    '-H', quoted('content-type: text/plain'), '--data-raw', quoted(text), quoted(location.origin + path)].join(' ');
}

async function push() {
  const { path, text } = call();
  const response = await fetch(path, {
    method: 'POST', body: text,
    headers: { authorization: 'Bearer ' + setup.token, 'content-type': 'text/plain' },
  });
  const answer = await response.text();
  hop('call', 'POST ' + path, response.status + ' ' + answer, answer);
  return response.status + ' ' + answer;
}

$('call').onsubmit = async (event) => {
  event.preventDefault();
  try { $('result').textContent = await push(); } catch (error) { $('result').textContent = String(error); }
};
$('call').oninput = showCurl;
$('copy').onclick = async () => {
  try {
    await navigator.clipboard.writeText($('curl').textContent);
    $('copy').textContent = 'Copied';
  } catch {
    getSelection().selectAllChildren($('curl'));
    $('copy').textContent = 'Selected';
  }
  setTimeout(() => { $('copy').textContent = 'Copy'; }, 1500);
};

// ---- begin ----

$('name').value = me.name;
$('room').value = me.room;
watchWire();
connect();
