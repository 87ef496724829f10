import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commands, groups } from '../../../hub/cli/commands.js';
import { completionScript, type Shell } from '../../../hub/cli/completion-script.js';
import { tempDir } from '../../support/temp-repo.js';

/** What bash offers for a line that ends at the cursor. */
function bashOffers(words: readonly string[], cwd = tempDir()): string[] {
  const script = `${completionScript('bash', commands, groups)}
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
    expect(bashOffers(['stop', '--'])).toEqual(['--force', '--help', '--repo', '--timeout']);
    expect(bashOffers(['completion', '-'])).toEqual(['--help', '-h']);
    expect(bashOffers(['help', 'ev'])).toEqual(['eval']);
  });

  it('knows the commands of a group, and which of two words it is at', () => {
    expect(bashOffers(['se'])).toEqual(['session']);
    expect(bashOffers(['session', 's'])).toEqual(['screen', 'send']);
    expect(bashOffers(['session', '--repo', '/x', 'l'])).toEqual(['list', 'log']);
    expect(bashOffers(['--repo', '/x', 'session', 'list', '--'])).toEqual([
      '--all',
      '--help',
      '--json',
      '--repo',
    ]);
    expect(bashOffers(['session', 'kill', 'x', '--signal', 'T'])).toEqual(['TERM', 'TSTP']);
    expect(bashOffers(['session', 'send', 'x', 'stop', '-'])).toContain('--enter');
    expect(bashOffers(['session', '-'])).toEqual(['--help', '--repo']);
    expect(bashOffers(['devices', ''])).toEqual(
      expect.arrayContaining(['list', 'rename', 'revoke', 'view-only']),
    );
    expect(bashOffers(['devices', '-'])).toEqual(['--help', '--json', '--repo']);
    expect(bashOffers(['devices', 'view-only', 'x', 'o'])).toEqual(['off', 'on']);
    expect(bashOffers(['help', 'sess'])).toEqual(['session']);
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

/** Not every machine has fish. */
it('fish knows the commands of a group', () => {
  const offers = (line: string): string[] => {
    const script = `${completionScript('fish', commands, groups)}\ncomplete -C ${JSON.stringify(line)}`;
    const { stdout, error } = spawnSync('fish', ['--no-config', '-c', script], { encoding: 'utf8' });
    if (error !== undefined) return [];
    return stdout.split('\n').flatMap((text) => (text === '' ? [] : [text.split('\t')[0] ?? '']));
  };
  if (offers('botster ').length === 0) return;
  expect(offers('botster sta')).toEqual(['start', 'status']);
  expect(offers('botster session s').sort()).toEqual(['screen', 'send']);
  expect(offers('botster --repo /x session send x stop --e')).toEqual(['--enter']);
  expect(offers('botster devices --j')).toEqual(['--json']);
  expect(offers('botster session list --')).not.toContain('--enter');
  expect(offers('botster session kill x --signal T').sort()).toEqual(['TERM', 'TSTP']);
});

describe.each<Shell>(['bash', 'zsh', 'fish'])('%s', (shell) => {
  it('takes the script', () => {
    const path = join(tempDir(), 'completion');
    writeFileSync(path, completionScript(shell, commands, groups));
    const { status, stderr, error } = spawnSync(shell, ['-n', path], { encoding: 'utf8' });
    // Not every machine has every shell.
    if (error !== undefined) expect(error).toMatchObject({ code: 'ENOENT' });
    else expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  it('knows every command and option', () => {
    const script = completionScript(shell, commands, groups);
    for (const { name, options } of commands) {
      for (const word of name.split(' ')) expect(script).toContain(word);
      for (const option of Object.keys(options as object)) {
        expect(script).toContain(shell === 'fish' ? `-l ${option}` : `--${option}`);
      }
    }
  });
});
