import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commands } from '../../../hub/cli/commands.js';
import { completionScript, type Shell } from '../../../hub/cli/completion-script.js';
import { tempDir } from '../../support/temp-repo.js';

/** What bash offers for a line that ends at the cursor. */
function bashOffers(words: readonly string[], cwd = tempDir()): string[] {
  const script = `${completionScript('bash', commands)}
    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
    _botster; for word in "\${COMPREPLY[@]}"; do echo "$word"; done`;
  const output = execFileSync('bash', ['-c', script, 'bash', 'botster', ...words], { cwd, encoding: 'utf8' });
  return output
    .split('\n')
    .filter((line) => line !== '')
    .sort();
}

describe('bash', () => {
  it('offers commands, and options of the command only', () => {
    expect(bashOffers(['sta'])).toEqual(['start', 'status']);
    expect(bashOffers(['--repo', '/x', 'sto'])).toEqual(['stop']);
    expect(bashOffers(['start', '--'])).toEqual(['--detach', '--help', '--json', '--log-level', '--repo']);
    expect(bashOffers(['completion', '-'])).toEqual(['--help', '-h']);
    expect(bashOffers(['help', 'ev'])).toEqual(['eval']);
  });

  it('offers the values of options and arguments', () => {
    expect(bashOffers(['logs', '--level', ''])).toEqual(['debug', 'error', 'info', 'warn']);
    expect(bashOffers(['completion', ''])).toEqual(['bash', 'fish', 'zsh']);
    expect(bashOffers(['eval', ''])).toEqual([]);
  });

  it('offers files and folders, with odd names as they are', () => {
    const dir = tempDir();
    mkdirSync(join(dir, 'a folder'));
    writeFileSync(join(dir, 'a script.lua'), '');
    expect(bashOffers(['lua', 'a'], dir)).toEqual(['a folder', 'a script.lua']);
    expect(bashOffers(['status', '--repo', 'a'], dir)).toEqual(['a folder']);
    expect(bashOffers(['--repo', 'a'], dir)).toEqual(['a folder']);
  });
});

describe.each<Shell>(['bash', 'zsh', 'fish'])('%s', (shell) => {
  it('takes the script', () => {
    const path = join(tempDir(), 'completion');
    writeFileSync(path, completionScript(shell, commands));
    const { status, stderr, error } = spawnSync(shell, ['-n', path], { encoding: 'utf8' });
    // Not every machine has every shell.
    if (error !== undefined) expect(error).toMatchObject({ code: 'ENOENT' });
    else expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  it('knows every command and option', () => {
    const script = completionScript(shell, commands);
    for (const { name, options } of commands) {
      expect(script).toContain(name);
      for (const option of Object.keys(options as object)) {
        expect(script).toContain(shell === 'fish' ? `-l ${option}` : `--${option}`);
      }
    }
  });
});
