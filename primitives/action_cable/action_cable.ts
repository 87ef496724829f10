/**
 * The behaviour of `action_cable` on the hub's side: whose a connection is, what goes to Lua, and what is told as fact.
 * A plugin's connections and subscriptions end with its engine.
 */
import { fail, HubError } from '../../base/errors.js';
import type { LuaRecord, LuaValue } from '../../base/values.js';
import { implement } from '../define.js';
import { printJson } from '../json/print.js';
import { actionCableDef } from './action_cable.def.js';
import { cableAddress } from './address.js';
import { MAX_CHANNELS_PER_CONNECTION, MAX_CONNECTIONS_PER_ENGINE, MAX_MESSAGE_BYTES } from './limits.js';
import {
  type OpenChannel,
  type OpenConnection,
  OpenConnections,
  shownUrl,
  WORKER_NAME,
} from './open-connections.js';

type BadMessage = 'action_cable.bad_message' | 'action_cable.too_large';

export const actionCable = implement(actionCableDef, (hub) => {
  const open = new OpenConnections(hub);
  /** Of the worker, by fact, to add what is new to the hub's counters. */
  const totals = new Map<string, number>();
  let failed = false;

  return {
    engine(engine) {
      const own = new Set<OpenConnection>();
      engine.scope.defer(() => {
        for (const connection of [...own]) open.close(connection);
      });
      const ownConnection = (conn: string): OpenConnection | undefined => {
        const connection = open.get(conn);
        return connection !== undefined && own.has(connection) ? connection : undefined;
      };
      const ownChannel = (id: number): OpenChannel | undefined => {
        const channel = open.channel(id);
        return channel !== undefined && own.has(channel.connection) ? channel : undefined;
      };

      return {
        _connect(options) {
          if (failed) return fail('action_cable.failed', 'the worker that keeps connections failed');
          if (own.size >= MAX_CONNECTIONS_PER_ENGINE) {
            return fail(
              'action_cable.limit',
              `a plugin can have ${MAX_CONNECTIONS_PER_ENGINE} connections at a time: close one first`,
            );
          }
          const url = options?.url === undefined ? undefined : cableAddress(options.url);
          if (url instanceof HubError) return url;
          const connection: OpenConnection = open.open(url, () => own.delete(connection));
          own.add(connection);
          return connection.conn;
        },
        _subscribe(conn, name, params, callback) {
          const connection = ownConnection(conn);
          const identifier = jsonOf({ ...params, channel: name });
          if (connection === undefined || identifier instanceof HubError || isFull(connection)) {
            callback.release();
            if (identifier instanceof HubError) return identifier;
            return connection === undefined
              ? fail(
                  'action_cable.unknown_connection',
                  `no connection ${JSON.stringify(conn)}: it was closed, or the server ended it`,
                )
              : fail(
                  'action_cable.limit',
                  `a connection can have ${MAX_CHANNELS_PER_CONNECTION} subscriptions at a time`,
                );
          }
          return open.subscribe(connection, name, identifier, callback).id;
        },
        _unsubscribe(id) {
          const channel = ownChannel(id);
          if (channel === undefined) return false;
          open.unsubscribe(channel);
          return true;
        },
        _perform(id, action, data) {
          const channel = ownChannel(id);
          if (channel === undefined) {
            return fail(
              'action_cable.unknown_channel',
              `no subscription ${id}: it was ended, rejected, or its connection is over`,
            );
          }
          const text = jsonOf({ ...data, action });
          if (text instanceof HubError) return text;
          open.perform(channel, text);
          return undefined;
        },
        _close(conn) {
          const connection = ownConnection(conn);
          if (connection === undefined) return false;
          open.close(connection);
          return true;
        },
      };
    },
    handlers: {
      'action_cable.connected'({ conn }) {
        const url = shownUrl(open.get(conn)?.url);
        if (url !== undefined) hub.notify('action_cable_connected', { conn, url });
      },
      'action_cable.disconnected'({ conn, reason, will_reconnect }) {
        const connection = open.get(conn);
        if (connection === undefined) return;
        if (!will_reconnect) open.close(connection);
        hub.log.log('warn', `the connection ${conn} to ${shownUrl(connection.url)} broke: ${reason}`);
        open.tellDisconnected(connection, reason, will_reconnect);
      },
      'action_cable.subscribed'({ conn, channel_id, again }) {
        const channel = open.channel(channel_id);
        if (channel !== undefined)
          hub.notify('action_cable_subscribed', { conn, channel_id, channel: channel.name, again });
      },
      'action_cable.rejected'({ conn, channel_id }) {
        const channel = open.channel(channel_id);
        if (channel === undefined) return;
        open.drop(channel);
        hub.notify('action_cable_rejected', { conn, channel_id, channel: channel.name });
      },
      'action_cable.received'({ channel_id, message }) {
        const channel = open.channel(channel_id);
        if (channel === undefined) return;
        channel.callback.call(message, channel_id);
        channel.connection.intake.called(channel.callback);
      },
      'action_cable.counted'({ fact, total }) {
        hub.counters.add(`action_cable.${fact}`, total - (totals.get(fact) ?? 0));
        totals.set(fact, total);
      },
    },
    notify(name, data) {
      if ((data as LuaRecord | null | undefined)?.['worker'] !== WORKER_NAME) return;
      if (name === 'worker.restarted') {
        totals.clear();
        open.workerRestarted();
      }
      if (name === 'worker.failed') {
        failed = true;
        open.workerFailed();
      }
    },
  };
});

function isFull({ channels }: OpenConnection): boolean {
  return channels.size >= MAX_CHANNELS_PER_CONNECTION;
}

function jsonOf(value: LuaValue): string | HubError<BadMessage> {
  try {
    const text = printJson(value);
    const bytes = Buffer.byteLength(text);
    if (bytes <= MAX_MESSAGE_BYTES) return text;
    return fail(
      'action_cable.too_large',
      `${bytes} bytes are more than a message may have (${MAX_MESSAGE_BYTES})`,
    );
  } catch (thrown) {
    if (!(thrown instanceof HubError)) throw thrown;
    return fail('action_cable.bad_message', thrown.message);
  }
}
