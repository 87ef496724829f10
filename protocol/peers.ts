/**
 * How a hub and a paired device speak over WebRTC: the frames of frames.ts, as on the hub's unix socket, on two reliable,
 * ordered data channels that are byte streams cut into messages.
 *
 * `control` carries what must not wait: frames of at most MAX_MESSAGE_BYTES, pings among them. `bytes` carries the rest in
 * order: output and snapshots, the events `attach.*` and the answers to `session.attach`, which have their place between
 * them, and whatever is larger. The device makes both channels, and sends on `control` only.
 */
export const CONTROL_CHANNEL = 'control';
export const BYTES_CHANNEL = 'bytes';
/** Largest message of a data channel; frames that are larger go in pieces. */
export const MAX_MESSAGE_BYTES = 16 * 1024;
/** Largest frame that a hub takes from a device. */
export const MAX_DEVICE_FRAME_BYTES = 1024 * 1024;

/** What a device may do: all that a user does, or look on. */
export type Role = 'user' | 'viewer';

/**
 * The least role for each method that devices may use. What is not here is for who can reach the hub's socket:
 * `eval`, `stop`, starting commands without an agent.
 */
export const peerMethods = {
  status: 'viewer',
  'agent.list': 'viewer',
  'agent.definitions': 'viewer',
  'agent.new': 'user',
  'agent.rm': 'user',
  'device.list': 'user',
  'device.rename': 'user',
  'device.revoke': 'user',
  'device.set_view_only': 'user',
  'connection.code': 'user',
  'session.list': 'viewer',
  'session.get': 'viewer',
  'session.screen': 'viewer',
  'session.history': 'viewer',
  /** A viewer's attach is made view-only. */
  'session.attach': 'viewer',
  'session.view': 'viewer',
  'session.detach': 'viewer',
  'host.watch': 'viewer',
  'session.send': 'user',
  'session.resize': 'user',
  'session.set_size_policy': 'user',
  'session.kill': 'user',
  'session.update': 'user',
  'session.remove': 'user',
} as const satisfies Readonly<Record<string, Role>>;

export type PeerMethod = keyof typeof peerMethods;

/** Why a device of `role` may not use `method`: `unknown` is for nobody but the machine's own user; undefined if it may. */
export function refusal(method: string, role: Role): 'unknown' | 'view_only' | undefined {
  if (!Object.hasOwn(peerMethods, method)) return 'unknown';
  return role === 'viewer' && peerMethods[method as PeerMethod] === 'user' ? 'view_only' : undefined;
}
