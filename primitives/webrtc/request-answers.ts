/**
 * Carries out what devices ask of the hub, and sends them the answers.
 *
 * Of a request's progress one message at a time is on its way to the worker; of those that come meanwhile only the last
 * counts. What cannot be told is of no account: the answer comes in any case.
 */
import { HubError, isHubError } from '../../base/errors.js';
import type { LuaRecord, LuaValue } from '../../base/values.js';
import { PROGRESS_EVENT } from '../../protocol/agents.js';
import { wireError } from '../../protocol/messages.js';
import type { HubContext } from '../context.js';
import type { WebrtcWorker } from './webrtc-worker.js';

export interface DeviceRequest {
  readonly peer: number;
  readonly id: number;
  readonly method: string;
  readonly params: LuaValue;
}

export async function answerDevice(
  hub: HubContext<never>,
  worker: WebrtcWorker,
  { peer, id, method, params }: DeviceRequest,
): Promise<void> {
  const outcome = await hub.request(method, params, progressReport(worker, peer, id));
  const answer =
    outcome instanceof HubError
      ? { id, ok: false, error: wireError(outcome) }
      : { id, ok: true, value: outcome };
  const failed = await worker.call('respond', { peer, answer });
  if (!isHubError(failed)) return;
  hub.counters.add('webrtc.responses_lost');
  hub.log.log('warn', 'an answer could not be sent', { peer, method, error: failed.message });
}

function progressReport(worker: WebrtcWorker, peer: number, id: number): (progress: LuaRecord) => void {
  let sending = false;
  let next: LuaRecord | undefined;
  const send = async (progress: LuaRecord): Promise<void> => {
    sending = true;
    await worker.call('notify_peer', { peer, name: PROGRESS_EVENT, data: { ...progress, request_id: id } });
    sending = false;
    const last = next;
    next = undefined;
    if (last !== undefined) await send(last);
  };
  return (progress) => {
    if (sending) next = progress;
    else void send(progress);
  };
}
