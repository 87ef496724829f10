/**
 * Who is paired with this hub, and with what codes others can be: the hub's own keys, its devices, its one-time codes.
 *
 * Keeps true: what `save` reported is on the disk; a code is good once, and for CODE_LIFE_MS; of each kind there is at most
 * one.
 */
import type { Clock } from '../../base/clock.js';
import { messageOf } from '../../base/errors.js';
import { addressOf, deviceIdOf } from '../../pairing/addresses.js';
import { fromBase64url, toBase64url } from '../../pairing/base64url.js';
import { SECRET_BYTES } from '../../pairing/connection-code.js';
import { KEY_BYTES, type KeyPair, type Sodium } from '../../pairing/sodium.js';
import { type PairingState, STATE_VERSION } from './state.js';
import type { Vault } from './vault.js';

export const MAX_DEVICES = 500;
export const CODE_LIFE_MS = 24 * 3_600_000;
const MAX_REVOKED = 1_000;
/** When a device was seen last is worth no write of its own. */
const LAZY_SAVE_MS = 10_000;

export interface Device {
  readonly id: string;
  readonly publicKey: Uint8Array;
  name: string;
  viewOnly: boolean;
  pairedMs: number;
  lastSeenMs: number | undefined;
  lastSentMs: number;
}

export interface Code {
  readonly secret: Uint8Array;
  readonly viewOnly: boolean;
  readonly createdMs: number;
}

export interface LedgerOptions {
  readonly sodium: Sodium;
  readonly vault: Vault;
  readonly clock: Clock;
  /** Writes a line into the log. */
  readonly complain: (message: string) => void;
}

export class Ledger {
  readonly keys: KeyPair;
  readonly address: string;
  readonly devices = new Map<string, Device>();
  readonly #options: LedgerOptions;
  readonly #revoked: Set<string>;
  #codes: Code[];
  #saveLater: { dispose(): void } | undefined;

  /** `state` undefined: a new hub, with new keys. */
  static async open(options: LedgerOptions, state: PairingState | undefined): Promise<Ledger> {
    const ledger = new Ledger(options, state);
    if (state === undefined) await ledger.save();
    return ledger;
  }

  private constructor(options: LedgerOptions, state: PairingState | undefined) {
    const { sodium } = options;
    this.#options = options;
    const secretKey = state && fromBase64url(state.hub_secret_key, KEY_BYTES);
    this.keys = secretKey === undefined ? sodium.keyPair() : sodium.keyPairOf(secretKey);
    this.address = addressOf(sodium, this.keys.publicKey);
    this.#revoked = new Set(state?.revoked ?? []);
    this.#codes = (state?.codes ?? []).flatMap(({ secret, view_only, created_ms }) => {
      const bytes = fromBase64url(secret, SECRET_BYTES);
      return bytes === undefined ? [] : [{ secret: bytes, viewOnly: view_only, createdMs: created_ms }];
    });
    for (const kept of state?.devices ?? []) {
      const publicKey = fromBase64url(kept.public_key, KEY_BYTES);
      if (publicKey === undefined) continue;
      const id = deviceIdOf(sodium, publicKey);
      this.devices.set(id, {
        id,
        publicKey,
        name: kept.name,
        viewOnly: kept.view_only,
        pairedMs: kept.paired_ms,
        lastSeenMs: kept.last_seen_ms,
        lastSentMs: kept.last_sent_ms,
      });
    }
  }

  wasRevoked(id: string): boolean {
    return this.#revoked.has(id);
  }

  /** The codes that are good now. */
  get codes(): readonly Code[] {
    const oldestMs = this.#options.clock.wallMs() - CODE_LIFE_MS;
    return this.#codes.filter(({ createdMs }) => createdMs > oldestMs);
  }

  /** The code of a kind; made if there is none, or if it shall be another. To be saved if it is new. */
  code(viewOnly: boolean, renew: boolean): { readonly code: Code; readonly isNew: boolean } {
    const found = this.codes.find((code) => code.viewOnly === viewOnly);
    if (found !== undefined && !renew) return { code: found, isNew: false };
    const { sodium, clock } = this.#options;
    const code = { secret: sodium.random(SECRET_BYTES), viewOnly, createdMs: clock.wallMs() };
    this.#codes = [...this.#codes.filter((other) => other.viewOnly !== viewOnly), code];
    return { code, isNew: true };
  }

  /** Takes back a pairing, or a code, that could not be saved. */
  restoreCodes(codes: readonly Code[]): void {
    this.#codes = [...codes];
  }

  add(device: Device): void {
    this.devices.set(device.id, device);
    this.#revoked.delete(device.id);
  }

  revoke(id: string): void {
    this.devices.delete(id);
    this.#revoked.add(id);
    for (const oldest of this.#revoked) {
      if (this.#revoked.size <= MAX_REVOKED) break;
      this.#revoked.delete(oldest);
    }
  }

  /** Resolves when the disk has it. Errors: connection.storage. */
  async save(): Promise<void> {
    this.#saveLater?.dispose();
    this.#saveLater = undefined;
    await this.#options.vault.save(this.#state());
  }

  /** Saves some seconds from now, with what comes until then. */
  saveSoon(): void {
    this.#saveLater ??= this.#options.clock.after(LAZY_SAVE_MS, () => {
      this.save().catch((thrown: unknown) => this.#options.complain(messageOf(thrown)));
    });
  }

  /** Saves what waits. */
  async close(): Promise<void> {
    if (this.#saveLater !== undefined) await this.save();
  }

  #state(): PairingState {
    return {
      version: STATE_VERSION,
      hub_secret_key: toBase64url(this.keys.secretKey),
      codes: this.#codes.map(({ secret, viewOnly, createdMs }) => ({
        secret: toBase64url(secret),
        view_only: viewOnly,
        created_ms: createdMs,
      })),
      devices: [...this.devices.values()].map((device) => ({
        public_key: toBase64url(device.publicKey),
        name: device.name,
        view_only: device.viewOnly,
        paired_ms: device.pairedMs,
        ...(device.lastSeenMs === undefined ? {} : { last_seen_ms: device.lastSeenMs }),
        last_sent_ms: device.lastSentMs,
      })),
      revoked: [...this.#revoked],
    };
  }
}
