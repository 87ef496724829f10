/**
 * The connections that plugins have open, and the way to the worker that keeps them.
 *
 * What is wanted is kept here, so that a worker that died gets it again. The worker starts with the first connection.
 */
import { HubError, messageOf } from '../../base/errors.js';
import type { CallArg, CallName, RpcClient } from '../../base/rpc.js';
import type { Callback, LuaValue } from '../../base/values.js';
import type { HubContext } from '../context.js';
import type { EventsOf } from '../define.js';
import type { ActionCableCalls } from './action_cable.calls.js';
import type { actionCableDef } from './action_cable.def.js';
import { cableAddress, shownAddress } from './address.js';
import { Intake } from './intake.js';

export type CableHub = HubContext<EventsOf<typeof actionCableDef>>;
export type MessageCallback = Callback<[msg: LuaValue, channel_id: number]>;

export interface OpenChannel {
  readonly id: number;
  readonly connection: OpenConnection;
  readonly name: string;
  readonly identifier: string;
  readonly callback: MessageCallback;
}

export interface OpenConnection {
  readonly conn: string;
  /** Unknown until the hub knows where its signals go. */
  url: string | undefined;
  readonly channels: Map<number, OpenChannel>;
  /** What came for it and was not yet begun. */
  readonly intake: Intake;
  /** Tells the owner that it is over. */
  readonly onEnd: () => void;
}

export const WORKER_NAME = 'action_cable';
const NO_PAGE = 'this hub has no signaling: it serves no page and no relay is configured';

export class OpenConnections {
  readonly #hub: CableHub;
  readonly #all = new Map<string, OpenConnection>();
  readonly #channels = new Map<number, OpenChannel>();
  #worker: Promise<RpcClient<ActionCableCalls>> | undefined;
  #lastConn = 0;
  #lastChannel = 0;

  constructor(hub: CableHub) {
    this.#hub = hub;
  }

  /** Without `url` it goes where the hub's signals go. */
  open(url: string | undefined, onEnd: () => void): OpenConnection {
    const conn = `cable-${++this.#lastConn}`;
    const hold = (held: boolean): void => this.#tell('hold', { conn, held });
    const connection: OpenConnection = {
      conn,
      url,
      channels: new Map(),
      intake: new Intake(this.#hub.clock, hold),
      onEnd,
    };
    this.#all.set(conn, connection);
    this.#tell('open', { conn });
    if (url !== undefined) this.#tell('address', { conn, url });
    else void this.#find(connection);
    return connection;
  }

  subscribe(
    connection: OpenConnection,
    name: string,
    identifier: string,
    callback: MessageCallback,
  ): OpenChannel {
    const { conn } = connection;
    const channel: OpenChannel = { id: ++this.#lastChannel, connection, name, identifier, callback };
    connection.channels.set(channel.id, channel);
    this.#channels.set(channel.id, channel);
    this.#tell('subscribe', { conn, channel_id: channel.id, identifier });
    return channel;
  }

  perform({ id, connection }: OpenChannel, data: string): void {
    this.#tell('perform', { conn: connection.conn, channel_id: id, data });
  }

  unsubscribe(channel: OpenChannel): void {
    this.drop(channel);
    this.#tell('unsubscribe', { conn: channel.connection.conn, channel_id: channel.id });
  }

  close(connection: OpenConnection): void {
    if (this.end(connection)) this.#tell('close', { conn: connection.conn });
  }

  get(conn: string): OpenConnection | undefined {
    return this.#all.get(conn);
  }

  channel(id: number): OpenChannel | undefined {
    return this.#channels.get(id);
  }

  /** Forgets a subscription that is over. */
  drop({ id, connection, callback }: OpenChannel): void {
    connection.channels.delete(id);
    this.#channels.delete(id);
    callback.cancel();
  }

  /** Forgets a connection that is over; false if it was forgotten already. */
  end(connection: OpenConnection): boolean {
    if (!this.#all.delete(connection.conn)) return false;
    for (const channel of [...connection.channels.values()]) this.drop(channel);
    connection.intake.dispose();
    connection.onEnd();
    return true;
  }

  tellDisconnected({ conn, url }: OpenConnection, reason: string, will_reconnect: boolean): void {
    this.#hub.notify('action_cable_disconnected', { conn, url: shownUrl(url), reason, will_reconnect });
  }

  /** The worker died with all sockets, and serves again. */
  workerRestarted(): void {
    for (const connection of this.#all.values()) {
      const { conn, url } = connection;
      this.tellDisconnected(connection, 'the worker that keeps it was restarted', true);
      this.#tell('open', { conn });
      if (url !== undefined) this.#tell('address', { conn, url });
      for (const { id, identifier } of connection.channels.values())
        this.#tell('subscribe', { conn, channel_id: id, identifier });
      connection.intake.renew();
    }
  }

  /** The worker will not come back. */
  workerFailed(): void {
    for (const connection of [...this.#all.values()]) {
      this.end(connection);
      this.tellDisconnected(connection, 'the worker that keeps it failed', false);
    }
  }

  async #find(connection: OpenConnection): Promise<void> {
    const { conn } = connection;
    const found = await this.#hub.web().then(
      (web) => (web === undefined ? NO_PAGE : { url: cableAddress(web.cable_url) }),
      (thrown: unknown) => messageOf(thrown),
    );
    if (this.#all.get(conn) !== connection) return;
    const problem =
      typeof found === 'string' ? found : found.url instanceof HubError ? found.url.message : undefined;
    if (problem !== undefined) {
      this.close(connection);
      this.tellDisconnected(connection, problem, false);
    } else if (typeof found === 'object' && typeof found.url === 'string') {
      connection.url = found.url;
      this.#tell('address', { conn, url: found.url });
    }
  }

  /** A call whose answer says nothing. One that is lost with the worker is made again when it is back. */
  #tell<K extends CallName<ActionCableCalls>>(name: K, arg: CallArg<ActionCableCalls, K>): void {
    this.#worker ??= this.#start();
    this.#worker
      .then((worker) => worker.call(name, arg))
      .catch((thrown: unknown) => {
        if (!(thrown instanceof HubError)) throw thrown;
        this.#hub.counters.add(
          name === 'perform' ? 'action_cable.perform_dropped' : 'action_cable.call_lost',
        );
      });
  }

  /** When the hub's own door is open, or cannot be: until then there is mostly nothing to connect to, and the hub starts. */
  async #start(): Promise<RpcClient<ActionCableCalls>> {
    await this.#hub.web().catch(() => undefined);
    return this.#hub.startWorker<ActionCableCalls>({
      name: WORKER_NAME,
      url: new URL('./action_cable.worker.js', import.meta.url),
      restart: 'always',
    });
  }
}

export function shownUrl(url: string | undefined): string | undefined {
  return url === undefined ? undefined : shownAddress(url);
}
