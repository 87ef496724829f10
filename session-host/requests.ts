/**
 * What the session host does for each method of protocol/host-methods.ts: a total map, so that a method without a
 * handler does not compile. Parameters are checked here, once, for every method alike.
 */
import { mismatch } from '../base/check.js';
import { fail, type HubError, isHubError } from '../base/errors.js';
import type { Infer } from '../base/schema.js';
import { type HostMethod, hostMethods, isHostMethod } from '../protocol/host-methods.js';
import type { HostClient } from './client.js';
import type { Host } from './host.js';
import { sendSignal, stopSession } from './kill.js';
import type { Session } from './session.js';

type ParamsOf<M extends HostMethod> = Infer<(typeof hostMethods)[M]['params']>;
type ValueOf<M extends HostMethod> = Infer<(typeof hostMethods)[M]['value']>;

export interface Answer<M extends HostMethod = HostMethod> {
  readonly value: ValueOf<M>;
  /** To do once the client has its answer. */
  readonly afterwards?: () => void;
}

type Outcome<M extends HostMethod> = Answer<M> | HubError;

type Handlers = {
  readonly [M in HostMethod]: (
    host: Host,
    params: ParamsOf<M>,
    client: HostClient,
  ) => Outcome<M> | Promise<Outcome<M>>;
};

const DEFAULT_HISTORY_BYTES = 1024 * 1024;

const handlers: Handlers = {
  'session.spawn': async (host, params) => {
    const session = await host.spawn(params);
    return isHubError(session) ? session : { value: { session: session.record() } };
  },
  'session.list': (host, { ended }) => ({ value: { sessions: host.list(ended ?? false) } }),
  'session.get': (host, { id }) => {
    const record = host.record(id);
    return isHubError(record) ? record : { value: { session: record } };
  },
  'session.send': (host, { id, data_base64 }) =>
    withRunning(host, id, (session) => {
      const refused = session.type(Buffer.from(data_base64, 'base64'));
      return refused === undefined ? { value: {} } : inputFull(session);
    }),
  'session.resize': (host, { id, rows, cols }) =>
    withRunning(host, id, (session) => {
      session.pin({ rows, cols });
      return { value: {} };
    }),
  'session.set_size_policy': (host, { id, policy }) =>
    withRunning(host, id, (session) => {
      session.setPolicy(policy);
      return { value: {} };
    }),
  'session.kill': async (host, { id, signal, grace_ms }) => {
    const session = host.find(id);
    if (isHubError(session)) {
      const past = host.record(id);
      return isHubError(past) ? past : { value: { session: past } };
    }
    if (signal !== undefined) await sendSignal(session, `SIG${signal}`);
    else await stopSession(session, host.clock, grace_ms);
    return { value: { session: session.record() } };
  },
  'session.screen': async (host, { id, ansi, scrollback = 0 }) => {
    const session = await host.recall(id);
    if (isHubError(session)) return session;
    const screen = await session.screen(ansi ? 0 : scrollback);
    if (ansi !== true) return { value: screen };
    // After the text, so that it has what had been printed too.
    const { offset, rows, cols, bytes } = await session.snapshot(scrollback);
    return {
      value: { text: Buffer.from(bytes).toString('utf8'), offset, rows, cols, cursor: screen.cursor },
    };
  },
  'session.history': async (host, { id, since, max_bytes = DEFAULT_HISTORY_BYTES }) => {
    const read = await host.history(id, since, max_bytes);
    if (isHubError(read)) return read;
    const { offset, bytes, end } = read;
    return { value: { offset, data_base64: Buffer.from(bytes).toString('base64'), end } };
  },
  'session.attach': async (
    host,
    { id, attach, offset, credit, rows, cols, scrollback, lag_bytes, view_only },
    client,
  ) => {
    const session = await host.recall(id);
    if (isHubError(session)) return session;
    const refused = client.refusesAttach(attach, host.attaches);
    if (refused !== undefined) return refused;
    const view = session.attach({
      id: attach,
      sink: client,
      credit,
      scrollback: scrollback ?? 0,
      viewOnly: view_only ?? false,
      ...(offset === undefined ? {} : { offset }),
      ...(lag_bytes === undefined ? {} : { lagBytes: lag_bytes }),
      ...(rows === undefined || cols === undefined ? {} : { size: { rows, cols } }),
    });
    client.add(attach, view);
    return { value: { session: session.record() }, afterwards: () => view.begin() };
  },
  'session.view': (_host, { attach, rows, cols, focused }, client) => {
    const view = client.view(attach);
    if (isHubError(view)) return view;
    view.look({ ...(rows && { rows }), ...(cols && { cols }) }, focused ?? false);
    return { value: {} };
  },
  'session.detach': (_host, { attach }, client) => client.detach(attach) ?? { value: {} },
  'session.update': (host, { id, name, meta }) => {
    const session = host.find(id);
    if (isHubError(session)) return session;
    const refused = host.update(session, name, meta);
    return refused ?? { value: { session: session.record() } };
  },
  'session.remove': async (host, { id }) => (await host.remove(id)) ?? { value: {} },
  // Answered in one go: nothing happens between the list and the first event.
  'host.watch': (host, _params, client) => ({
    value: { sessions: host.list(false) },
    afterwards: () => host.watchers.add(client.connection),
  }),
  'host.status': (host) => ({ value: host.status() }),
  'host.stop': async (host, { force }) => {
    const refused = await host.prepareStop(force ?? false);
    return refused ?? { value: {}, afterwards: () => host.stop() };
  },
};

/**
 * Carries out a request; at once where the method does not wait. Errors: host.unknown_method, host.bad_params, and the
 * method's own. What a handler throws passes through.
 */
export function answerRequest(
  host: Host,
  client: HostClient,
  method: string,
  params: unknown,
): Outcome<HostMethod> | Promise<Outcome<HostMethod>> {
  if (!isHostMethod(method)) {
    const known = Object.keys(hostMethods).join(', ');
    return fail(
      'host.unknown_method',
      `This session host has no method ${JSON.stringify(method)}. It has: ${known}.`,
    );
  }
  const problem = mismatch(hostMethods[method].params, params, 'params');
  if (problem !== undefined) return fail('host.bad_params', `Wrong parameters for ${method}: ${problem}.`);
  const handler = handlers[method] as (
    host: Host,
    params: unknown,
    client: HostClient,
  ) => Outcome<HostMethod> | Promise<Outcome<HostMethod>>;
  return handler(host, params, client);
}

function withRunning<T>(host: Host, id: string, act: (session: Session) => T): T | HubError {
  const session = host.find(id);
  if (isHubError(session)) return session;
  if (session.ended) return ended(session);
  return act(session);
}

function ended(session: Session): HubError<'session.ended'> {
  return fail('session.ended', `Session ${session.uuid} has ended.`, { uuid: session.uuid });
}

function inputFull(session: Session): HubError<'session.input_full'> {
  return fail(
    'session.input_full',
    `Session ${session.uuid} has not read the megabytes that were typed before. Nothing of this was typed.`,
    { uuid: session.uuid },
  );
}
