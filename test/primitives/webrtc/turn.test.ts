/** TURN servers as the hub tries them: a real one, and ones that are none. */
import { randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { createServer } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { IceSettings } from '../../../primitives/ice-settings.js';
import { decodeStun } from '../../../primitives/webrtc/stun-message.js';
import { probeTurn, type TurnServer as Server } from '../../../primitives/webrtc/turn-probe.js';
import { TurnServers } from '../../../primitives/webrtc/turn-servers.js';
import fc, { fuzz } from '../../support/fast-check.js';
import { startTurn, TURN_PASSWORD, TURN_USER } from '../../support/turn-server.js';
import { VirtualClock } from '../../support/virtual-clock.js';

const proof = { username: TURN_USER, credential: TURN_PASSWORD };

describe('a server', () => {
  test('that takes the credentials can be used, over UDP and over TCP', async () => {
    const { url, log } = await startTurn();
    expect(await probeTurn({ url, ...proof })).toBeUndefined();
    expect(await probeTurn({ url: `${url}?transport=tcp`, ...proof })).toBeUndefined();
    // What it gave was given back.
    expect(log().match(/ALLOCATE processed, success/g)).toHaveLength(2);
  });

  test('that refuses the credentials is told from one that is not there', async () => {
    const { url, port } = await startTurn();
    const refused = 'it refuses the credentials (401 Unauthorized)';
    expect(await probeTurn({ url, username: TURN_USER, credential: 'wrong' })).toBe(refused);
    expect(await probeTurn({ url, username: 'nobody', credential: TURN_PASSWORD })).toBe(refused);
    expect(await probeTurn({ url: `turn:127.0.0.1:${port}?transport=tcp`, ...proof, username: 'x' })).toBe(
      refused,
    );
    expect(await probeTurn({ url: 'turn:127.0.0.1:1?transport=tcp', ...proof })).toMatch(/cannot be reached/);
    expect(await probeTurn({ url: 'turn:nowhere.invalid', ...proof })).toMatch(/cannot be reached/);
    expect(await probeTurn({ url: 'turn:', ...proof })).toMatch(/not understood/);
  });

  test('that never answers, or something else, is given up', async () => {
    const silent = await udpServer(() => undefined);
    const noise = await udpServer((message, port, socket) => {
      for (const bytes of [randomBytes(100), message, Buffer.alloc(0), Buffer.alloc(20, 1)])
        socket.send(bytes, port, '127.0.0.1');
    });
    const [first, second] = await Promise.all([silent, noise].map((url) => probeTurn({ url, ...proof })));
    expect(first).toMatch(/did not answer/);
    // Its own question comes back, which is no success.
    expect(second).toBeDefined();
    expect(await probeTurn({ url: await webServer(), ...proof })).toBeDefined();
  });
});

test('an answer of any bytes is read', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), fc.nat(90), (bytes, length) => {
      const message = Buffer.concat([Buffer.alloc(20), bytes]);
      message.writeUInt16BE(0x0113, 0);
      message.writeUInt16BE(Math.min(length, bytes.length), 2);
      const { code, reason } = decodeStun(message);
      expect(code).toBeGreaterThanOrEqual(0);
      expect(reason.length).toBeLessThanOrEqual(60);
    }),
    fuzz(1_000),
  );
});

describe('the settings', () => {
  const servers: IceSettings['servers'] = [
    { urls: ['stun:s'] },
    { urls: ['turn:a', 'turn:b'], ...proof },
    { urls: ['turns:c'], username: 'other', credential: 'secret' },
  ];

  function open(problems: Record<string, string | undefined>) {
    const clock = new VirtualClock();
    const asked: string[] = [];
    const said: string[] = [];
    const probe = ({ url }: Server): Promise<string | undefined> => {
      asked.push(url);
      return Promise.resolve(problems[url]);
    };
    return { clock, asked, said, turn: new TurnServers(clock, probe, (text) => said.push(text)) };
  }

  test('without TURN are used as they are, and nobody is asked', async () => {
    const { turn, asked } = open({});
    const ice = { servers: [{ urls: ['stun:s'] }], relay_only: false };
    expect(await turn.usable(ice)).toBe(ice);
    expect(asked).toEqual([]);
  });

  test('give the first server that works, which is trusted for a while', async () => {
    const { turn, asked, clock } = open({ 'turn:a': 'it is off' });
    const expected = { servers: [{ urls: ['stun:s'] }, { urls: ['turn:b'], ...proof }], relay_only: false };
    expect(await turn.usable({ servers, relay_only: false })).toEqual(expected);
    clock.advance(10_000);
    expect(await turn.usable({ servers, relay_only: false })).toEqual(expected);
    expect(asked).toEqual(['turn:a', 'turn:b', 'turn:a']);
  });

  test('without one that works are without TURN; what is wrong with each is said once', async () => {
    const problems: Record<string, string | undefined> = {
      'turn:a': 'one',
      'turn:b': 'two',
      'turns:c': 'three',
    };
    const { turn, said, clock } = open(problems);
    expect(await turn.usable({ servers, relay_only: false })).toEqual({
      servers: [{ urls: ['stun:s'] }],
      relay_only: false,
    });
    expect(await turn.usable({ servers, relay_only: true })).toMatchObject({ relay_only: true });
    clock.advance(10_000);
    await turn.usable({ servers, relay_only: false });
    expect(said).toHaveLength(3);
    expect(said[0]).toContain('turn:a cannot be used: one');
    problems['turn:a'] = undefined;
    clock.advance(10_000);
    await turn.usable({ servers, relay_only: false });
    expect(said[3]).toBe('the TURN server turn:a can be used again');
    expect(said.join()).not.toContain(TURN_PASSWORD);
  });
});

async function udpServer(answer: (message: Buffer, port: number, socket: Socket) => void): Promise<string> {
  const socket = createSocket('udp4');
  socket.on('message', (message, { port }) => answer(message, port, socket));
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  onTestFinished(() => void socket.close());
  return `turn:127.0.0.1:${socket.address().port}`;
}

/** Speaks HTTP. */
async function webServer(): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return `turn:127.0.0.1:${address.port}?transport=tcp`;
}
