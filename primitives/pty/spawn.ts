/**
 * One spawn, as the worker carries it out: the port is held until the host is asked, and an answer that got lost is
 * looked for instead of guessed, since a session must not be started twice nor forgotten.
 */
import { fail, type HubError, isHubError } from '../../base/errors.js';
import type { SessionRecord } from '../../protocol/session.js';
import type { HostLink } from './host-link.js';
import type { PortLeases } from './ports.js';
import type { SpawnParams, SpawnRequest } from './pty.calls.js';

/** Room for the rest of the request in a frame of 1 MiB. */
const MAX_PARAMS_BYTES = 1_000_000;

/** Errors: those of `pty.spawn`. */
export async function spawnSession(
  link: HostLink,
  ports: PortLeases,
  { params, lease, exclude }: SpawnRequest,
): Promise<SessionRecord | HubError> {
  const bytes = Buffer.byteLength(JSON.stringify(params));
  if (bytes > MAX_PARAMS_BYTES)
    return fail('pty.bad_config', `args, env and meta together are larger than ${MAX_PARAMS_BYTES} bytes`);
  const port = lease ? await ports.lease(new Set(exclude)) : params.port;
  if (isHubError(port)) return port;
  const request = port === undefined ? params : withPort(params, port);
  // A host that has to be started first takes its time; the port stays held meanwhile.
  if (!link.connected) await link.start();
  if (port !== undefined) await ports.release(port);
  try {
    return (await link.request('session.spawn', request, true)).session;
  } catch (thrown) {
    if (!isHubError(thrown) || thrown.code !== 'host.lost') throw thrown;
    return await findAgain(link, params.uuid, thrown);
  }
}

/** The session whose start was asked for when the connection broke. */
async function findAgain(link: HostLink, uuid: string, lost: HubError): Promise<SessionRecord> {
  try {
    return (await link.request('session.get', { id: uuid })).session;
  } catch {
    throw lost;
  }
}

function withPort(params: SpawnParams, port: number): SpawnParams {
  return { ...params, port, env: { PORT: String(port), ...params.env } };
}
