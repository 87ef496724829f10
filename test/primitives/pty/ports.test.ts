import { createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { FIRST_PORT, LAST_PORT, MAX_LEASES, PortLeases } from '../../../primitives/pty/ports.js';

const none: ReadonlySet<number> = new Set();
const COUNT = LAST_PORT - FIRST_PORT + 1;

function open(random?: () => number): PortLeases {
  const leases = new PortLeases(random);
  onTestFinished(() => leases.close());
  return leases;
}

/** Whether a server can have the port now. */
function canListen(port: number, host?: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, host, () => server.close(() => resolve(true)));
  });
}

async function leased(leases: PortLeases, exclude = none): Promise<number> {
  const port = await leases.lease(exclude);
  if (typeof port !== 'number') throw port;
  return port;
}

test('a leased port is held until it is released', async () => {
  const leases = open();
  const port = await leased(leases);
  expect(port).toBeGreaterThanOrEqual(FIRST_PORT);
  expect(port).toBeLessThanOrEqual(LAST_PORT);
  expect(await canListen(port)).toBe(false);
  expect(await canListen(port, '127.0.0.1')).toBe(false);
  await leases.release(port);
  expect(await canListen(port)).toBe(true);
  await leases.release(port);
});

test.each([undefined, '127.0.0.1', '0.0.0.0'])(
  'a port that somebody uses on %s is passed over',
  async (host) => {
    const other = open();
    const taken = await leased(other);
    await other.release(taken);
    const server = createServer();
    onTestFinished(() => void server.close());
    await new Promise<void>((resolve) => server.listen(taken, host, resolve));
    const leases = open(() => (taken - FIRST_PORT + 0.5) / COUNT);
    expect(await leased(leases)).not.toBe(taken);
  },
);

test('ports go round: none is given out again at once, none that a session has', async () => {
  const leases = open(() => 0.5);
  const first = await leased(leases);
  await leases.release(first);
  const second = await leased(leases);
  expect(second).toBeGreaterThan(first);
  const third = await leased(leases, new Set([second + 1, second + 2]));
  expect(third).toBeGreaterThan(second + 2);
});

test('after the last port comes the first', async () => {
  const leases = open(() => 0.999_99);
  const ports = [await leased(leases), await leased(leases)];
  expect(ports[1]).toBeLessThan(ports[0] as number);
});

test('leases made at once are of different ports', async () => {
  const leases = open();
  const ports = await Promise.all(Array.from({ length: 20 }, () => leased(leases)));
  expect(new Set(ports).size).toBe(20);
});

test('there is an end to it', async () => {
  const leases = open();
  await Promise.all(Array.from({ length: MAX_LEASES }, () => leased(leases)));
  expect(await leases.lease(none)).toMatchObject({ code: 'pty.no_port' });
  const all = new Set(Array.from({ length: COUNT }, (_, n) => FIRST_PORT + n));
  expect(await open().lease(all)).toMatchObject({ code: 'pty.no_port' });
});
