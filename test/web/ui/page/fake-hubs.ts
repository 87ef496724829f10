/** Hubs that are nowhere: the contract of web/link/types.ts with values that a test sets and answers that it gives. */
import { fail } from '../../../../base/errors.js';
import type { ProgressData } from '../../../../protocol/agents.js';
import type { DeviceRecord } from '../../../../protocol/devices.js';
import { Cell } from '../../../../web/link/observable.js';
import type {
  AttachOptions,
  Health,
  Hub,
  HubNotice,
  HubState,
  Hubs,
  SessionView,
  TerminalAttach,
  TerminalSink,
} from '../../../../web/link/types.js';
import { FakeTerminal } from './fake-terminal.js';
import { definitions, newAgent, devices as someDevices } from './samples.js';

/** Answers a method; throws what the hub refuses. */
export type Answer = (params: Record<string, unknown>, onProgress?: (step: ProgressData) => void) => unknown;

const goodHealth: Health = {
  rtt_ms: 3.4,
  loop_age_ms: 0.8,
  path: 'host',
  sent_bytes: 48_213,
  received_bytes: 12_904_112,
  queued_bytes: 0,
  missed: 0,
};

export class FakeHub implements Hub {
  readonly address: string;
  readonly name: Cell<string>;
  readonly state = new Cell<HubState>({ kind: 'online' });
  readonly sessions = new Cell<readonly SessionView[]>([]);
  readonly health = new Cell<Health>(goodHealth);
  readonly device = new Cell({ id: someDevices[0]!.id, name: 'Pixel 9', view_only: false });
  readonly terminals = new Map<string, FakeTerminal>();
  readonly requests: { readonly method: string; readonly params: unknown }[] = [];
  readonly looked: string[] = [];
  readonly #onNotice = new Set<(notice: HubNotice) => void>();
  devices: DeviceRecord[] = [...someDevices];
  reconnects = 0;
  readonly answers: Record<string, Answer> = {
    'agent.definitions': () => ({ definitions }),
    'device.list': () => ({ devices: this.devices }),
    'device.rename': ({ id, name }) => this.#device(id, { name: String(name) }),
    'device.set_view_only': ({ id, view_only }) => this.#device(id, { view_only: view_only === true }),
    'device.revoke': ({ id }) => {
      this.devices = this.devices.filter((one) => one.id !== id);
      return {};
    },
    'connection.code': ({ view_only }) => ({
      url: 'http://192.168.1.20:4171/#AZ3mHk9sQ2vT0yWc7LpXfRbNuJ4eGdK8oVtS1iYhPqA6zMxC5BwEjUlFnDrO',
      view_only: view_only === true,
      created_at: new Date().toISOString(),
    }),
    'session.update': ({ id, name }) => this.change(String(id), { session: { name: String(name) } }),
    'session.kill': ({ id }) =>
      this.change(String(id), { state: 'exited', session: { state: 'exited', exit: { signal: 1, at: '' } } }),
    'agent.rm': ({ id }) => {
      this.sessions.set(this.sessions.value.filter(({ session }) => session.uuid !== id));
      return { warnings: [] };
    },
    'agent.new': ({ branch, agent, prompt }) => {
      const made = newAgent(String(branch), String(agent), prompt === undefined ? undefined : String(prompt));
      this.add(made);
      return {
        ...made.agent,
        warnings: [],
        accessories: [],
        worktree_created: true,
        definition_from: 'built-in',
      };
    },
  };

  constructor(address: string, name: string) {
    this.address = address;
    this.name = new Cell(name);
  }

  add(view: SessionView, terminal = new FakeTerminal('$ ', view.session.rows, view.session.cols)): void {
    this.terminals.set(view.session.uuid, terminal);
    this.sessions.set([...this.sessions.value, view]);
  }

  change(
    uuid: string,
    change: { state?: SessionView['state']; said?: string; session?: object; agent?: object },
  ): void {
    this.sessions.set(
      this.sessions.value.map((view) =>
        view.session.uuid !== uuid
          ? view
          : {
              state: change.state ?? view.state,
              said: change.said ?? view.said,
              session: { ...view.session, ...change.session },
              agent: view.agent && { ...view.agent, ...change.agent },
            },
      ),
    );
  }

  async request(
    method: string,
    params: object,
    onProgress?: (progress: ProgressData) => void,
    // biome-ignore lint/suspicious/noExplicitAny: its type depends on the method, which this does not look at.
  ): Promise<any> {
    this.requests.push({ method, params });
    if (this.state.value.kind !== 'online') throw fail('hub.connection_lost', 'The hub is not connected.');
    const answer = this.answers[method];
    if (answer === undefined) throw fail('test.no_answer', `The test answers no ${method}.`);
    return await answer(params as Record<string, unknown>, onProgress);
  }

  attach(sessionUuid: string, sink: TerminalSink, _options: AttachOptions): TerminalAttach {
    const terminal = this.terminals.get(sessionUuid);
    if (terminal === undefined) throw new Error(`no terminal ${sessionUuid}`);
    return terminal.attach(sink, () => this.device.value.view_only);
  }

  onNotice(listener: (notice: HubNotice) => void): () => void {
    this.#onNotice.add(listener);
    return () => this.#onNotice.delete(listener);
  }

  say(notice: Partial<HubNotice> & { readonly title: string }): void {
    for (const listener of this.#onNotice)
      listener({ body: undefined, session: undefined, open: false, ...notice });
  }

  seen(sessionUuid: string): void {
    this.looked.push(sessionUuid);
  }

  reconnect(): void {
    this.reconnects++;
  }

  #device(id: unknown, change: Partial<DeviceRecord>): object {
    this.devices = this.devices.map((one) => (one.id === id ? { ...one, ...change } : one));
    return { device: this.devices.find((one) => one.id === id) };
  }
}

export class FakeHubs implements Hubs {
  readonly list = new Cell<readonly FakeHub[]>([]);
  readonly pairings: { readonly code: string; readonly name: string }[] = [];
  /** What `pair` does. */
  onPair: (code: string, name: string) => Promise<FakeHub> = async () => new FakeHub('paired', 'paired');

  async pair(code: string, deviceName: string): Promise<Hub> {
    this.pairings.push({ code, name: deviceName });
    const hub = await this.onPair(code, deviceName);
    this.list.set([...this.list.value, hub]);
    return hub;
  }

  async forget(hub: Hub): Promise<void> {
    this.list.set(this.list.value.filter((one) => one !== hub));
  }
}
