import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  dataDirOf,
  hostSocketPathOf,
  MAX_SOCKET_PATH_BYTES,
  packageRoot,
  readVersion,
  socketPathOf,
} from '../../hub/paths.js';

describe('paths', () => {
  it('a socket is in the state folder while its path is short enough', () => {
    const fits = `/${'x'.repeat(MAX_SOCKET_PATH_BYTES - '/hub.sock'.length - 1)}`;
    expect(socketPathOf(fits, 'ab', 7)).toBe(`${fits}/hub.sock`);
    expect(socketPathOf(`${fits}y`, 'ab', 7)).toBe('/tmp/botster-7/ab.sock');
    expect(socketPathOf(`/${'é'.repeat(50)}`, 'ab', 7), 'bytes count, not characters').toBe(
      '/tmp/botster-7/ab.sock',
    );
  });

  it("the session host's socket follows the same rule", () => {
    expect(hostSocketPathOf('/data', 'ab', 7)).toBe('/data/host.sock');
    const long = `/${'x'.repeat(MAX_SOCKET_PATH_BYTES - '/hub.sock'.length - 1)}`;
    expect(hostSocketPathOf(long, 'ab', 7)).toBe('/tmp/botster-7/abh.sock');
  });

  it('the data folder is ~/.botster unless chosen', () => {
    expect(dataDirOf({})).toBe(join(homedir(), '.botster'));
    expect(dataDirOf({ BOTSTER_DATA_DIR: '' })).toBe(join(homedir(), '.botster'));
    expect(dataDirOf({ BOTSTER_DATA_DIR: 'rel' })).toBe(resolve('rel'));
  });

  it("the version is the package's", () => {
    expect(resolve(packageRoot)).toBe(resolve('.'));
    expect(readVersion()).toMatch(/^\d+\.\d+\.\d+/);
  });
});
