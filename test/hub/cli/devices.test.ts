import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { clipboardProgram, copyText } from '../../../hub/cli/clipboard.js';
import { deviceTable } from '../../../hub/cli/devices/device-table.js';
import { clipboardCheck, relayCheck, webPageCheck } from '../../../hub/cli/doctor-web.js';
import { isLocal, showCode } from '../../../hub/cli/pairing-text.js';
import type { DeviceRecord } from '../../../protocol/devices.js';
import { tempDir } from '../../support/temp-repo.js';
import { testTerminal, widest } from '../../support/test-terminal.js';

const phone: DeviceRecord = {
  id: '3fKqAbCdEfGhIjKlMnOp01',
  name: 'My phone',
  view_only: false,
  paired_at: '2026-01-01T00:00:00.000Z',
  last_seen_at: '2026-01-01T02:00:00.000Z',
  connected: 0,
};
const nowMs = Date.parse('2026-01-01T03:00:00.000Z');

describe('the table of devices', () => {
  it('says what each may do and when it was seen', () => {
    const { last_seen_at: _, ...never } = phone;
    const devices: DeviceRecord[] = [
      phone,
      { ...phone, id: 'Zz01AbCdEfGhIjKlMnOp02', name: 'Laptop', view_only: true, connected: 2 },
      { ...never, id: '-_x0AbCdEfGhIjKlMnOp03', name: '\u001b[31mred' },
    ];
    expect(deviceTable(devices, { nowMs, terminal: testTerminal({}) })).toBe(
      [
        'ID        NAME      MAY     PAIRED         LAST SEEN',
        '3fKqAbCd  My phone  do all  3 h 0 min ago  1 h 0 min ago',
        'Zz01AbCd  Laptop    look    3 h 0 min ago  connected',
        '-_x0AbCd  ?[31mred  do all  3 h 0 min ago  never',
        '',
      ].join('\n'),
    );
  });

  it('clips names so that it fits the terminal', () => {
    const text = deviceTable([{ ...phone, name: 'x'.repeat(100) }], { nowMs, terminal: testTerminal({}) });
    expect(widest(text).length).toBe(80);
    expect(text).toContain('xxx...');
  });
});

describe('a connection code', () => {
  const code = {
    url: `http://192.168.1.10:4171/#${'x'.repeat(66)}`,
    view_only: false,
    created_at: '2026-01-01T00:00:00Z',
  };

  it('is the address alone where a program reads', () => {
    const terminal = testTerminal({});
    showCode(code, { terminal, qr: true });
    expect(terminal.written.out).toBe(`${code.url}\n`);
    expect(terminal.written.err).toContain('works once');
  });

  it('has a QR code and says what to do where people look', () => {
    const terminal = testTerminal({ color: true });
    showCode(code, { terminal, qr: true });
    const { out, err } = terminal.written;
    expect(stripVTControlCharacters(out)).toMatch(/^ {2}http:\S+\n\n[█▀▄ ]+\n/u);
    expect(widest(out.slice(out.indexOf('\n'))).length).toBeLessThanOrEqual(80);
    expect(err).toContain('scan the code');
  });

  it('says what a view-only device can do, and how large the window must be', () => {
    const terminal = testTerminal({ color: true, rows: 24, columns: 40 });
    showCode({ ...code, view_only: true }, { terminal, qr: true });
    expect(terminal.written.out).toBe(`  ${code.url}\n`);
    expect(terminal.written.err).toMatch(/look on and do nothing else[\s\S]*at least \d+ x \d+ characters/);
  });

  it('of this machine only is not to be scanned; what else to do is said', () => {
    const terminal = testTerminal({ color: true });
    showCode({ ...code, url: 'http://127.0.0.1:4171/#x' }, { terminal, qr: true });
    expect(terminal.written.out).toBe('  http://127.0.0.1:4171/#x\n');
    expect(terminal.written.err).not.toContain('scan');
    expect(terminal.written.err).toContain('--lan');
  });

  it('without QR code', () => {
    const terminal = testTerminal({ color: true });
    showCode(code, { terminal, qr: false });
    expect(terminal.written.out).toBe(`  ${code.url}\n`);
    expect(terminal.written.err).not.toContain('scan');
  });

  it.each([
    ['http://127.0.0.1:1/', true],
    ['http://127.1.2.3/', true],
    ['http://[::1]:1/', true],
    ['http://localhost:4171/', true],
    ['http://192.168.1.10:4171/', false],
    ['https://relay.example.org/', false],
    ['http://127.example.org/', false],
  ])('%s: only this machine: %s', (url, local) => {
    expect(isLocal(url)).toBe(local);
  });
});

describe('the clipboard', () => {
  /** A tool that writes what it is given into a file, and how it was called. */
  function tool(name: string, status = 0) {
    const bin = tempDir();
    writeFileSync(
      join(bin, name),
      `#!/bin/sh\n/bin/cat > ${bin}/copied\necho "$@" > ${bin}/args\nexit ${status}\n`,
    );
    chmodSync(join(bin, name), 0o755);
    const read = (file: string) => (existsSync(join(bin, file)) ? readFileSync(join(bin, file), 'utf8') : '');
    return { bin, read };
  }

  it.each([
    ['wl-copy', { WAYLAND_DISPLAY: 'wayland-0' }, ''],
    ['xclip', { DISPLAY: ':0' }, '-selection clipboard'],
    ['xsel', { DISPLAY: ':0' }, '--clipboard --input'],
  ])('is filled by %s', async (name, env, args) => {
    const { bin, read } = tool(name);
    const terminal = testTerminal({});
    expect(await copyText('the text', { PATH: `/nowhere::${bin}`, ...env }, terminal)).toBe(
      'Copied to the clipboard.',
    );
    expect([read('copied'), read('args').trim()]).toEqual(['the text', args]);
    expect(terminal.written).toEqual({ out: '', err: '' });
  });

  it('of a desktop that is not there is left alone; then the terminal is asked', async () => {
    const { bin } = tool('xclip');
    expect(clipboardProgram({ PATH: bin })).toBeUndefined();
    const terminal = testTerminal({ color: true });
    expect(await copyText('the text', { PATH: bin }, terminal)).toContain('Asked the terminal');
    expect(terminal.written.err).toBe(`\u001b]52;c;${btoa('the text')}\u0007`);
  });

  it('cannot be had without either', async () => {
    const { bin } = tool('xclip', 1);
    await expect(copyText('x', { PATH: bin, DISPLAY: ':0' }, testTerminal({}))).rejects.toMatchObject({
      code: 'cli.no_clipboard',
      message: expect.stringContaining('xclip ended with 1'),
    });
    await expect(copyText('x', { PATH: '' }, testTerminal({}))).rejects.toMatchObject({
      message: expect.stringMatching(/no program.*apt install/s),
    });
  });

  it('doctor says which tool it is, and what to do if there is none', async () => {
    const { bin } = tool('xclip');
    const look = (env: NodeJS.ProcessEnv) => clipboardCheck.run({ hub: new Error('none'), env });
    expect(await look({ PATH: bin, DISPLAY: ':0' })).toMatchObject({
      level: 'ok',
      detail: expect.stringMatching(/^xclip/),
    });
    expect(await look({ PATH: '', DISPLAY: ':0' })).toMatchObject({
      level: 'warn',
      fix: expect.stringContaining('apt install'),
    });
  });
});

it('doctor tries page and relay of a hub that runs, and nothing else', async () => {
  for (const check of [webPageCheck, relayCheck]) {
    expect(await check.run({ hub: new Error('none'), env: {} })).toEqual({
      level: 'ok',
      detail: 'not tried: no hub runs here',
    });
  }
});
