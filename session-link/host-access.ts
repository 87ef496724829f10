/**
 * How clients' connections get to the session host: to the one that runs, or to one that is started because there are
 * ended sessions whose history only a host can read. Starts at most one at a time.
 */
import { readdir } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import type { Clock } from '../base/clock.js';
import type { HostConfig } from '../protocol/host-config.js';
import type { Hello } from '../protocol/messages.js';
import { findHost, hostHello, startHost } from './host-process.js';

export class HostAccess {
  readonly clock: Clock;
  readonly #config: HostConfig;
  #starting: Promise<void> | undefined;

  constructor(config: HostConfig, clock: Clock) {
    this.#config = config;
    this.clock = clock;
  }

  /** A connection to the host that runs; undefined if none does. Errors: host.unreachable. */
  connect(): Promise<Socket | undefined> {
    return findHost(this.#config, this.clock);
  }

  /** What to greet the host with. Errors: host.unreachable. */
  hello(client: string): Promise<Omit<Hello, 'type'>> {
    return hostHello(this.#config, client);
  }

  /**
   * Starts a host and connects to it, if there are sessions of earlier hosts; else undefined.
   * Errors: host.start_failed, host.unreachable.
   */
  async startForPast(): Promise<Socket | undefined> {
    const past = await readdir(join(this.#config.state_dir, 'sessions')).catch(() => []);
    if (past.length === 0) return undefined;
    this.#starting ??= startHost(this.#config, this.clock)
      .then((socket) => void socket.destroy())
      .finally(() => {
        this.#starting = undefined;
      });
    await this.#starting;
    return await this.connect();
  }
}
