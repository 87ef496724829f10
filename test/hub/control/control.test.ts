import { describe, expect, it } from 'vitest';
import { mismatch } from '../../../base/check.js';
import { Counters } from '../../../base/counters.js';
import { fail } from '../../../base/errors.js';
import type { RpcClient } from '../../../base/rpc.js';
import type { ControlCalls } from '../../../hub/control/control.calls.js';
import { Control } from '../../../hub/control/control.js';
import { answerRequest, type EvalOutcome, type HubControl } from '../../../hub/control/requests.js';
import { methods } from '../../../protocol/methods.js';
import type { StatusReport } from '../../../protocol/status.js';
import { MemoryLog } from '../../support/memory-log.js';
import { settle, VirtualClock } from '../../support/virtual-clock.js';

const lane = { depth: 0, max_depth: 1, limit: 10 };
const report: StatusReport = {
  hub_id: 'ab',
  pid: 7,
  version: '0.1.0',
  node: 'v20.19.0',
  repo: '/srv/app',
  socket: '/x/hub.sock',
  started_at: '2026-01-01T00:00:00.000Z',
  uptime_s: 1.5,
  rss_mb: 80,
  loop: { lag_ms: { p50: 0.1, p99: 1, max: 2 } },
  queues: { control: lane, bulk: { ...lane, coalesced: 0, dropped: 0 } },
  counters: { 'a.b': 1 },
  sessions: [],
  plugins: [{ name: 'x', state: 'failed', error: 'x.lua:1: no' }],
  clients: [],
};

function open(hub: Partial<HubControl> = {}, callFails = false) {
  const calls: [string, unknown][] = [];
  const log = new MemoryLog();
  const counters = new Counters();
  const clock = new VirtualClock();
  const quits: string[] = [];
  const worker = {
    call: (name: string, arg: unknown) => {
      calls.push([name, arg]);
      return callFails ? Promise.reject(fail('worker.gone', 'gone')) : Promise.resolve();
    },
  } as unknown as RpcClient<ControlCalls>;
  const control = new Control({
    identity: { hubId: 'ab', socketPath: '/x/hub.sock' } as never,
    worker,
    clock,
    log,
    counters,
    hub: {
      status: () => report,
      eval: () => Promise.resolve<EvalOutcome>({ ok: true, valuesJson: '[1]' }),
      command: () => Promise.resolve({ agents: [] }),
      quit: (reason) => {
        quits.push(reason);
        calls.push(['quit', reason]);
      },
      ...hub,
    },
  });
  const request = async (method: string, params: unknown) => {
    control.handlers['control.request']({
      type: 'control.request',
      client: 3,
      id: 9,
      method,
      params: params as never,
    });
    await settle();
    return calls.find(([name]) => name === 'respond')?.[1];
  };
  return { control, request, calls, quits, log, counters, clock };
}

const evaluate = { code: 'return 1', chunk_name: '=(eval)', args: [] };

describe('requests', () => {
  it('status answers with the report', async () => {
    expect(mismatch(methods.status.value, report)).toBeUndefined();
    const { request } = open();
    expect(await request('status', {})).toEqual({ client: 3, answer: { id: 9, ok: true, value: report } });
  });

  it('eval answers with values, or with the error and its traceback', async () => {
    expect(await open().request('eval', evaluate)).toMatchObject({
      answer: { ok: true, value: { values_json: '[1]' } },
    });
    const traceback = 'x:1: no\nstack traceback:\n\tx:1: in main chunk';
    const { request } = open({ eval: () => Promise.resolve({ ok: false, traceback }) });
    expect(await request('eval', evaluate)).toMatchObject({
      answer: { ok: false, error: { code: 'eval.lua_error', message: 'x:1: no', details: { traceback } } },
    });
  });

  it('stop is answered before the hub begins to stop', async () => {
    const { request, calls } = open();
    await request('stop', { reason: 'test' });
    expect(calls.map(([name]) => name)).toEqual(['respond', 'quit']);
  });

  const wrong: [string, unknown, string, string][] = [
    [
      'nope',
      {},
      'control.unknown_method',
      'It has: status, stop, eval, agent.new, agent.list, agent.rm, agent.definitions, device.list,',
    ],
    ['toString', {}, 'control.unknown_method', 'toString'],
    ['eval', {}, 'control.bad_params', 'params.code: string expected, got nothing'],
    ['eval', { ...evaluate, args: [1] }, 'control.bad_params', 'params.args[0]: string expected, got number'],
    ['eval', null, 'control.bad_params', 'params: object expected, got null'],
  ];
  it.each(wrong)('%s %j is refused', async (method, params, code, message) => {
    const hub = open({ eval: () => expect.unreachable() });
    expect(await hub.request(method, params)).toMatchObject({
      answer: { ok: false, error: { code, message: expect.stringContaining(message) } },
    });
  });

  it('a handler that throws costs an answer and a line, nothing else', async () => {
    const { request, log, counters } = open({
      status: () => {
        throw new Error('bug');
      },
    });
    expect(await request('status', {})).toMatchObject({
      answer: { ok: false, error: { code: 'hub.internal' } },
    });
    expect(log.at('error')).toEqual(['a request failed']);
    expect(counters.get('control.internal_errors')).toBe(1);
  });

  it('an answer that cannot be sent is counted', async () => {
    const { request, log, counters } = open({}, true);
    await request('status', {});
    expect(log.at('warn')).toEqual(['an answer could not be sent']);
    expect(counters.snapshot()).toEqual({ 'control.requests': 1, 'control.responses_lost': 1 });
  });

  it('the total map has a handler for every method', async () => {
    const { log } = open();
    expect(log.lines).toEqual([]);
    const never = () => Promise.reject(new Error());
    const hub = { status: () => report, eval: never, command: never, quit: () => undefined };
    for (const method of Object.keys(methods)) {
      const outcome = await answerRequest(hub, method, null, () => undefined);
      expect(outcome).toMatchObject({ code: 'control.bad_params' });
    }
  });
});

describe("methods of the hub's Lua", () => {
  it('get name and parameters, and their answer is checked', async () => {
    const asked: unknown[] = [];
    const command: HubControl['command'] = (...args) => {
      asked.push(args.slice(0, 2));
      return Promise.resolve({ agents: [{ session_uuid: 5 }] });
    };
    expect(await open({ command }).request('agent.list', {})).toMatchObject({
      answer: {
        ok: false,
        error: {
          code: 'command.bad_answer',
          message: expect.stringContaining('agent.list.agents[0].session_uuid'),
        },
      },
    });
    expect(asked).toEqual([['agent.list', {}]]);
    expect(await open().request('agent.list', {})).toMatchObject({
      answer: { ok: true, value: { agents: [] } },
    });
  });

  it('answer with their failures', async () => {
    const command = () => Promise.resolve(fail('agent.limit', 'Too many.', { max_sessions: 3 }));
    expect(await open({ command }).request('agent.list', {})).toMatchObject({
      answer: {
        ok: false,
        error: { code: 'agent.limit', message: 'Too many.', details: { max_sessions: 3 } },
      },
    });
  });

  it('tell the client how it goes, one message at a time, before they answer', async () => {
    const command: HubControl['command'] = async (_name, _params, report) => {
      for (let percent = 1; percent <= 100; percent++) report({ stage: 'worktree', percent });
      await settle();
      report({ stage: 'spawn' });
      return { agents: [] };
    };
    const { request, calls } = open({ command });
    await request('agent.list', {});
    await settle();
    const told = (data: object) => [
      'notify_client',
      { client: 3, name: 'progress', data: { ...data, request_id: 9 } },
    ];
    expect(calls.slice(0, 3)).toEqual([
      told({ stage: 'worktree', percent: 1 }),
      told({ stage: 'worktree', percent: 100 }),
      told({ stage: 'spawn' }),
    ]);
    expect(calls.map(([name]) => name)).toEqual([
      'notify_client',
      'notify_client',
      'notify_client',
      'respond',
    ]);
  });

  it('a client that cannot be told gets its answer all the same', async () => {
    const command: HubControl['command'] = (_name, _params, report) => {
      report({ stage: 'x' });
      report({ stage: 'y' });
      return Promise.resolve({ agents: [] });
    };
    const { request, log } = open({ command }, true);
    expect(await request('agent.list', {})).toMatchObject({ answer: { ok: true } });
    expect(log.at('warn')).toEqual(['an answer could not be sent']);
  });
});

describe('clients', () => {
  it('are listed with how long they are connected', () => {
    const { control, clock } = open();
    const { handlers } = control;
    handlers['control.client_connected']({
      type: 'control.client_connected',
      client: 1,
      kind: 'tui',
      version: '1',
    });
    clock.advance(1_260);
    handlers['control.client_connected']({
      type: 'control.client_connected',
      client: 2,
      kind: 'cli',
      version: '2',
    });
    expect(control.clients()).toEqual([
      { id: 1, client: 'tui', version: '1', connected_s: 1.3 },
      { id: 2, client: 'cli', version: '2', connected_s: 0 },
    ]);
    handlers['control.client_disconnected']({ type: 'control.client_disconnected', client: 1, reason: 'x' });
    expect(control.clients().map(({ id }) => id)).toEqual([2]);
  });

  it('of a worker that died are gone, and their numbers are not used again', async () => {
    const { control, calls } = open();
    await control.listen();
    control.handlers['control.client_connected']({
      type: 'control.client_connected',
      client: 41,
      kind: 'tui',
      version: '1',
    });
    control.reopen();
    expect(control.clients()).toEqual([]);
    expect(calls).toEqual([
      ['listen', { path: '/x/hub.sock', first_client: 1 }],
      ['listen', { path: '/x/hub.sock', first_client: 42 }],
    ]);
  });

  it('a socket that cannot be opened again is a line and a count', async () => {
    const { control, log, counters } = open({}, true);
    control.reopen();
    await settle();
    expect(log.at('error')).toEqual(['the control socket cannot be opened again']);
    expect(counters.get('control.reopen_failed')).toBe(1);
  });
});
