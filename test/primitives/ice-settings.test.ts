/** Settings for making connections. */
import { writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readIceSettings } from '../../primitives/ice-settings.js';
import { tempDir } from '../support/temp-repo.js';

async function read(settings: Record<string, unknown>): Promise<unknown> {
  const dir = tempDir();
  writeFileSync(`${dir}/config.json`, JSON.stringify(settings));
  try {
    return await readIceSettings(dir);
  } catch (thrown) {
    return (thrown as Error).message.replace(dir, '');
  }
}

test('without settings no server is asked', async () => {
  expect(await readIceSettings(tempDir())).toEqual({ servers: [], relay_only: false });
});

test('servers and the relay-only mode are as the user says', async () => {
  const servers = [
    { urls: ['stun:stun.example.org:3478'] },
    { urls: ['turn:turn.example.org:3478?transport=udp'], username: 'me', credential: 'secret' },
  ];
  expect(await read({ 'webrtc.ice_servers': servers, 'webrtc.relay_only': true })).toEqual({
    servers,
    relay_only: true,
  });
});

test.each([
  [{ 'webrtc.relay_only': true, 'webrtc.ice_servers': [{ urls: ['stun:x'] }] }, /relay_only: needs a TURN/],
  [{ 'webrtc.relay_only': 'yes' }, /webrtc\.relay_only: boolean expected/],
  [{ 'webrtc.ice_servers': 'stun:x' }, /webrtc\.ice_servers: list expected/],
  [{ 'webrtc.ice_servers': [{ urls: ['http://x'] }] }, /webrtc\.ice_servers\[0\]\.urls/],
  [{ 'webrtc.ice_servers': [{ urls: [] }] }, /webrtc\.ice_servers\[0\]\.urls/],
  [{ 'webrtc.ice_servers': [{ urls: ['turn:x'] }] }, /needs username and credential/],
  [{ 'webrtc.ice_servers': Array.from({ length: 9 }, () => ({ urls: ['stun:x'] })) }, /at most 8/],
])('%j is refused with its place', async (settings, message) => {
  expect(await read(settings)).toMatch(message);
});
