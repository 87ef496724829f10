/**
 * The hub's way to browsers: its own relay in a supervised worker, or the address of one elsewhere.
 *
 * Keeps true: `web()` resolves as soon as the address is known, and when the hub ends before that; a worker that died
 * listens again on its port; a hub that finds no port runs without a page and says so.
 */
import { join } from 'node:path';
import type { Counters } from '../../base/counters.js';
import { messageOf } from '../../base/errors.js';
import type { Logger } from '../../base/log.js';
import type { RpcClient, WorkerSpec } from '../../base/rpc.js';
import type { HubIdentity, WebAddress } from '../../primitives/context.js';
import type { HandlersOf } from '../../primitives/define.js';
import type { StatusReport } from '../../protocol/status.js';
import { packageRoot } from '../paths.js';
import { lanAddress } from './lan-address.js';
import { portsToTry, rememberPort } from './ports.js';
import type { RelayCalls, RelayWorkerData } from './relay.calls.js';
import type { RelayEvent } from './relay.def.js';
import { relayAddress, type WebMode } from './web-settings.js';

export const RELAY_WORKER = 'relay';

export interface WebDoorOptions {
  readonly identity: HubIdentity;
  readonly mode: WebMode;
  readonly startWorker: (spec: WorkerSpec) => RpcClient<RelayCalls>;
  readonly log: Logger;
  readonly counters: Counters;
  /** The page and the signals are somewhere else than before. */
  readonly onMoved: (address: WebAddress) => void;
  /** The folder of the built web app. Default: this package's. */
  readonly webRoot?: string;
}

const LOOPBACK = '127.0.0.1';
/** All addresses of both families; of one where the system has no IPv6. */
const EVERYWHERE = ['::', '0.0.0.0'];

export class WebDoor {
  /** For the loop: the relay worker's events. */
  readonly handlers: HandlersOf<RelayEvent> = {
    'relay.counted': ({ name, total }) => {
      const before = this.#totals.get(name) ?? 0;
      this.#totals.set(name, total);
      // Smaller: those of a new worker.
      this.#options.counters.add(name, total < before ? total : total - before);
    },
  };
  readonly #options: WebDoorOptions;
  readonly #totals = new Map<string, number>();
  readonly #address: Promise<WebAddress | undefined>;
  #settle: (address: WebAddress | undefined) => void = () => undefined;
  #worker: RpcClient<RelayCalls> | undefined;
  #current: WebAddress | undefined;
  #known = false;

  constructor(options: WebDoorOptions) {
    this.#options = options;
    this.#address = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  /** Where browsers find the hub, as soon as that is known; undefined if nowhere. */
  async web(): Promise<WebAddress | undefined> {
    const first = await this.#address;
    return this.#current ?? first;
  }

  /** The same, as far as it is known now. */
  get current(): WebAddress | undefined {
    return this.#current;
  }

  /** For `botster status`. */
  status(): Pick<StatusReport, 'web'> {
    const { mode } = this.#options;
    if (this.#current === undefined) return {};
    const { page_url: url, cable_url } = this.#current;
    const [relay, lan] = [mode.kind === 'elsewhere', mode.kind === 'own' && mode.lan];
    return { web: { url, cable_url, relay, lan } };
  }

  /** Starts the relay's thread, which takes a while. It does not listen yet. */
  prepare(): void {
    const { mode, startWorker, webRoot = join(packageRoot, 'dist', 'web') } = this.#options;
    if (mode.kind !== 'own' || this.#worker !== undefined) return;
    const workerData: RelayWorkerData = { web_root: webRoot };
    this.#worker = startWorker({
      name: RELAY_WORKER,
      url: new URL('./relay.worker.js', import.meta.url),
      workerData,
      restart: 'always',
    });
  }

  /** Opens the door, as the repository's hub. Resolves when it is open, or cannot be; never rejects. */
  async open(): Promise<void> {
    const { mode, identity } = this.#options;
    if (mode.kind === 'off') return this.#arrived(undefined);
    if (mode.kind === 'elsewhere') return this.#arrived(mode.address);
    this.prepare();
    await this.#listen(portsToTry(identity.stateDir, identity.hubId), mode.lan);
  }

  /** Listens again when a worker that died was started anew; its clients are gone with it, and come back. */
  async reopen(): Promise<void> {
    const { mode, identity } = this.#options;
    if (mode.kind !== 'own' || this.#worker === undefined) return;
    this.#totals.clear();
    const port = this.#current === undefined ? [] : [Number(new URL(this.#current.page_url).port)];
    await this.#listen([...port, ...portsToTry(identity.stateDir, identity.hubId)], mode.lan);
  }

  /** Closes it; clients are told that it opens again. */
  async close(): Promise<void> {
    this.#arrived(this.#current);
    await this.#worker?.call('close', undefined);
  }

  async #listen(ports: readonly number[], lan: boolean): Promise<void> {
    const { identity, log, counters } = this.#options;
    const worker = this.#worker;
    if (worker === undefined) return;
    try {
      const { port } = await worker.call('listen', { hosts: lan ? EVERYWHERE : [LOOPBACK], ports });
      rememberPort(identity.stateDir, port);
      const host = (lan ? await lanAddress() : undefined) ?? LOOPBACK;
      if (lan) this.#warn(host, port);
      this.#arrived(relayAddress(`http://${host}:${port}/`));
    } catch (thrown) {
      counters.add('relay.listen_failed');
      log.log('error', 'the hub serves no page', { error: messageOf(thrown) });
      this.#arrived(undefined);
    }
  }

  #warn(host: string, port: number): void {
    this.#options.log.log(
      'warn',
      host === LOOPBACK
        ? 'this machine has no address on a local network; the page is for this machine only'
        : 'everybody on the local network can open the page; it is not encrypted (docs/relay.md)',
      { port },
    );
  }

  #arrived(address: WebAddress | undefined): void {
    const before = this.#current;
    this.#current = address;
    const wasKnown = this.#known;
    this.#known = true;
    this.#settle(address);
    if (wasKnown && address !== undefined && address.page_url !== before?.page_url)
      this.#options.onMoved(address);
  }
}
