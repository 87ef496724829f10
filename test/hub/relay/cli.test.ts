import { readFileSync } from 'node:fs';
import { get } from 'node:https';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type CliProcess, makePlace, runCli, spawnCli, startHub } from '../../support/hub-process.js';
import { TestClient } from '../../support/relay.js';
import { cleanEnv, tempDir } from '../../support/temp-repo.js';

const tls = join(import.meta.dirname, '../../fixtures/tls');

async function startRelay(
  ...args: string[]
): Promise<{ process: CliProcess; url: string; cable_url: string }> {
  const relay = spawnCli(['relay', '--port', '0', '--json', ...args], { cwd: tempDir(), env: cleanEnv });
  const line = await relay.said('stdout', /\n/);
  return { process: relay, ...(JSON.parse(line) as { url: string; cable_url: string }) };
}

describe('botster relay', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('serves until %s, and says that it comes back', async (signal) => {
    const relay = await startRelay();
    expect(await (await fetch(`${relay.url}up`)).text()).toBe('up\n');
    const client = new TestClient(relay.cable_url, {});
    await client.heard({ type: 'welcome' });
    relay.process.child.kill(signal);
    await client.heard({ type: 'disconnect', reason: 'server_restart', reconnect: true });
    expect((await relay.process.done).code).toBe(0);
  });

  it('says where it is, to people', async () => {
    const relay = spawnCli(['relay', '--port', '0'], { cwd: tempDir(), env: cleanEnv });
    expect(await relay.said('stdout', /\n/)).toMatch(/^ready {2}relay at http:\/\/127\.0\.0\.1:\d+\/\n$/);
  });

  it('speaks https with a certificate', async () => {
    const [cert, key] = [join(tls, 'localhost.crt'), join(tls, 'localhost.key')];
    const relay = await startRelay('--host', 'localhost', '--cert', cert, '--key', key);
    expect([relay.url, relay.cable_url]).toEqual([
      expect.stringMatching(/^https:\/\/localhost:\d+\/$/),
      expect.stringMatching(/^wss:\/\/localhost:\d+\/cable$/),
    ]);
    const status = await new Promise((resolve, reject) => {
      get(`${relay.url}up`, { ca: readFileSync(cert) }, (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      }).on('error', reject);
    });
    expect(status).toBe(200);
  });

  it('says what is wrong with its arguments', async () => {
    const options = { cwd: tempDir(), env: cleanEnv };
    const first = await startRelay();
    const taken = await runCli(['relay', '--port', new URL(first.url).port], options);
    expect([taken.code, taken.stderr]).toEqual([1, expect.stringContaining('is taken by another program')]);
    const half = await runCli(['relay', '--port', '0', '--cert', join(tls, 'localhost.crt')], options);
    expect([half.code, half.stderr]).toEqual([2, expect.stringContaining('--cert and --key go together')]);
    const wrong = await runCli(['relay', '--cert', join(tls, 'localhost.key'), '--key', '/missing'], options);
    expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringContaining('cannot be used')]);
    const port = await runCli(['relay', '--port', '70000'], options);
    expect(port.code).toBe(2);
  });
});

describe('botster start', () => {
  it('serves a page at an address that stays, also after the hub was killed', async () => {
    const place = await makePlace({}, { hasWeb: true });
    const first = await startHub(place);
    const { url } = first.info;
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:4\d{3}\/$/);
    expect(await (await fetch(`${url}up`)).text()).toBe('up\n');
    const status = JSON.parse((await place.run('status', '--json')).stdout) as { url: string };
    expect(status.url).toBe(url);
    first.process.child.kill('SIGKILL');
    await first.process.done;
    expect((await startHub(place)).info.url).toBe(url);
  });

  it('gives two hubs two addresses', async () => {
    const [one, other] = [
      await startHub(await makePlace({}, { hasWeb: true })),
      await startHub(await makePlace({}, { hasWeb: true })),
    ];
    expect(one.info.url).not.toBe(other.info.url);
  });

  it('uses a relay elsewhere, or none, also in the background', async () => {
    const place = await makePlace({}, { hasWeb: true });
    const start = async (...args: string[]): Promise<unknown> => {
      const { stdout } = await place.run('start', '--detach', '--json', ...args);
      await place.run('stop');
      return (JSON.parse(stdout) as { url: unknown }).url;
    };
    expect(await start('--relay', 'https://relay.example')).toBe('https://relay.example/');
    expect(await start('--no-web')).toBeNull();
    const lan = await place.run('start', '--detach', '--lan', '--json');
    expect(lan.stderr).toContain('everybody on this network');
    const { url } = JSON.parse(lan.stdout) as { url: string };
    expect(await (await fetch(`${url}up`)).text()).toBe('up\n');
  });

  it('refuses what makes no sense, and starts nothing', async () => {
    const place = await makePlace({}, { hasWeb: true });
    const both = await place.run('start', '--lan', '--no-web');
    expect([both.code, both.stderr]).toEqual([2, expect.stringContaining('only one makes sense')]);
    const wrong = await place.run('start', '--detach', '--relay', 'nowhere');
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('is no address of a relay')]);
  });
});
