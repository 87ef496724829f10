/**
 * Envelopes that come: who sent them, whether they are new, what is in them. Whatever is not right is dropped without an
 * answer, and the reason is for the counters only.
 *
 * Keeps true: a greeting changes nothing but when its device greeted last, and costs one answer; a device is paired, and a
 * connection is one, when the first sealed signal came, which proves that the other side is there now. A code is used up in
 * that moment.
 */

import type { Clock } from '../../base/clock.js';
import { HubError, isHubError } from '../../base/errors.js';
import type { TokenBucket } from '../../base/token-bucket.js';
import { type Envelope, readEnvelope } from '../../pairing/envelope.js';
import { type GreetingProblem, HubHandshake } from '../../pairing/hub-handshake.js';
import type { ChannelProblem } from '../../pairing/sealed-channel.js';
import type { Sodium } from '../../pairing/sodium.js';
import type { HubGreeting } from '../../protocol/signals.js';
import type { DropReason, Fact, Unsealed } from './connection.calls.js';
import { deviceFact, nameOf } from './device-names.js';
import { type Code, type Device, type Ledger, MAX_DEVICES } from './ledger.js';
import type { Session, Sessions } from './sessions.js';

export interface IntakeOptions {
  readonly sodium: Sodium;
  readonly clock: Clock;
  readonly ledger: Ledger;
  readonly sessions: Sessions;
  /** A greeting without a token is dropped before any cryptography. */
  readonly gate: TokenBucket;
  /** What devices are told, but for themselves. */
  readonly greeting: () => Promise<Omit<HubGreeting, 'device'>>;
  readonly tell: (fact: Fact) => void;
  /** A code took the place of a used one. */
  readonly tellCode: (code: Code) => void;
  readonly complain: (message: string) => void;
}

const reasons: Readonly<Record<GreetingProblem | ChannelProblem, DropReason>> = {
  'pairing.oversized': 'oversized',
  'pairing.malformed': 'malformed',
  'pairing.not_greeting': 'malformed',
  'pairing.bad_greeting': 'malformed',
  'pairing.bad_signal': 'malformed',
  'pairing.bad_secret': 'bad_secret',
  'pairing.tampered': 'tampered',
  'pairing.replayed': 'replayed',
  'pairing.other_connection': 'unknown_connection',
  'pairing.closed': 'unknown_connection',
};

export class Intake {
  readonly #options: IntakeOptions;

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  /** Not while one before is under way. */
  async take(peer: string, data: string): Promise<Unsealed> {
    const envelope = readEnvelope(data);
    if (isHubError(envelope)) return drop(reasons[envelope.code as ChannelProblem]);
    if (envelope.kind === 'sealed') return await this.#signal(peer, envelope);
    if (envelope.kind === 'reply') return drop('malformed');
    return await this.#greet(peer, envelope);
  }

  async #greet(peer: string, envelope: Envelope): Promise<Unsealed> {
    const { sodium, ledger, sessions, gate } = this.#options;
    if (!gate.take()) return drop('too_many');
    if (sessions.get(envelope.connectionId) !== undefined) return drop('replayed');
    const { keys, address: hubAddress, codes } = ledger;
    const secrets = codes.map(({ secret }) => secret);
    const handshake = HubHandshake.read(sodium, envelope, { keys, hubAddress, secrets });
    if (handshake instanceof HubError) return drop(reasons[handshake.code]);
    const code = handshake.secretIndex === undefined ? undefined : codes[handshake.secretIndex];
    const refused = this.#refusal(handshake, code);
    if (refused !== undefined) {
      handshake.refuse();
      return drop(refused);
    }
    return await this.#answer(peer, handshake, code);
  }

  #refusal({ deviceId, greeting }: HubHandshake, code: Code | undefined): DropReason | undefined {
    const { ledger } = this.#options;
    const device = ledger.devices.get(deviceId);
    if (code === undefined && device === undefined)
      return ledger.wasRevoked(deviceId) ? 'revoked' : 'unknown_device';
    if (device === undefined && ledger.devices.size >= MAX_DEVICES) return 'too_many';
    // A code is good once in any case. So a device whose clock was wrong can come back by pairing again.
    if (code !== undefined) return undefined;
    return greeting.sent_ms > (device?.lastSentMs ?? -1) ? undefined : 'replayed';
  }

  async #answer(peer: string, handshake: HubHandshake, code: Code | undefined): Promise<Unsealed> {
    const { ledger, sessions, complain } = this.#options;
    const { deviceId, deviceKey, greeting, identity } = handshake;
    const device = ledger.devices.get(deviceId);
    const name = code === undefined && device !== undefined ? device.name : nameOf(greeting.name);
    const viewOnly = code?.viewOnly ?? device?.viewOnly ?? true;
    const answer = handshake.accept({
      ...(await this.#options.greeting()),
      device: { id: deviceId, name, view_only: viewOnly },
    });
    if (answer === undefined) {
      handshake.refuse();
      complain('what this hub tells devices is too large: are there too many ICE servers?');
      return drop('oversized');
    }
    if (device !== undefined && code === undefined) {
      device.lastSentMs = greeting.sent_ms;
      ledger.saveSoon();
    }
    sessions.add({
      channel: answer.channel,
      peer,
      pairing: code && {
        publicKey: deviceKey,
        name,
        secret: code.secret,
        viewOnly,
        sentMs: greeting.sent_ms,
      },
    });
    return { identity, device_id: deviceId, view_only: viewOnly, reply: answer.data };
  }

  async #signal(peer: string, envelope: Envelope): Promise<Unsealed> {
    const { clock, ledger, sessions } = this.#options;
    const session = sessions.get(envelope.connectionId);
    if (session === undefined) return drop('unknown_connection');
    const signal = session.channel.openEnvelope(envelope);
    const problem = signal instanceof HubError ? signal.code : undefined;
    // A signal that makes no sense still proves who sent it; but nothing is to be done with it.
    if (problem !== undefined || signal instanceof HubError)
      return drop(reasons[problem ?? 'pairing.malformed']);
    if (!session.confirmed) {
      const refused = await this.#confirm(session);
      if (refused !== undefined) {
        sessions.end(session);
        return drop(refused);
      }
    }
    const { deviceId, identity } = session.channel;
    const device = ledger.devices.get(deviceId);
    if (device === undefined) return drop('revoked');
    device.lastSeenMs = clock.wallMs();
    ledger.saveSoon();
    sessions.heard(session, peer);
    return { identity, device_id: deviceId, view_only: device.viewOnly, signal };
  }

  /** The other side is there. Undefined: all is well. */
  async #confirm(session: Session): Promise<DropReason | undefined> {
    const { ledger, tell } = this.#options;
    const { deviceId, identity } = session.channel;
    if (session.pairing !== undefined) {
      const refused = await this.#pair(session);
      if (refused !== undefined) return refused;
    }
    const device = ledger.devices.get(deviceId);
    if (device === undefined) return 'revoked';
    session.confirmed = true;
    const { name, viewOnly } = device;
    tell({ name: 'device_session', data: { identity, device_id: deviceId, name, view_only: viewOnly } });
    return undefined;
  }

  async #pair({ channel, pairing }: Session): Promise<DropReason | undefined> {
    const { sodium, clock, ledger, tell, tellCode, complain } = this.#options;
    if (pairing === undefined) return undefined;
    const { codes } = ledger;
    const isGood = codes.some(({ secret }) => sodium.same(secret, pairing.secret));
    if (!isGood) return 'bad_secret';
    const { name, viewOnly, publicKey, sentMs } = pairing;
    const before = ledger.devices.get(channel.deviceId);
    if (before === undefined && ledger.devices.size >= MAX_DEVICES) return 'too_many';
    const nowMs = clock.wallMs();
    const device: Device = {
      id: channel.deviceId,
      publicKey,
      name,
      viewOnly,
      pairedMs: nowMs,
      lastSeenMs: nowMs,
      lastSentMs: sentMs,
    };
    ledger.add(device);
    const { code: next } = ledger.code(viewOnly, true);
    try {
      await ledger.save();
    } catch (thrown) {
      if (!isHubError(thrown)) throw thrown;
      // It would be gone with the hub: rather not paired, and the code still good.
      if (before === undefined) ledger.devices.delete(device.id);
      else ledger.add(before);
      ledger.restoreCodes(codes);
      complain(`a device could not be paired: ${thrown.message}`);
      return 'storage';
    }
    tell({ name: 'device_paired', data: deviceFact(device) });
    if (before !== undefined) tell({ name: 'device_changed', data: deviceFact(device) });
    tellCode(next);
    return undefined;
  }
}

function drop(dropped: DropReason): Unsealed {
  return { dropped };
}
