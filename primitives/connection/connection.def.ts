/**
 * The Lua global `connection`: pairing, paired devices, and the sealing of signals. Keys and cryptography are on a worker
 * thread (connection.worker.ts, pairing/); the protocol is in docs/security.md.
 */
import { named, t } from '../../base/schema.js';
import { definePrimitive, fn } from '../define.js';

const worker = {
  'connection.storage':
    'The keys of this hub cannot be read or written. The message says why, and what to do.',
  'connection.lost': 'The worker that has the keys died, or does not answer.',
} as const;
const noPage = { 'connection.unavailable': 'This hub serves no page, so there is no URL to open.' } as const;
const unknown = { 'connection.unknown_device': 'No paired device has this id.' } as const;

const codeOptions = named(
  'opts',
  t.opt(t.object({ view_only: t.opt(t.bool) }, 'ConnectionCodeOptions')),
  '`view_only`: who pairs with it can look on only.',
);
const code = t.object({ url: t.str, view_only: t.bool, created_at: t.str }, 'ConnectionCode');
const device = t.object(
  { id: t.str, name: t.str, view_only: t.bool, paired_at: t.str, last_seen_at: t.opt(t.str) },
  'PairedDevice',
);
const unsealed = t.object(
  {
    identity: t.str,
    device_id: t.str,
    view_only: t.bool,
    reply: t.opt(t.str),
    signal: t.opt(t.any),
  },
  'Unsealed',
);
const sealed = t.object({ peer: t.str, data: t.str }, 'Sealed');
const deviceId = named('id', t.text({ maxBytes: 64 }), 'The whole id, of 32 hexadecimal digits.');

export const connectionDef = definePrimitive({
  name: 'connection',
  doc: `Pairs devices with this hub, and seals what is said to them through a relay.

A connection code is a URL with a one-time secret behind its \`#\`. Whoever opens it in a browser pairs that browser, once;
then there is a new code. A code that is not used is good for a day, or until \`connection.regenerate\`. Events:
\`connection_code_ready\` (\`url\`, \`view_only\`, \`created_at\`), also when a used code was replaced, and \`connection_code_failed\`
(\`code\`, \`error\`); \`device_paired\`, \`device_changed\` (\`device_id\`, \`name\`, \`view_only\`), \`device_revoked\` (\`device_id\`);
\`device_session\` (\`identity\`, \`device_id\`, \`name\`, \`view_only\`) when a device has proven who it is, \`device_session_ended\`
(\`identity\`), \`device_rekey\` (\`identity\`, \`device_id\`, \`peer\`, \`data\`: to be sent, so that the device hears of it);
\`connection_store_damaged\` (\`kept_at\`).`,
  functions: {
    generate: fn({
      doc: 'Tells the connection code by the event `connection_code_ready`; makes one if there is none.',
      params: [codeOptions],
      returns: [],
      errors: {},
      example: `events.on("connection_code_ready", function(code) log.debug("made " .. code.created_at) end)
connection.generate()`,
    }),
    regenerate: fn({
      doc: 'Makes a new connection code, and tells it by the event `connection_code_ready`. The one before is worth nothing any more.',
      params: [codeOptions],
      returns: [],
      errors: {},
      example: 'connection.regenerate{ view_only = true }',
    }),
    code: fn({
      waits: true,
      doc: 'Gets the connection code; makes one if there is none.',
      params: [
        named(
          'opts',
          t.opt(t.object({ view_only: t.opt(t.bool), renew: t.opt(t.bool) }, 'ConnectionCodeRequest')),
          '`view_only`: who pairs with it can look on only; `renew`: a new one in any case.',
        ),
      ],
      returns: [named('code', code, '`created_at` in UTC, ISO 8601.')],
      errors: { ...worker, ...noPage },
      example: `local code, err = connection.code()
assert(code or err.code == "connection.unavailable")`,
    }),
    copy_to_clipboard: fn({
      waits: true,
      doc: `Puts the URL of the connection code into the clipboard of the desktop on which the hub runs: by pbcopy, wl-copy, xclip,
xsel or clip.exe.`,
      params: [],
      returns: [],
      errors: {
        ...worker,
        ...noPage,
        'connection.no_clipboard': 'There is no program for that. The message says which to install.',
        'connection.clipboard_failed': 'The program failed.',
      },
      example: `local done, err = connection.copy_to_clipboard()
assert(done or err.code == "connection.unavailable")`,
    }),
    address: fn({
      waits: true,
      doc: 'Gets the name under which devices find this hub at a relay. It comes from the hub’s public key, and is no secret.',
      params: [],
      returns: [named('address', t.str, '22 letters.')],
      errors: worker,
      example: 'assert(#connection.address() == 22)',
    }),
    unseal: fn({
      waits: true,
      doc: `Opens an envelope that came through a relay. What is not from a device that may speak to this hub, or came before, is
dropped: no answer is to be given, and a counter \`connection.dropped_<reason>\` counts it. Call it in the order in which
envelopes come.`,
      params: [
        named('peer', t.str, 'Who sent it, as the relay says.'),
        named('data', t.str, 'The envelope. Of any size: one that is too large is dropped, too.'),
      ],
      returns: [
        named(
          'unsealed',
          unsealed,
          '`reply` is to be sent to the peer. `signal` is what the device says: a table with a `type`. `identity` names its connection.',
        ),
      ],
      errors: { ...worker, 'connection.dropped': 'It was dropped. `err.details.reason` says why.' },
      example: `local opened, err = connection.unseal(("p"):rep(22), "no envelope")
assert(opened == nil and err.code == "connection.dropped" and err.details.reason == "malformed")`,
    }),
    seal: fn({
      waits: true,
      doc: 'Seals a signal for a device.',
      params: [
        named('identity', t.text({ maxBytes: 64 }), 'A connection of it, as in `device_session`.'),
        named('signal', t.any, 'A table with a `type`: answer, candidate, rekey.'),
      ],
      returns: [named('sealed', sealed, 'To be sent: `data` to `peer`.')],
      errors: {
        ...worker,
        'connection.no_session': 'There is no such connection, or not any more.',
        'connection.bad_signal': 'It is no signal, or too large.',
      },
      example: `local sealed, err = connection.seal("nobody:00", { type = "rekey" })
assert(sealed == nil and err.code == "connection.no_session")`,
    }),
    devices: fn({
      waits: true,
      doc: 'Lists the paired devices.',
      params: [],
      returns: [named('devices', t.list(device), 'The first paired first. Times in UTC, ISO 8601.')],
      errors: worker,
      example: 'assert(#connection.devices() == 0)',
    }),
    rename_device: fn({
      waits: true,
      doc: 'Gives a device another name.',
      params: [deviceId, named('name', t.text({ maxBytes: 400 }), 'Up to 100 bytes.')],
      returns: [],
      errors: {
        ...worker,
        ...unknown,
        'connection.bad_name': 'There is nothing of it that can be shown, or it is too long.',
      },
      example: `local done, err = connection.rename_device("nobody", "My phone")
assert(done == nil and err.code == "connection.unknown_device")`,
    }),
    set_view_only: fn({
      waits: true,
      doc: 'Says whether a device may only look on. Its connections are ended when it may do less than before.',
      params: [deviceId, named('view_only', t.bool, 'False: it may do everything.')],
      returns: [],
      errors: { ...worker, ...unknown },
      example: `local done, err = connection.set_view_only("nobody", true)
assert(done == nil and err.code == "connection.unknown_device")`,
    }),
    revoke_device: fn({
      waits: true,
      doc: `Forgets a device, and ends its connections at once. It hears nothing more from this hub, not even that. If that cannot
be written down it fails with \`connection.storage\`, and the device is revoked until the hub ends.`,
      params: [deviceId],
      returns: [],
      errors: { ...worker, ...unknown },
      example: `local done, err = connection.revoke_device("nobody")
assert(done == nil and err.code == "connection.unknown_device")`,
    }),
    restart_ratchet: fn({
      waits: true,
      doc: `Throws away the keys of a connection, or of all connections of a device; data channels stay. The event \`device_rekey\` has
what the device is to be sent, so that it greets again; without that it does so when it gets no answer.`,
      params: [named('id', t.text({ maxBytes: 64 }), 'Of a connection (`identity`) or of a device.')],
      returns: [named('count', t.int({ min: 0 }), 'How many connections that were.')],
      errors: worker,
      example: 'assert(connection.restart_ratchet("nobody") == 0)',
    }),
  },
});
