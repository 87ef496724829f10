/** Who may connect, and what an offer must look like. */
import { expect, test } from 'vitest';
import { DeviceSessions, deviceFact } from '../../../primitives/webrtc/device-sessions.js';
import { checkOffer } from '../../../primitives/webrtc/offer.js';

function told(...facts: readonly (readonly [name: string, data: Record<string, unknown>])[]): DeviceSessions {
  const sessions = new DeviceSessions();
  for (const [name, data] of facts) sessions.take(deviceFact(name, data as never)!);
  return sessions;
}

const session = (identity: string, device_id: string, view_only = false) =>
  ['device_session', { identity, device_id, name: 'Phone', view_only }] as const;

test('identities come and go with the facts of their device', () => {
  const facts = [session('a:1', 'a'), session('a:2', 'a'), session('b:1', 'b', true)] as const;
  expect(told(...facts).get('b:1')).toMatchObject({ device_id: 'b', view_only: true });
  expect(told(...facts, ['device_session_ended', { identity: 'a:1' }]).get('a:1')).toBeUndefined();
  const revoked = told(...facts, ['device_revoked', { device_id: 'a' }]);
  expect([revoked.get('a:1'), revoked.get('a:2')]).toEqual([undefined, undefined]);
  expect(revoked.get('b:1')).toBeDefined();
  const changed = told(...facts, ['device_changed', { device_id: 'a', name: 'Old phone', view_only: true }]);
  expect(changed.get('a:2')).toMatchObject({ name: 'Old phone', view_only: true });
});

test('other facts, and malformed ones, are no facts of devices', () => {
  expect(deviceFact('session_started', {})).toBeUndefined();
  expect(deviceFact('device_session', { identity: 'a:1' })).toBeUndefined();
  expect(deviceFact('toString', {})).toBeUndefined();
});

test('however many identities there are, a bounded number is kept: the newest', () => {
  const sessions = told(...Array.from({ length: 2_000 }, (_, n) => session(`a:${n}`, 'a')));
  expect(sessions.get('a:0')).toBeUndefined();
  expect(sessions.get('a:1999')).toBeDefined();
});

test('an offer is small, for data only, and names a certificate', () => {
  const good = 'v=0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=fingerprint:sha-256 AA:BB\r\n';
  expect(checkOffer(good, 1_000)).toBeUndefined();
  expect(checkOffer(good, 50)?.code).toBe('webrtc.sdp_too_large');
  expect(checkOffer(`${good}m=video 9 X 1\r\n`, 1_000)?.code).toBe('webrtc.bad_sdp');
  expect(checkOffer(good.replace('sha-256', 'sha-1'), 1_000)?.code).toBe('webrtc.bad_sdp');
  expect(checkOffer('', 1_000)?.code).toBe('webrtc.bad_sdp');
});
