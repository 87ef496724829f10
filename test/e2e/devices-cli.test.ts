/** `botster connect` and `botster devices` on a real hub, with real pairings through its relay. */
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ConnectionCode, DeviceRecord } from '../../protocol/devices.js';
import type { StatusReport } from '../../protocol/status.js';
import { makePlace, type Place, runCli, startHub } from '../support/hub-process.js';
import { pairDevice } from '../support/paired-device.js';
import { ptyCli } from '../support/pty-cli.js';
import { until } from '../support/until.js';

async function hubPlace(...args: string[]): Promise<Place> {
  const place = await makePlace({}, { hasWeb: true });
  await startHub(place, ...args);
  return place;
}

async function codeOf(place: Place, ...args: string[]): Promise<ConnectionCode> {
  const { stdout, stderr } = await place.run('connect', '--json', ...args);
  expect(stderr).toBe('');
  return JSON.parse(stdout) as ConnectionCode;
}

async function devicesOf(place: Place): Promise<DeviceRecord[]> {
  return JSON.parse((await place.run('devices', '--json')).stdout) as DeviceRecord[];
}

/** A device by the code that `connect` shows; the hub knows it. */
async function pair(place: Place, name: string, ...args: string[]): Promise<DeviceRecord> {
  const device = await pairDevice((await codeOf(place, ...args)).url, name);
  onTestFinished(() => device.close());
  return await until(async () => (await devicesOf(place)).find(({ id }) => id === device.id));
}

describe('botster connect', () => {
  it('prints the address alone for a program, and what to do for people', async () => {
    const place = await hubPlace();
    const { code, stdout, stderr } = await place.run('connect');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/#[\w-]{66}\n$/);
    expect(stderr).toContain('works once');
    expect(await codeOf(place)).toEqual({
      url: stdout.trim(),
      view_only: false,
      created_at: expect.stringMatching(/^\d{4}-/),
    });
    expect((await codeOf(place, '--new')).url).not.toBe(stdout.trim());
  });

  it('with --wait returns when a device was paired, and says its name; the address is used up', async () => {
    const place = await hubPlace();
    const { url } = await codeOf(place, '--view-only');
    const waiting = place.spawn('connect', '--view-only', '--wait', '--json');
    expect(JSON.parse(await waiting.said('stdout', /\n/))).toMatchObject({ url, view_only: true });
    const device = await pairDevice(url, 'A tablet');
    onTestFinished(() => device.close());
    const { code, stdout } = await waiting.done;
    expect(code).toBe(0);
    expect(JSON.parse(stdout.split('\n')[1] ?? '')).toMatchObject({
      id: device.id,
      name: 'A tablet',
      view_only: true,
    });
    expect((await codeOf(place, '--view-only')).url).not.toBe(url);
  });

  it('with --timeout stops waiting', async () => {
    const place = await hubPlace();
    expect(await place.run('connect', '--wait', '--timeout', '0.2')).toMatchObject({
      code: 5,
      stderr: expect.stringContaining('No device was paired within 0.2 s.'),
    });
  });

  it('without a page says what to do', async () => {
    const place = await hubPlace('--no-web');
    expect(await place.run('connect')).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/serves no page: start it with one/),
    });
  });
});

describe('botster devices', () => {
  it('lists, renames, restricts and revokes', async () => {
    const place = await hubPlace();
    expect(await place.run('devices')).toMatchObject({
      code: 0,
      stdout: '',
      stderr: 'No device is paired. Pair one with "botster connect".\n',
    });
    const phone = await pair(place, 'Phone');
    const tablet = await pair(place, 'Tablet', '--view-only');
    expect((await place.run('devices')).stdout).toMatch(
      new RegExp(
        `^ID .*\\n${phone.id.slice(0, 8)}  Phone   do all .*\\n${tablet.id.slice(0, 8)}  Tablet  look `,
      ),
    );

    expect(await place.run('devices', 'rename', 'phone', 'My phone')).toMatchObject({
      code: 0,
      stderr: `It is called My phone (${phone.id.slice(0, 8)}) now.\n`,
    });
    expect((await place.run('devices', 'view-only', phone.id, 'on')).stderr).toContain(
      'can only look on now',
    );
    expect((await place.run('devices', 'view-only', 'tablet', 'off')).stderr).toContain(
      'can do everything now',
    );
    expect(await devicesOf(place)).toMatchObject([
      { name: 'My phone', view_only: true },
      { name: 'Tablet', view_only: false },
    ]);

    expect(await place.run('devices', 'revoke', 'My phone')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--yes'),
    });
    expect(await place.run('devices', 'revoke', 'My phone', '--yes')).toMatchObject({
      code: 0,
      stderr: `My phone (${phone.id.slice(0, 8)}) has no access any more.\n`,
    });
    expect((await devicesOf(place)).map(({ name }) => name)).toEqual(['Tablet']);
  });

  it('says which devices a name fits, and what to do when it fits none', async () => {
    const place = await hubPlace();
    for (const _ of [1, 2]) await pair(place, 'Phone');
    expect(await place.run('devices', 'rename', 'phone', 'x')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/fits 2 devices: .* Name one by more of its id/),
    });
    expect(await place.run('devices', 'revoke', 'nobody', '--yes')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('botster devices shows those there are'),
    });
    expect((await place.run('devices', 'rename', 'phone', '')).code).toBe(1);
  });

  it('asks before it revokes, on a terminal', async () => {
    const place = await hubPlace();
    await pair(place, 'Phone');
    const no = ptyCli(place, ['devices', 'revoke', 'phone']);
    await no.shows(/Take away the access of Phone .*\? \[y\/N\]/);
    no.type('\r');
    expect(await no.exited).toMatchObject({ code: 1 });
    expect(await devicesOf(place)).toHaveLength(1);
    const yes = ptyCli(place, ['devices', 'revoke', 'phone']);
    await yes.shows(/\[y\/N\]/);
    yes.type('y\r');
    expect(await yes.exited).toMatchObject({ code: 0 });
    expect(await devicesOf(place)).toEqual([]);
  });
});

describe('how to pair is said', () => {
  it('by start, on a terminal, while no device is paired', async () => {
    const place = await makePlace({}, { hasWeb: true });
    const first = ptyCli(place, ['start', '--detach'], { rows: 40, cols: 100 });
    await first.exited;
    expect(first.lines().join('\n')).toMatch(
      /page +http:\/\/127\S+\n +pair +botster connect[\s\S]*\/#[\w-]{66}/,
    );
    await pair(place, 'Phone');
    await place.run('stop');
    const second = ptyCli(place, ['start', '--detach'], { rows: 40, cols: 100 });
    await second.exited;
    expect(second.lines().join('\n')).toContain('botster connect');
    expect(second.lines().join('\n')).not.toContain('/#');
  });

  it('with a QR code where other machines can open the page', async () => {
    const place = await makePlace({}, { hasWeb: true });
    const hub = ptyCli(place, ['start', '--detach', '--relay', 'https://relay.invalid/'], {
      rows: 50,
      cols: 100,
    });
    await hub.exited;
    expect(hub.lines().join('\n')).toMatch(/https:\/\/relay\.invalid\/#[\w-]{66}[\s\S]*▀[▀▄█ ]{40}/u);
    const shown = ptyCli(place, ['connect'], { rows: 50, cols: 100 });
    expect(await shown.shows(/works once/)).toMatch(/▀[▀▄█ ]{40}/u);
    expect((await place.run('connect', '--no-qr')).stdout).not.toContain('▀');
  });

  it('by status, which counts devices, and doctor, which tries the page and the relay', async () => {
    const place = await hubPlace();
    // Its Lua may not have answered in time, just begun.
    const status = () =>
      until(async () => {
        const { stdout } = await place.run('status');
        return !stdout.includes('not told in time') && stdout;
      });
    expect(await status()).toMatch(/url +http:[\s\S]*devices +none paired; "botster connect" pairs one/);
    await pair(place, 'Phone');
    expect(await status()).toContain('1 paired, 0 connected');
    const { url } = JSON.parse((await place.run('status', '--json')).stdout) as StatusReport;
    const { checks } = JSON.parse(
      (await runCli(['doctor', '--json'], { cwd: place.repo, env: place.env })).stdout,
    ) as {
      checks: { name: string; level: string; detail: string }[];
    };
    const found = (name: string) => checks.find((check) => check.name === name);
    expect(found('relay')).toMatchObject({ level: 'ok', detail: expect.stringContaining('/cable greets') });
    expect(found('web page')?.detail).toContain(url);
    expect(found('browser')?.level).toBe('ok');
  });
});
