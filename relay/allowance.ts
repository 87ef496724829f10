/**
 * What is left to each remote address: connections, subscriptions, messages, bytes.
 *
 * An address that is gone is remembered until its allowances are full again, so that connecting anew gives no fresh
 * ones; then it is forgotten.
 */
import { TokenBucket } from '../base/token-bucket.js';
import type { RelayLimits } from './limits.js';

export type Refusal = 'address_connections' | 'address_connect_rate' | 'addresses';

export class Allowance {
  readonly address: string;
  connections = 0;
  subscriptions = 0;
  readonly #connects: TokenBucket;
  readonly #messages: TokenBucket;
  readonly #bytes: TokenBucket;

  constructor(address: string, limits: RelayLimits, nowMs: () => number) {
    this.address = address;
    this.#connects = new TokenBucket(limits.connectRate, nowMs);
    this.#messages = new TokenBucket(limits.messageRatePerAddress, nowMs);
    this.#bytes = new TokenBucket(limits.byteRatePerAddress, nowMs);
  }

  mayConnect(): boolean {
    return this.#connects.take();
  }

  /** One message of `bytes`. */
  mayReceive(bytes: number): boolean {
    return this.#messages.take() && this.#bytes.take(bytes);
  }

  get isUnused(): boolean {
    return this.connections === 0 && this.#connects.isFull && this.#messages.isFull && this.#bytes.isFull;
  }
}

export class Allowances {
  readonly #byAddress = new Map<string, Allowance>();
  readonly #limits: RelayLimits;
  readonly #nowMs: () => number;

  constructor(limits: RelayLimits, nowMs: () => number) {
    this.#limits = limits;
    this.#nowMs = nowMs;
  }

  get size(): number {
    return this.#byAddress.size;
  }

  /** Counts a connection of the address, or says why it may not have one more. Give it back with `close`. */
  open(address: string): Allowance | Refusal {
    const { maxAddresses, maxConnectionsPerAddress } = this.#limits;
    let allowance = this.#byAddress.get(address);
    if (allowance === undefined) {
      if (this.#byAddress.size >= maxAddresses) return 'addresses';
      allowance = new Allowance(address, this.#limits, this.#nowMs);
      this.#byAddress.set(address, allowance);
    }
    if (allowance.connections >= maxConnectionsPerAddress) return 'address_connections';
    if (!allowance.mayConnect()) return 'address_connect_rate';
    allowance.connections++;
    return allowance;
  }

  close(allowance: Allowance): void {
    allowance.connections--;
  }

  /** Forgets those that nothing is to be remembered of. */
  sweep(): void {
    for (const [address, allowance] of this.#byAddress)
      if (allowance.isUnused) this.#byAddress.delete(address);
  }
}
