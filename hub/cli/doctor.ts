/**
 * `botster doctor`: looks for what keeps a hub from running well here, and says how to fix each.
 */
import type { Style } from '../ansi.js';
import { defineCommand, jsonOption } from './command.js';
import type { Finding } from './doctor-check.js';
import { EXIT } from './exit.js';
import type { Terminal } from './terminal.js';

const styles: Readonly<Record<Finding['level'], Style>> = { ok: 'green', warn: 'yellow', fail: 'red' };

export const doctorCommand = defineCommand({
  name: 'doctor',
  summary: 'check this machine and say how to fix what is wrong',
  description:
    'Tries what a hub needs: git, folders and their permissions, a socket, limits, Lua. Works outside of a ' +
    'repository too, and changes nothing but the folders that a hub makes. Exits with status 1 if a check failed; ' +
    'warnings do not count.',
  args: {},
  options: { json: jsonOption },
  examples: [
    { line: 'botster doctor', doc: 'check everything' },
    { line: 'botster doctor --json | jq \'.checks[] | select(.level != "ok")\'', doc: 'only what is wrong' },
  ],
  async run({ options, terminal, identity, env, version }) {
    const { checks } = await import('./doctor-checks.js');
    const hub = await identity().catch((error: unknown) => error as Error);
    const found = await Promise.all(
      checks.map(async (check) => ({ name: check.name, ...(await runCheck(() => check.run({ hub, env }))) })),
    );
    const failed = found.some(({ level }) => level === 'fail');
    if (options.json) {
      terminal.out(`${JSON.stringify({ ok: !failed, version, checks: found }, undefined, 2)}\n`);
    } else {
      for (const finding of found) terminal.out(findingText(finding, terminal));
      terminal.out(
        failed ? '\nBotster will not run well here until that is fixed.\n' : '\nBotster can run here.\n',
      );
    }
    return failed ? EXIT.failure : EXIT.ok;
  },
});

/** A check that fails in a way it did not foresee has found something. */
async function runCheck(run: () => Finding | Promise<Finding>): Promise<Finding> {
  try {
    return await run();
  } catch (error) {
    return {
      level: 'fail',
      detail: (error as Error).message,
      fix: 'Please report this with the output of "botster doctor --json".',
    };
  }
}

const NAME_COLUMNS = 14;

function findingText({ name, level, detail, fix }: Finding & { name: string }, terminal: Terminal): string {
  const indent = ' '.repeat(6 + NAME_COLUMNS);
  const width = Math.max(40, Math.min(terminal.columns, 100) - indent.length);
  const lines = [...wrap(detail, width), ...(fix === undefined ? [] : wrap(`Fix: ${fix}`, width))];
  const head = `${terminal.paint(styles[level], level.padEnd(4))}  ${terminal.paint('bold', name.padEnd(NAME_COLUMNS))}`;
  return lines.map((line, index) => `${index === 0 ? head : indent}${line}\n`).join('');
}

/** Breaks at spaces; a word that is too long (a path) stays whole. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const paragraph of text.split('\n')) {
    let line = '';
    for (const word of paragraph.split(' ')) {
      if (line !== '' && line.length + 1 + word.length > width) {
        lines.push(line);
        line = word;
      } else {
        line = line === '' ? word : `${line} ${word}`;
      }
    }
    lines.push(line);
  }
  return lines;
}
