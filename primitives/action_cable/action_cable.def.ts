/**
 * The Lua global `action_cable`: a client of Action Cable, the channels that Rails speaks over a WebSocket. The worker
 * (cable-connection.ts) keeps the connections; who they belong to is action_cable.ts; sealing is the companion's
 * (lua/lib/action_cable.lua).
 */
import { named, t } from '../../base/schema.js';
import { definePrimitive, event, fn } from '../define.js';

const connName = t.text({ maxBytes: 32 });
const conn = named('conn', t.name, 'From `action_cable.connect`.');
const channelId = named('channel_id', t.id('channel'), 'From `action_cable.subscribe`.');
const options = named(
  'opts',
  t.opt(t.object({ crypto: t.opt(t.bool), url: t.opt(t.str) }, 'ActionCableOptions')),
  `\`url\`: a \`ws:\` or \`wss:\` address (\`http:\` and \`https:\` mean the same); without it, where this hub's signals go.
\`crypto\`: messages are the sealed envelopes of paired devices, opened and sealed with \`connection\`.`,
);
const callback = named(
  'callback',
  t.fn(
    named('msg', t.any, 'What the server broadcast.'),
    named('channel_id', t.id('channel'), 'Which subscription it came by.'),
  ),
  'Called for each message, in order. It may wait.',
);
const params = named('params', t.opt(t.map(t.any)), 'What the channel is subscribed with, beside its name.');
const data = named('data', t.opt(t.map(t.any)), 'What the action gets.');
const channelName = named('channel_name', t.name, 'The class of the channel: `ChatChannel`.');

const unknownConnection = {
  'action_cable.unknown_connection':
    'The plugin has no such connection: it was closed, or the server ended it.',
} as const;
const unknownChannel = {
  'action_cable.unknown_channel':
    'The plugin has no such subscription: it was ended, the server rejected it, or its connection is over.',
} as const;
const badMessage = {
  'action_cable.bad_message': 'What is to be sent cannot be written as JSON. The message says why.',
  'action_cable.too_large': 'It would be larger than 256 KiB.',
} as const;
const connectErrors = {
  'action_cable.bad_url': 'The address is no ws, wss, http or https URL.',
  'action_cable.limit': 'The plugin already has 8 connections.',
  'action_cable.failed': 'The worker that keeps connections failed for good.',
} as const;
const subscribeErrors = {
  ...unknownConnection,
  ...badMessage,
  'action_cable.limit': 'The connection already has 64 subscriptions.',
} as const;
const performErrors = { ...unknownChannel, ...badMessage } as const;

export const actionCableDef = definePrimitive({
  name: 'action_cable',
  doc: `Talks to Action Cable servers: the hub's own signaling, or any Rails application. All on a thread of its own.

Nothing here waits. A connection is kept until it is closed, or the server says that it must not come back: it is opened
again when it breaks (almost at once, then every 2 s, after a minute every 10 s), also when the server is silent for 7 s,
and everything is subscribed again. What is performed meanwhile waits for that: 256 messages of a connection, then the
oldest is dropped and counted. A message that was sent right before a break may be lost, and so may what others sent
meanwhile: Action Cable promises no more. Nor does it promise order: the hub's own relay keeps it, Rails does not.

The hub tells (\`events.on\`): \`action_cable_connected\` (\`conn\`, \`url\`), \`action_cable_disconnected\` (\`conn\`, \`url\`,
\`reason\`, \`will_reconnect\`: false means that the connection is over), \`action_cable_subscribed\` (\`conn\`,
\`channel_id\`, \`channel\`, \`again\` after a reconnect), \`action_cable_rejected\` (\`conn\`, \`channel_id\`, \`channel\`: the
subscription is over). A \`url\` is told without what may be secret in it: user, password and query.`,
  companion: 'lib/action_cable.lua',
  functions: {
    connect: fn({
      by: 'companion',
      doc: `Opens a connection and returns at once. With \`crypto = true\`, handshakes of devices are answered by themselves, and
callbacks get \`{type, identity, device_id, view_only, ...}\` of devices that have proved who they are, and nothing else.`,
      params: [options],
      returns: [named('conn', t.str, 'Its name, such as `cable-1`.')],
      errors: connectErrors,
      example: `local conn = assert(action_cable.connect{ url = "ws://127.0.0.1:2/cable" })
assert(type(conn) == "string")
action_cable.close(conn)
local none, err = action_cable.connect{ url = "gopher://example.com" }
assert(none == nil and err.code == "action_cable.bad_url")`,
    }),
    subscribe: fn({
      by: 'companion',
      doc: `Subscribes to a channel, as soon as the connection is there, and again after every break. Equal parameters on one
connection share one subscription at the server.`,
      params: [conn, channelName, params, callback],
      returns: [channelId],
      errors: subscribeErrors,
      example: `local conn = assert(action_cable.connect{ url = "ws://127.0.0.1:2/cable" })
local id = assert(action_cable.subscribe(conn, "ChatChannel", { room = "lobby" }, function(msg, channel_id)
  log.info(json.encode(msg))
end))
action_cable.close(conn)`,
    }),
    unsubscribe: fn({
      by: 'companion',
      doc: 'Ends a subscription. Once it returns, the callback is not called any more, whatever had arrived.',
      params: [channelId],
      returns: [named('ended', t.bool, 'False if it was over before, or is not of this plugin.')],
      errors: {},
      example: `local conn = assert(action_cable.connect{ url = "ws://127.0.0.1:2/cable" })
local id = assert(action_cable.subscribe(conn, "ChatChannel", {}, function() end))
assert(action_cable.unsubscribe(id) == true and action_cable.unsubscribe(id) == false)
action_cable.close(conn)`,
    }),
    perform: fn({
      by: 'companion',
      doc: `Calls an action of a channel at the server. True means that it is on its way, not that it arrived. On a connection with
\`crypto = true\`, data with an \`identity\` is sealed for that device first, which waits.`,
      params: [channelId, named('action', t.name, 'The name of the method.'), data],
      returns: [],
      errors: performErrors,
      example: `local conn = assert(action_cable.connect{ url = "ws://127.0.0.1:2/cable" })
local id = assert(action_cable.subscribe(conn, "ChatChannel", { room = "lobby" }, function() end))
assert(action_cable.perform(id, "speak", { text = "hello" }))
action_cable.close(conn)
local ok, err = action_cable.perform(id, "speak", { text = "too late" })
assert(ok == nil and err.code == "action_cable.unknown_channel")`,
    }),
    close: fn({
      by: 'companion',
      doc: 'Closes a connection and ends its subscriptions. No fact is told.',
      params: [conn],
      returns: [named('closed', t.bool, 'False if it was over before, or is not of this plugin.')],
      errors: {},
      example: `local conn = assert(action_cable.connect{ url = "ws://127.0.0.1:2/cable" })
assert(action_cable.close(conn) == true and action_cable.close(conn) == false)`,
    }),
    _connect: fn({
      by: 'hidden',
      shownAs: 'action_cable.connect',
      doc: 'Opens a connection.',
      params: [options],
      returns: [named('conn', t.str, 'Its name.')],
      errors: connectErrors,
      example: '',
    }),
    _subscribe: fn({
      by: 'hidden',
      shownAs: 'action_cable.subscribe',
      doc: 'Subscribes.',
      params: [conn, channelName, params, callback],
      returns: [channelId],
      errors: subscribeErrors,
      example: '',
    }),
    _unsubscribe: fn({
      by: 'hidden',
      shownAs: 'action_cable.unsubscribe',
      doc: 'Ends a subscription.',
      params: [channelId],
      returns: [named('ended', t.bool, 'Whether there was one.')],
      errors: {},
      example: '',
    }),
    _perform: fn({
      by: 'hidden',
      shownAs: 'action_cable.perform',
      doc: 'Calls an action.',
      params: [channelId, named('action', t.name, 'The name of the method.'), data],
      returns: [],
      errors: performErrors,
      example: '',
    }),
    _close: fn({
      by: 'hidden',
      shownAs: 'action_cable.close',
      doc: 'Closes a connection.',
      params: [conn],
      returns: [named('closed', t.bool, 'Whether there was one.')],
      errors: {},
      example: '',
    }),
  },
  events: {
    connected: event('control', 'The server greeted.', { conn: connName }),
    disconnected: event('control', 'The connection broke, or could not be made; or the server ended it.', {
      conn: connName,
      reason: t.text({ maxBytes: 512 }),
      will_reconnect: t.bool,
    }),
    subscribed: event('control', 'The server confirmed a subscription.', {
      conn: connName,
      channel_id: t.id('channel'),
      again: t.bool,
    }),
    rejected: event('control', 'The server refused a subscription. It is over.', {
      conn: connName,
      channel_id: t.id('channel'),
    }),
    received: event('control', 'A message came.', {
      conn: connName,
      channel_id: t.id('channel'),
      message: t.any,
    }),
    counted: event(
      'bulk',
      'Something to count happened. The total is since the worker started.',
      { fact: t.oneOf('malformed', 'perform_dropped', 'reconnect_attempts'), total: t.int() },
      { key: 'fact' },
    ),
  },
});
