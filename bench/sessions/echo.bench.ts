/** From a key to its echo: through the hub's socket and an attach, and through tmux and its client. */

import { makePlace, startHub, waitMs } from '../hub-process.js';
import { type Bench, type Figure, figure, percentile } from '../measure.js';
import { stopHost } from './host.js';
import { HubTerminal } from './hub-terminal.js';
import { Tmux } from './tmux.js';

const KEYS = 1_000;
/** What a hub meets in its first minutes; after that its code runs as it does all day. */
const WARM_UP_KEYS = 8_000;
const FLOODS = 10;
const ECHO = ['-c', 'stty raw -echo; echo ready; exec cat'];
const FLOOD = ['-c', 'while :; do cat /etc/services; done'];
/** Between keys, so that each is an event of its own; about what a fast typist or a paste of short lines does. */
const PAUSE_MS = 3;

export const echo: Bench = {
  name: 'sessions: echo',
  async run() {
    const place = makePlace();
    const hub = await startHub(place);
    try {
      const terminal = await HubTerminal.open(hub.socket);
      const id = await terminal.spawn('sh', ECHO);
      const attach = await terminal.attach(id);
      const tmux = await Tmux.start('stty raw -echo; exec cat');
      await waitMs(500);
      const keyOfHub = async (key: string): Promise<number> => {
        const startMs = performance.now();
        const seen = attach.until(
          ({ type, bytes }) => type === 'output' && bytes.includes(key.charCodeAt(0)),
        );
        attach.type(key);
        await seen;
        return performance.now() - startMs;
      };
      const keyOfTmux = (key: string): Promise<number> =>
        new Promise((resolve) => {
          const startMs = performance.now();
          tmux.onData = (bytes) => {
            if (bytes.includes(key.charCodeAt(0))) resolve(performance.now() - startMs);
          };
          tmux.type(key);
        });
      const first = await both(keyOfHub, keyOfTmux);
      await keys(keyOfHub, WARM_UP_KEYS);
      const idle = await both(keyOfHub, keyOfTmux);
      for (let i = 0; i < FLOODS; i++) await terminal.spawn('sh', FLOOD);
      await waitMs(1_000);
      const busyHub = await keys(keyOfHub);
      await stopHost(hub);
      terminal.close();
      for (let i = 0; i < FLOODS; i++) tmux.window(`sh -c '${FLOOD[1] ?? ''}'`);
      await waitMs(1_000);
      const busyTmux = await keys(keyOfTmux);
      tmux.stop();
      return [
        ...figures(`first ${KEYS} keys`, first.hub, first.tmux, false),
        ...figures('idle', idle.hub, idle.tmux),
        ...figures(`${FLOODS} floods`, busyHub, busyTmux),
      ];
    } finally {
      await stopHost(hub);
      await hub.stop();
      place.remove();
    }
  },
};

/** Alternating, so that both meet the same machine. */
async function both(
  ofHub: (key: string) => Promise<number>,
  ofTmux: (key: string) => Promise<number>,
): Promise<{ hub: number[]; tmux: number[] }> {
  const [hub, tmux]: [number[], number[]] = [[], []];
  for (let i = 0; i < 10; i++) {
    hub.push(...(await keys(ofHub, KEYS / 10)));
    tmux.push(...(await keys(ofTmux, KEYS / 10)));
  }
  return { hub, tmux };
}

async function keys(press: (key: string) => Promise<number>, count = KEYS): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < count; i++) {
    // capitals: tmux's own output (status line, cursor moves) has few of them
    times.push(await press('QXZWVK'[i % 6] as string));
    await waitMs(PAUSE_MS);
  }
  return times;
}

function figures(name: string, hub: readonly number[], tmux: readonly number[], isGoal = true): Figure[] {
  return ([0.5, 0.99] as const).map((share) => {
    const [value, reference] = [percentile(hub, share), percentile(tmux, share)];
    const times = share === 0.5 ? 1.5 : 2;
    return figure(
      `echo, ${name}, p${share * 100}`,
      value,
      'ms',
      isGoal ? { atMost: Number((reference * times).toPrecision(3)) } : {},
      { name: 'tmux attach', value: reference },
    );
  });
}
