import { expect, it } from 'vitest';
import { asPaste } from '../../../../hub/cli/session/send-input.js';

it('a paste has the lines of the text and cannot be ended from inside', () => {
  const paste = (text: string): string => Buffer.from(asPaste(Buffer.from(text))).toString();
  expect(paste('a\nb\r\nc\n')).toBe('\u001b[200~a\rb\rc\r\u001b[201~');
  expect(paste('x\u001b[201~rm -rf\n')).toBe('\u001b[200~xrm -rf\r\u001b[201~');
  expect(paste('\u001b[20\u001b[201~1~')).toBe('\u001b[200~\u001b[201~');
  expect(paste('\u00e9\u65e5\n')).toBe('\u001b[200~\u00e9\u65e5\r\u001b[201~');
});
