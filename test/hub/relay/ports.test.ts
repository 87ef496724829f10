import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { portsToTry, rememberPort } from '../../../hub/relay/ports.js';
import { tempDir } from '../../support/temp-repo.js';

function stateDirs(): (name: string) => string {
  const hubs = join(tempDir(), 'hubs');
  return (name) => {
    const path = join(hubs, name);
    mkdirSync(path, { recursive: true, mode: 0o700 });
    return path;
  };
}

it('several hubs begin at several ports, and each can take any of them', () => {
  const state = stateDirs();
  const all = ['0000000000000000', '46dea0a6ba231491', 'ffffffffffffffff'].map((id) =>
    portsToTry(state(id), id),
  );
  for (const ports of all) {
    expect(ports).toHaveLength(230);
    expect(new Set(ports).size).toBe(230);
    expect([Math.min(...ports), Math.max(...ports)]).toEqual([4170, 4399]);
  }
  expect(new Set(all.map(([first]) => first)).size).toBe(3);
});

it('the first choice stays, also when it was taken once', () => {
  const state = stateDirs()('a');
  rememberPort(state, 4200);
  rememberPort(state, 4201);
  expect(portsToTry(state, '0000000000000000').slice(0, 2)).toEqual([4200, 4170]);
  expect(portsToTry(state, '0000000000000000')).toHaveLength(230);
});

it('what other hubs have chosen comes last', () => {
  const state = stateDirs();
  rememberPort(state('other'), 4170);
  const ports = portsToTry(state('own'), '0000000000000000');
  expect([ports[0], ports.at(-1)]).toEqual([4171, 4170]);
});

it('a damaged file is no choice, and one that cannot be written no failure', () => {
  const state = stateDirs()('a');
  for (const text of ['', '{', 'null', '{"port":"4200"}', '{"port":70000}']) {
    writeFileSync(join(state, 'web.json'), text);
    expect(portsToTry(state, '0000000000000000')[0]).toBe(4170);
  }
  rememberPort(state, 4300);
  expect(JSON.parse(readFileSync(join(state, 'web.json'), 'utf8'))).toEqual({ port: 4300 });
  rememberPort(join(state, 'missing'), 4300);
});
