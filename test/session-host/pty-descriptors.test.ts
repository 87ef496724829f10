/**
 * Whose descriptors are open where. Linux shows that in /proc, with what they are; elsewhere only this process is looked at,
 * and what else it opens and closes is counted too.
 */
import { readdirSync, readlinkSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { runScript } from '../support/pty-run.js';

const linux = process.platform === 'linux';
const ownDescriptors = (): number => (linux ? terminals(process.pid) : readdirSync('/dev/fd')).length;

function terminals(pid: number): string[] {
  return inherited(pid).filter((path) => /ptmx|pts/.test(path));
}

/** What a process has open, but its own terminal. */
function inherited(pid: number): string[] {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder)
    .filter((fd) => Number(fd) > 2)
    .flatMap((fd) => {
      try {
        return readlinkSync(`${folder}/${fd}`);
      } catch {
        // The one that the folder was read with.
        return [];
      }
    });
}

describe('descriptors', () => {
  it('are all given back', async () => {
    await runScript('exit 0').exit;
    const before = ownDescriptors();
    for (let i = 0; i < 20; i++)
      await Promise.all(Array.from({ length: 10 }, () => runScript('echo a line').exit));
    expect(ownDescriptors()).toBe(before);
  });

  it('are given back after dispose, too', async () => {
    const before = ownDescriptors();
    const runs = Array.from({ length: 10 }, () => runScript('echo ready; exec sleep 1000'));
    for (const run of runs) await run.shows('ready');
    expect(ownDescriptors()).toBe(before + 20);
    for (const { pty } of runs) pty.dispose();
    expect(ownDescriptors()).toBe(before);
    for (const { exit } of runs) expect(await exit).toEqual({ signal: 1 });
  });

  it.runIf(linux)('of other sessions do not get into a child, whatever was closed before', async () => {
    const runs = [];
    for (let i = 0; i < 12; i++) runs.push(runScript('echo ready; exec sleep 1000'));
    for (const run of runs) await run.shows('ready');
    // Gaps, in which a careless count of what to close would end.
    for (const i of [1, 4, 5, 9]) {
      runs[i]?.pty.dispose();
      await runs[i]?.exit;
    }
    for (let i = 0; i < 3; i++) {
      const run = runScript('echo ready; exec sleep 1000');
      await run.shows('ready');
      expect(terminals(run.pty.pid)).toEqual([]);
      runs.push(run);
    }
  });

  it('of a session are not kept open by later ones', async () => {
    let last = runScript('echo ready; exec sleep 1000');
    await last.shows('ready');
    for (let i = 0; i < 20; i++) {
      const next = runScript('echo ready; exec sleep 1000');
      await next.shows('ready');
      last.pty.dispose();
      // The hang-up came.
      expect(await last.exit).toEqual({ signal: 1 });
      last = next;
    }
  });
});
