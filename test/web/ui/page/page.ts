/** The app over fake hubs, and what tests do with them from outside: `ui` of the page. */
import { fail } from '../../../../base/errors.js';
import type { HubState } from '../../../../web/link/types.js';
import { start } from '../../../../web/ui/start.js';
import { FakeHub, FakeHubs } from './fake-hubs.js';
import { FakeTerminal } from './fake-terminal.js';
import { agentScreen, fullScreen, pastOutput, sample } from './samples.js';

const hubs = new FakeHubs();

function shop(): FakeHub {
  const hub = new FakeHub('hub-shop', 'shop');
  const screen = () => new FakeTerminal(agentScreen, 40, 120, pastOutput(3_000));
  hub.add(
    sample({
      branch: 'feature/login',
      state: 'needs_you',
      minutes: 2,
      said: 'Should I also throttle failed attempts?',
    }),
    screen(),
  );
  hub.add(
    sample({ branch: 'fix/checkout-rounding', agent: 'codex', state: 'working', said: 'Running npm test' }),
    screen(),
  );
  hub.add(
    sample({
      branch: 'refactor/price-engine',
      state: 'idle',
      minutes: 47,
      said: 'Split the price engine into rules',
    }),
    screen(),
  );
  hub.add(
    sample({
      branch: 'spike/edge-cache',
      agent: 'shell',
      state: 'exited',
      minutes: 60 * 26,
      code: 1,
      said: 'npm run bench',
    }),
    screen(),
  );
  hub.add(
    sample({ agent: '/usr/bin/vite', name: 'dev-server', state: 'working', said: 'vite v7 ready in 412 ms' }),
    screen(),
  );
  return hub;
}

function api(): FakeHub {
  const hub = new FakeHub('hub-api', 'api-gateway');
  hub.add(sample({ branch: 'chore/upgrade-node', state: 'working', said: 'Reading the changelog' }));
  hub.add(
    sample({ branch: 'docs/readme', agent: 'reviewer', state: 'exited', minutes: 300, name: 'README pass' }),
  );
  return hub;
}

export const ui = {
  hubs,
  /** Two hubs with sessions in all states. */
  fill(): void {
    hubs.list.set([shop(), api()]);
  },
  addHub(address: string, name: string): void {
    hubs.list.set([...hubs.list.value, new FakeHub(address, name)]);
  },
  many(count: number): void {
    const hub = shop();
    for (let index = 0; index < count; index++)
      hub.add(sample({ branch: `task/${index + 1}`, state: 'idle', minutes: index }));
    hubs.list.set([hub]);
  },
  hub(index = 0): FakeHub {
    const hub = hubs.list.value[index];
    if (hub === undefined) throw new Error(`no hub ${index}`);
    return hub;
  },
  terminal(branch: string): FakeTerminal {
    const hub = ui.hub();
    const view = hub.sessions.value.find(({ agent, session }) => (agent?.branch ?? session.name) === branch);
    const terminal = hub.terminals.get(view?.session.uuid ?? '');
    if (terminal === undefined) throw new Error(`no terminal of ${branch}`);
    return terminal;
  },
  /** A program that draws on the whole screen runs there. */
  fullScreen(branch: string): void {
    const terminal = ui.terminal(branch);
    terminal.screen = fullScreen(terminal.rows, terminal.cols);
  },
  uuid(branch: string): string {
    const view = ui
      .hub()
      .sessions.value.find(({ agent, session }) => (agent?.branch ?? session.name) === branch);
    return view?.session.uuid ?? '';
  },
  state(index: number, state: HubState): void {
    ui.hub(index).state.set(state);
  },
  viewOnly(): void {
    for (const hub of hubs.list.value) hub.device.set({ ...hub.device.value, view_only: true });
  },
  fail,
  /** Lets a test go on step by step: each `step()` answers one wait. */
  gate(): { wait: () => Promise<void>; open: () => void } {
    let open = (): void => undefined;
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    return { wait: () => opened, open };
  },
};
export type Ui = typeof ui;
(globalThis as { ui?: Ui }).ui = ui;

const { scenario } = (globalThis as { scenario?: { scenario?: 'filled' | 'empty' | 'none' } }).scenario ?? {};
if (scenario === 'empty') ui.addHub('hub-shop', 'shop');
else if (scenario !== 'none') ui.fill();

const { document } = globalThis as unknown as { document: { getElementById(id: string): never } };
void start(document.getElementById('app'), Promise.resolve(hubs));
