/**
 * The network between a browser and its hub, cut for real: the two are on machines of their own (cable.ts). Where the system
 * allows no namespaces, the hub is stopped instead, which for the browser is the same silence.
 */
import { setTimeout as pass } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { newPage, openBrowser, pair, typeLine, untilLive } from '../support/browser.js';
import { makeAgent, makeShellPlace } from '../support/browser-agents.js';
import { type Cable, HUB_ADDRESS, layCable } from '../support/cable.js';
import { startHub } from '../support/hub-process.js';
import { checkCounted, lastNumber, startCounting, untilCounted } from '../support/numbered-lines.js';

/** Long enough that everything which watches a connection has given it up. */
const UNPLUGGED_MS = 20_000;
const SWALLOWED_MS = 8_000;

test('a network that goes away and comes back costs no line and doubles none', {
  timeout: 150_000,
}, async () => {
  const cable = await layCable().catch((thrown: Error): undefined => {
    process.stdout.write(`the hub is stopped instead of the network: ${thrown.message}\n`);
  });
  const place = await makeShellPlace(cable === undefined ? {} : { within: cable.hub.within });
  const hub = await startHub(place, ...(cable === undefined ? [] : ['--lan']));
  if (cable !== undefined) expect(hub.info.url).toContain(HUB_ADDRESS);
  const page = await newPage(await openBrowser(cable?.device.within));
  await pair(page, place, 'My phone');
  await makeAgent(page, 'feature/login');
  await typeLine(page, 'mark=from-before');
  await startCounting(page);

  for (const { name, cut, mend, ms } of waysToCut(cable, hub.info.pid)) {
    const before = await lastNumber(page);
    await cut();
    const over = pass(ms);
    await page.locator('.liveness-waiting').waitFor();
    await over;
    await mend();
    const backMs = Date.now();
    await untilLive(page);
    process.stdout.write(`${name}: live again ${Date.now() - backMs} ms after the network was back\n`);
    await untilCounted(page, before, 100);
  }
  await checkCounted(page);
});

interface Cut {
  readonly name: string;
  readonly ms: number;
  readonly cut: () => Promise<void>;
  readonly mend: () => Promise<void>;
}

function waysToCut(cable: Cable | undefined, hubPid: number): Cut[] {
  if (cable === undefined) {
    const send = async (signal: NodeJS.Signals): Promise<void> => {
      process.kill(hubPid, signal);
    };
    const [cut, mend] = [() => send('SIGSTOP'), () => send('SIGCONT')];
    return [{ name: 'stopped', ms: UNPLUGGED_MS, cut, mend }];
  }
  const { unplug, plug, swallow, deliver } = cable;
  return [
    { name: 'unplugged', ms: UNPLUGGED_MS, cut: unplug, mend: plug },
    { name: 'swallowed', ms: SWALLOWED_MS, cut: swallow, mend: deliver },
  ];
}
