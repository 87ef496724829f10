/**
 * The worker's calls: one at a time, in the order in which they came, so that what is heard of a device keeps its order.
 * What happened meanwhile goes with the answer (`Told`), so that it is known before the answer is.
 */

import type { Clock } from '../../base/clock.js';
import { fail, isHubError, messageOf } from '../../base/errors.js';
import type { RpcImplementation } from '../../base/rpc.js';
import { type Rate, TokenBucket } from '../../base/token-bucket.js';
import { formatConnectionCode } from '../../pairing/connection-code.js';
import { loadSodium } from '../../pairing/sodium.js';
import type { HubGreeting, Signal } from '../../protocol/signals.js';
import { readIceSettings } from '../ice-settings.js';
import type {
  CodeRecord,
  ConnectionBoot,
  ConnectionCalls,
  DeviceEntry,
  Fact,
  Told,
} from './connection.calls.js';
import { deviceFact } from './device-names.js';
import { Intake } from './intake.js';
import { type Code, type Device, Ledger } from './ledger.js';
import { type Session, Sessions } from './sessions.js';
import { Vault } from './vault.js';

export interface DeskOptions extends ConnectionBoot {
  readonly clock: Clock;
  /** Writes a line into the log. */
  readonly complain: (message: string) => void;
}

interface Open {
  readonly ledger: Ledger;
  readonly sessions: Sessions;
  readonly intake: Intake;
}

/** Greetings cost about a millisecond each, and anybody who knows the hub's address can send them. */
export const GREETINGS: Rate = { burst: 100, perSecond: 50 };

export class Desk {
  readonly #options: DeskOptions;
  #line: Promise<unknown> = Promise.resolve();
  #open: Open | undefined;
  #facts: Fact[] = [];
  #codes: CodeRecord[] = [];

  constructor(options: DeskOptions) {
    this.#options = options;
  }

  readonly calls: Omit<RpcImplementation<ConnectionCalls>, 'copy'> = {
    address: () => this.#inTurn(({ ledger }) => ledger.address),
    code: ({ view_only, renew }) => this.#inTurn((open) => this.#code(open, view_only, renew)),
    unseal: ({ peer, data }) => this.#inTurn(({ intake }) => intake.take(peer, data)),
    seal: ({ identity, signal }) => this.#inTurn((open) => seal(open, identity, signal)),
    devices: () =>
      this.#inTurn(({ ledger }) =>
        [...ledger.devices.values()].sort((a, b) => a.pairedMs - b.pairedMs).map(entryOf),
      ),
    rename: ({ id, name }) => this.#change(id, { name }),
    set_view_only: ({ id, view_only }) => this.#change(id, { viewOnly: view_only }),
    revoke: ({ id }) => this.#revoke(id),
    rekey: ({ id }) => this.#inTurn((open) => this.#rekey(open, id)),
  };

  /** Saves what waits. */
  async close(): Promise<void> {
    await this.#line;
    await this.#open?.ledger.close().catch((thrown: unknown) => this.#options.complain(messageOf(thrown)));
  }

  async #code({ ledger }: Open, viewOnly: boolean, renew: boolean): Promise<CodeRecord> {
    const before = ledger.codes;
    const { code, isNew } = ledger.code(viewOnly, renew);
    if (isNew) {
      await ledger.save().catch((thrown: unknown) => {
        ledger.restoreCodes(before);
        throw thrown;
      });
    }
    return codeRecord(ledger, code);
  }

  async #change(id: string, changes: Partial<Pick<Device, 'name' | 'viewOnly'>>): Promise<Told<boolean>> {
    return await this.#inTurn(async ({ ledger }) => {
      const device = ledger.devices.get(id);
      if (device === undefined) return false;
      const before = { ...device };
      Object.assign(device, changes);
      await ledger.save().catch((thrown: unknown) => {
        Object.assign(device, before);
        throw thrown;
      });
      this.#facts.push({ name: 'device_changed', data: deviceFact(device) });
      return true;
    });
  }

  /** What is not on the disk is revoked nevertheless, until the hub ends; the caller hears of it. */
  async #revoke(id: string): Promise<Told<boolean>> {
    let failed: string | undefined;
    const told = await this.#inTurn(async ({ ledger, sessions }) => {
      if (!ledger.devices.has(id)) return false;
      ledger.revoke(id);
      for (const session of sessions.ofDevice(id)) sessions.end(session);
      this.#facts.push({ name: 'device_revoked', data: { device_id: id } });
      await ledger.save().catch((thrown: unknown) => {
        if (!isHubError(thrown)) throw thrown;
        failed = thrown.message;
      });
      return true;
    });
    return failed === undefined ? told : { ...told, failed };
  }

  #rekey({ sessions }: Open, id: string): number {
    const one = sessions.byIdentity(id);
    const all = (one === undefined ? sessions.ofDevice(id) : [one]).filter(({ confirmed }) => confirmed);
    for (const session of all) {
      const { identity, deviceId } = session.channel;
      const data = session.channel.seal({ type: 'rekey' });
      if (data !== undefined) {
        const { peer } = session;
        this.#facts.push({ name: 'device_rekey', data: { identity, device_id: deviceId, peer, data } });
      }
      sessions.end(session);
    }
    return all.length;
  }

  /** Runs `work` after what was asked before. */
  #inTurn<T>(work: (open: Open) => T | Promise<T>): Promise<Told<T>> {
    const run = async (): Promise<Told<T>> => {
      this.#open ??= await this.#start();
      this.#open.sessions.sweep();
      const value = await work(this.#open);
      const [facts, codes] = [this.#facts, this.#codes];
      [this.#facts, this.#codes] = [[], []];
      return { value, facts, codes };
    };
    const done = this.#line.then(run);
    this.#line = done.catch(() => undefined);
    return done;
  }

  async #start(): Promise<Open> {
    const { clock, complain, dataDir, stateDir } = this.#options;
    const sodium = await loadSodium();
    const statePath = `${stateDir}/pairing/devices.box`;
    const { vault, state, keptAt } = await Vault.open(sodium, {
      statePath,
      keyPath: `${dataDir}/pairing.key`,
    });
    if (keptAt !== undefined) {
      complain(
        `the list of paired devices is damaged, or its key is gone. It was kept as ${keptAt}; this hub has a new address, and all devices have to be paired again`,
      );
      this.#facts.push({ name: 'connection_store_damaged', data: { kept_at: keptAt } });
    }
    const ledger = await Ledger.open({ sodium, vault, clock, complain }, state);
    const sessions = new Sessions(clock, ({ channel }: Session) => {
      this.#facts.push({ name: 'device_session_ended', data: { identity: channel.identity } });
    });
    const intake = new Intake({
      sodium,
      clock,
      ledger,
      sessions,
      complain,
      gate: new TokenBucket(GREETINGS, () => clock.nowMs()),
      greeting: () => this.#greeting(),
      tell: (fact) => void this.#facts.push(fact),
      tellCode: (code) => void this.#codes.push(codeRecord(ledger, code)),
    });
    return { ledger, sessions, intake };
  }

  /** Read each time: who changes a server in the configuration need not restart the hub. */
  async #greeting(): Promise<Omit<HubGreeting, 'device'>> {
    const { dataDir, hub, complain } = this.#options;
    try {
      const { servers, relay_only } = await readIceSettings(dataDir);
      return { hub, ice: { servers: [...servers], relay_only } };
    } catch (thrown) {
      if (!isHubError(thrown)) throw thrown;
      complain(`devices are told of no ICE servers: ${messageOf(thrown)}`);
      return { hub, ice: { servers: [], relay_only: false } };
    }
  }
}

function seal(
  { sessions }: Open,
  identity: string,
  signal: unknown,
): { readonly peer: string; readonly data: string } | undefined {
  const session = sessions.byIdentity(identity);
  if (!session?.confirmed) return undefined;
  // Checked by the channel: what is no signal is not sealed.
  const data = session.channel.seal(signal as Signal);
  if (data === undefined)
    throw fail('connection.bad_signal', 'this is no signal, or one that is too large to send');
  return { peer: session.peer, data };
}

function codeRecord({ keys }: Ledger, { secret, viewOnly, createdMs }: Code): CodeRecord {
  return {
    code: formatConnectionCode({ hubKey: keys.publicKey, secret }),
    view_only: viewOnly,
    created_at: new Date(createdMs).toISOString(),
  };
}

function entryOf({ id, name, viewOnly, pairedMs, lastSeenMs }: Device): DeviceEntry {
  return {
    id,
    name,
    view_only: viewOnly,
    paired_at: new Date(pairedMs).toISOString(),
    ...(lastSeenMs === undefined ? {} : { last_seen_at: new Date(lastSeenMs).toISOString() }),
  };
}
