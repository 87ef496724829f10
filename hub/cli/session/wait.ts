/**
 * `botster session wait ID`: returns when a session is quiet, shows something, or has ended.
 */
import { fail } from '../../../base/errors.js';
import { defineCommand } from '../command.js';
import { sessionArgument } from './session-argument.js';

export const sessionWaitCommand = defineCommand({
  name: 'session wait',
  summary: 'wait until a session ends, is idle, or prints something',
  description:
    'With --exit (the default) it waits for the end and prints the exit status, as shells count: 128 and the number ' +
    'for a signal. With --idle it waits until nothing was printed for so long. With --match it looks at the screen ' +
    'as it is and at all that is printed from then on, without colours and cursor moves, and prints the first match ' +
    'of REGEX (as in JavaScript; ^ and $ match at lines). Exits with 0 when it happened, with 5 when --timeout was ' +
    'over first, with 1 when the session ended first.',
  args: { id: sessionArgument },
  options: {
    exit: { type: 'flag', doc: 'until it has ended' },
    idle: { type: 'number', shown: 'SECONDS', doc: 'until it printed nothing for so long' },
    match: { type: 'text', shown: 'REGEX', doc: 'until it shows this', completes: 'nothing' },
    timeout: { type: 'number', shown: 'SECONDS', doc: 'give up after so long' },
  },
  examples: [
    { line: 'status=$(botster session wait tests)', doc: 'the exit status of what runs there' },
    { line: 'botster session wait web --match "listening on .*" --timeout 30', doc: 'until a server is up' },
    { line: 'botster session wait fix --idle 10', doc: 'until an agent has nothing more to say' },
  ],
  async run({ args, options, terminal, identity }) {
    const { exit, idle, match, timeout } = options;
    if (Number(exit) + Number(idle !== undefined) + Number(match !== undefined) > 1) {
      throw fail('cli.usage', 'Wait for one thing: --exit, --idle or --match.');
    }
    const { waitForExit, waitForIdle, waitForMatch, withTimeout } = await import('./waiting.js');
    const hub = await identity();
    const [work, what] =
      match !== undefined
        ? [waitForMatch(hub, args.id, patternOf(match)), `did not show ${match}`]
        : idle !== undefined
          ? [waitForIdle(hub, args.id, idle * 1000), `was not quiet for ${idle} s`]
          : [waitForExit(hub, args.id), 'did not end'];
    const result = await withTimeout(work, timeout, `The session ${what} within ${timeout} s.`);
    if (result !== undefined) terminal.out(`${result}\n`);
    return 0;
  },
});

function patternOf(text: string): RegExp {
  try {
    return new RegExp(text, 'mu');
  } catch (error) {
    throw fail('cli.usage', `--match: ${(error as Error).message}.`);
  }
}
