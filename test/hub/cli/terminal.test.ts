import { expect, it } from 'vitest';
import { wantsColor } from '../../../hub/cli/terminal.js';

const cases: [NodeJS.ProcessEnv, boolean, boolean][] = [
  [{}, true, true],
  [{}, false, false],
  [{ NO_COLOR: '1' }, true, false],
  [{ NO_COLOR: '' }, true, true],
  [{ TERM: 'dumb' }, true, false],
  [{ FORCE_COLOR: '1' }, false, true],
  [{ FORCE_COLOR: '0' }, true, false],
  [{ FORCE_COLOR: '1', NO_COLOR: '1' }, false, true],
];
it.each(cases)('%j on a terminal (%s): %s', (env, isTty, color) => {
  expect(wantsColor(env, isTty)).toBe(color);
});
