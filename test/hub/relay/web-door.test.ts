import { createServer } from 'node:net';
import { BroadcastChannel } from 'node:worker_threads';
import { expect, it, onTestFinished } from 'vitest';
import { Counters } from '../../../base/counters.js';
import { laneTable } from '../../../base/event-lanes.js';
import { Heartbeat } from '../../../base/heartbeat.js';
import { RealClock } from '../../../base/real-clock.js';
import { type WorkerEvent, workerEvents } from '../../../hub/hub-events.js';
import { Inbox } from '../../../hub/inbox.js';
import { Loop } from '../../../hub/loop.js';
import { portsToTry } from '../../../hub/relay/ports.js';
import { type RelayEvent, relayEvents } from '../../../hub/relay/relay.def.js';
import { WebDoor } from '../../../hub/relay/web-door.js';
import type { WebMode } from '../../../hub/relay/web-settings.js';
import { Supervisor } from '../../../hub/supervisor.js';
import type { HubIdentity, WebAddress } from '../../../primitives/context.js';
import { MemoryLog } from '../../support/memory-log.js';
import { TestClient } from '../../support/relay.js';
import { tempDir } from '../../support/temp-repo.js';
import { until } from '../../support/until.js';

/** A door with a real worker. */
function makeDoor(mode: WebMode, stateDir = tempDir()) {
  const clock = new RealClock();
  const counters = new Counters();
  const log = new MemoryLog();
  const inbox = new Inbox<RelayEvent | WorkerEvent>({
    lanes: laneTable([relayEvents, workerEvents]),
    counters,
    log,
  });
  const supervisor = new Supervisor<RelayEvent>({
    inbox,
    heartbeat: new Heartbeat(clock.nowMs()),
    clock,
    log,
    counters,
    random: () => 0,
  });
  const moved: WebAddress[] = [];
  // Its own range of first ports, so that hubs of this machine are not in the way.
  const identity = { stateDir, hubId: '46dea0a6ba231491' } as HubIdentity;
  const door = new WebDoor({
    identity,
    mode,
    startWorker: (spec) =>
      supervisor.start({ ...spec, url: new URL('../../fixtures/workers/mortal-relay.mjs', import.meta.url) }),
    log,
    counters,
    onMoved: (address) => moved.push(address),
  });
  let restarts = 0;
  const loop = new Loop<RelayEvent | WorkerEvent>({
    inbox,
    clock,
    log,
    counters,
    handlers: {
      ...door.handlers,
      'worker.restarted': () => {
        restarts++;
        void door.reopen();
      },
      'worker.failed': () => undefined,
    },
  });
  loop.start();
  onTestFinished(async () => {
    await supervisor.stop();
    loop.stop();
  });
  return { door, counters, log, identity, moved, restarts: () => restarts };
}

function killWorkers(): void {
  const channel = new BroadcastChannel('mortal-relay');
  channel.postMessage('now');
  channel.close();
}

it('opens on a port that stays, and on the next one while that is taken', async () => {
  const { door, identity } = makeDoor({ kind: 'own', lan: false });
  const early = door.web();
  await door.open();
  const address = await door.web();
  expect(await early).toEqual(address);
  expect(address?.page_url).toMatch(/^http:\/\/127\.0\.0\.1:4\d{3}\/$/);
  expect(address?.cable_url).toBe(`${address?.page_url.replace('http', 'ws')}cable`);
  expect(await (await fetch(`${address?.page_url}up`)).text()).toBe('up\n');
  expect(`${portsToTry(identity.stateDir, identity.hubId)[0]}`).toBe(new URL(address?.page_url ?? '').port);

  const second = makeDoor({ kind: 'own', lan: false }, identity.stateDir);
  await second.door.open();
  expect(second.door.current?.page_url).not.toBe(address?.page_url);
  await second.door.close();
  await door.close();

  const third = makeDoor({ kind: 'own', lan: false }, identity.stateDir);
  await third.door.open();
  expect(third.door.current).toEqual(address);
  await third.door.close();
});

it('listens on the same port again after its worker died', async () => {
  const { door, moved, restarts } = makeDoor({ kind: 'own', lan: false });
  await door.open();
  const before = await door.web();
  const client = new TestClient(before?.cable_url ?? '', {});
  await client.heard({ type: 'welcome' });
  killWorkers();
  expect(await client.closed).toBe(1006);
  await until(() => restarts() === 1);
  const again = await reconnect(before?.cable_url ?? '');
  again.socket.terminate();
  expect(await door.web()).toEqual(before);
  expect(moved).toEqual([]);
});

it('says where it is when its port was taken while its worker was dead', async () => {
  const { door, moved, restarts } = makeDoor({ kind: 'own', lan: false });
  await door.open();
  const port = Number(new URL(door.current?.page_url ?? '').port);
  killWorkers();
  const thief = createServer();
  onTestFinished(() => void thief.close());
  await listening(thief, port);
  await until(() => restarts() === 1);
  await until(() => moved.length === 1);
  expect(moved[0]?.page_url).not.toBe(`http://127.0.0.1:${port}/`);
  expect(await door.web()).toEqual(moved[0]);
});

it('counts in the hub what the worker refuses', async () => {
  const { door, counters } = makeDoor({ kind: 'own', lan: false });
  await door.open();
  for (let round = 1; round <= 2; round++) {
    const client = new TestClient(door.current?.cable_url ?? '', {});
    await client.heard({ type: 'welcome' });
    client.send('garbage');
    await client.closed;
    await until(() => counters.get('relay.dropped.invalid_request') === round);
  }
});

it('is an address elsewhere, or none, without a worker', async () => {
  const address = { page_url: 'https://r.example/', cable_url: 'wss://r.example/cable' };
  const elsewhere = makeDoor({ kind: 'elsewhere', address });
  await elsewhere.door.open();
  expect(await elsewhere.door.web()).toEqual(address);
  const off = makeDoor({ kind: 'off' });
  await off.door.open();
  expect(await off.door.web()).toBeUndefined();
  await off.door.reopen();
  await off.door.close();
});

it('answers who waits when the hub ends before it is open', async () => {
  const { door } = makeDoor({ kind: 'own', lan: false });
  const waiting = door.web();
  await door.close();
  expect(await waiting).toBeUndefined();
});

it('on the local network has an address of this machine there, and says what that means', async () => {
  const { door, log } = makeDoor({ kind: 'own', lan: true });
  await door.open();
  const { hostname } = new URL(door.current?.page_url ?? '');
  expect(hostname).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
  expect(await (await fetch(`${door.current?.page_url}up`)).text()).toBe('up\n');
  expect(log.lines.some(({ level, message }) => level === 'warn' && message.includes('network'))).toBe(true);
  await door.close();
});

async function reconnect(url: string): Promise<TestClient> {
  for (;;) {
    const client = new TestClient(url, {});
    const greeted = await client.heard({ type: 'welcome' }).catch(() => undefined);
    if (greeted !== undefined) return client;
  }
}

/** Takes the port as soon as it is free. */
async function listening(server: ReturnType<typeof createServer>, port: number): Promise<void> {
  for (;;) {
    const taken = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => resolve(true));
    });
    server.removeAllListeners();
    if (taken) return;
  }
}
