/**
 * The behaviour of `webrtc` on the hub's side: who may connect (device-sessions.ts), which connection is whose
 * (connections.ts), and passing on what the worker and the hub have to say to each other. The worker starts when the first
 * device has proved who it is.
 *
 * That a device was revoked, or may do other things now, ends its connections from here, without Lua.
 */
import { fail, HubError, isHubError, messageOf } from '../../base/errors.js';
import type { Infer } from '../../base/schema.js';
import type { LuaRecord, LuaValue } from '../../base/values.js';
import type { HubContext } from '../context.js';
import { type EventsOf, implement } from '../define.js';
import { type IceSettings, readIceSettings } from '../ice-settings.js';
import { printJson } from '../json/print.js';
import { type ConnectionEntry, Connections } from './connections.js';
import { type DeviceFact, type DeviceSession, DeviceSessions, deviceFact } from './device-sessions.js';
import { EarlyCandidates } from './early-candidates.js';
import { peerLimits } from './limits.js';
import { answerDevice } from './request-answers.js';
import type { RtcCandidate } from './rtc.js';
import { type signaledCandidate, webrtcDef } from './webrtc.def.js';
import { WebrtcWorker } from './webrtc-worker.js';
import { WorkerCounts } from './worker-counts.js';

const MAX_APP_MESSAGE_BYTES = 1024 * 1024;

export const webrtc = implement(webrtcDef, (hub: HubContext<EventsOf<typeof webrtcDef>>) => {
  const sessions = new DeviceSessions();
  const worker = new WebrtcWorker(hub);
  const connections = new Connections(hub, worker);
  const counts = new WorkerCounts(hub.counters);
  const early = new EarlyCandidates();

  /** Gives the worker an offer. Undefined if that is done, or another offer has taken its place. */
  async function offer(entry: ConnectionEntry, session: DeviceSession, sdp: string) {
    const { peer, identity } = entry;
    const { device_id, name, view_only } = session;
    let ice: IceSettings;
    try {
      ice = await readIceSettings(hub.identity.dataDir);
    } catch (thrown) {
      if (!isHubError(thrown)) throw thrown;
      return fail('webrtc.unavailable', messageOf(thrown));
    }
    if (connections.of(identity) !== entry) return undefined;
    // Meanwhile it may have been revoked, or become view-only.
    if (sessions.get(identity)?.view_only !== view_only) return unknownDevice(identity);
    return await worker.call('offer', { peer, identity, device_id, name, view_only, sdp, ice });
  }

  function addCandidate({ peer, offered }: ConnectionEntry, candidate: RtcCandidate | undefined): void {
    void offered.then(() => worker.call('candidate', { peer, candidate }));
  }

  function take(fact: DeviceFact): void {
    sessions.take(fact);
    if (fact.name === 'device_session') worker.warm();
    if (fact.name === 'device_changed') connections.renamed(fact.data.device_id, fact.data.name);
    // Without a worker there are no connections.
    if (!worker.isStarted) return;
    if (fact.name === 'device_revoked')
      void worker.call('close_device', {
        device_id: fact.data.device_id,
        unless_view_only: undefined,
        code: 'device.revoked',
        message: 'This device was removed from the hub. Pair it again to use it.',
      });
    if (fact.name === 'device_changed')
      void worker.call('close_device', {
        device_id: fact.data.device_id,
        unless_view_only: fact.data.view_only,
        code: 'device.role_changed',
        message: 'What this device may do has changed. Connect again.',
      });
  }

  const functions = {
    async handle_offer(identity: string, sdp: string) {
      const session = sessions.get(identity);
      if (session === undefined) return refused(unknownDevice(identity));
      if (sdp.length > peerLimits.maxSdpBytes)
        return refused(fail('webrtc.sdp_too_large', `an offer may have ${peerLimits.maxSdpBytes} bytes`));
      const entry = connections.open(identity, session);
      const outcome = offer(entry, session, sdp);
      entry.offered = outcome.catch(() => undefined);
      for (const candidate of early.take(identity)) addCandidate(entry, candidate);
      const failed = await outcome;
      if (failed === undefined) return undefined;
      connections.closed(entry.peer, failed.message);
      return failed;
    },
    handle_ice_candidate(identity: string, candidate: CandidateFields) {
      if (sessions.get(identity) === undefined) return unknownDevice(identity);
      if (Buffer.byteLength(candidate.candidate ?? '') > peerLimits.maxCandidateBytes)
        return fail('webrtc.bad_value', `a candidate may have ${peerLimits.maxCandidateBytes} bytes`);
      const found = rtcCandidate(candidate);
      const entry = connections.of(identity);
      if (entry === undefined) early.hold(identity, found);
      else addCandidate(entry, found);
      return undefined;
    },
    send(identity: string, message: LuaValue) {
      const plain = plainJson(message);
      return plain instanceof HubError ? plain : connections.send(identity, plain.data, plain.bytes);
    },
    send_binary(identity: string, data: Uint8Array) {
      const binary_base64 = Buffer.from(data).toString('base64');
      if (binary_base64.length > MAX_APP_MESSAGE_BYTES) return tooLarge();
      return connections.send(identity, { binary_base64 }, binary_base64.length);
    },
    async peers() {
      const list = worker.isStarted ? await worker.call('peers', undefined) : [];
      if (list instanceof HubError) return list;
      return list.map(({ peer: _, identity, connected_s, path, rtt_ms, ...more }) => ({
        peer_id: identity,
        ...more,
        ...(connected_s === undefined ? {} : { connected_s }),
        ...(path === undefined ? {} : { path }),
        ...(rtt_ms === undefined ? {} : { rtt_ms }),
      }));
    },
    close_peer(identity: string, reason = 'The hub closed this connection.') {
      const entry = connections.of(identity);
      if (entry === undefined) return false;
      void worker.call('close_peer', { peer: entry.peer, code: 'webrtc.closed', message: reason });
      return true;
    },
    _tell: (identity: string, name: string, data: LuaValue) => connections.tell(identity, name, data),
  };

  function refused<E extends HubError>(error: E): E {
    hub.counters.add('webrtc.offers_refused');
    return error;
  }

  return {
    engine: () => functions,
    handlers: {
      'webrtc.answer': ({ peer, sdp }) => {
        const entry = connections.get(peer);
        if (entry !== undefined) hub.notify('webrtc_answer', { identity: entry.identity, sdp });
      },
      'webrtc.candidate': ({ type: _, peer, ...found }) => {
        const entry = connections.get(peer);
        if (entry !== undefined) hub.notify('webrtc_candidate', { identity: entry.identity, ...found });
      },
      'webrtc.connected': ({ peer }) => connections.connected(peer),
      'webrtc.closed': ({ peer, reason }) => connections.closed(peer, reason),
      'webrtc.request': (request) => void answerDevice(hub, worker, request),
      'webrtc.message': ({ peer, data }) => {
        const entry = connections.get(peer);
        if (entry !== undefined) hub.notify('webrtc_message', { peer_id: entry.identity, data });
      },
      'webrtc.counted': ({ totals }) => counts.take(totals),
      'webrtc.paths': ({ paths }) => connections.found(paths),
    },
    status() {
      // A hub that no browser has met says nothing of them.
      if (!worker.isStarted) return {};
      const browsers = connections.summaries();
      return { peers: browsers.length, browsers };
    },
    notify(name, data) {
      const fact = deviceFact(name, data);
      if (fact !== undefined) take(fact);
      if ((name !== 'worker.restarted' && name !== 'worker.failed') || !isOfWorker(data)) return;
      counts.restarted();
      connections.allClosed('the worker that has the connections died');
    },
  };
});

type CandidateFields = Infer<typeof signaledCandidate>;

function rtcCandidate({ candidate, sdp_mid, sdp_m_line_index }: CandidateFields): RtcCandidate | undefined {
  if (candidate === undefined || candidate === '') return undefined;
  return {
    candidate,
    ...(sdp_mid === undefined ? {} : { sdp_mid }),
    ...(sdp_m_line_index === undefined ? {} : { sdp_m_line_index }),
  };
}

/** A value as JSON has it, and its size. */
function plainJson(value: LuaValue): { data: LuaValue; bytes: number } | HubError<'webrtc.bad_value'> {
  try {
    const text = printJson(value);
    const bytes = Buffer.byteLength(text);
    return bytes > MAX_APP_MESSAGE_BYTES ? tooLarge() : { data: JSON.parse(text) as LuaValue, bytes };
  } catch (thrown) {
    if (!isHubError(thrown)) throw thrown;
    return fail('webrtc.bad_value', thrown.message);
  }
}

function tooLarge(): HubError<'webrtc.bad_value'> {
  return fail('webrtc.bad_value', `a message may have ${MAX_APP_MESSAGE_BYTES} bytes`);
}

function unknownDevice(identity: string): HubError<'webrtc.unknown_device'> {
  const text = `no paired device has proved to be ${JSON.stringify(identity.slice(0, 100))}`;
  return fail('webrtc.unknown_device', text);
}

function isOfWorker(data: LuaValue): boolean {
  return (data as LuaRecord | null | undefined)?.['worker'] === WebrtcWorker.workerName;
}
