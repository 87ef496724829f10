import { describe, expect, it } from 'vitest';
import { asScript, decodeSource } from '../../../hub/cli/run-lua.js';

describe('a script', () => {
  it('keeps its line numbers, with and without a first line for the shell', () => {
    expect(asScript('return 1\nreturn 2', 'f.lua', ['a'])).toBe(
      'local arg = { [0] = "f.lua", "a" } return 1\nreturn 2',
    );
    expect(asScript('#!/usr/bin/botster lua\nreturn 2', 'f', [])).toBe(
      'local arg = { [0] = "f" } \nreturn 2',
    );
    expect(asScript('# only this', 'f', [])).toBe('local arg = { [0] = "f" } ');
  });

  it('quotes what arguments may hold', () => {
    expect(asScript('', 'a"b\\c', ['x\ny', '', 'é', '1\x002'])).toBe(
      'local arg = { [0] = "a\\034b\\092c", "x\\010y", "", "é", "1\\0002" } ',
    );
  });
});

describe('source text', () => {
  it('is UTF-8', () => {
    expect(decodeSource(Buffer.from('return "é"'), 'f')).toBe('return "é"');
    expect(decodeSource(Buffer.from('\uFEFFreturn 1'), 'f'), 'without a byte order mark').toBe('return 1');
  });

  it('that is not is refused with the line', () => {
    const latin1 = Buffer.from('-- one\n-- two\nreturn "\xe9"', 'latin1');
    expect(() => decodeSource(latin1, 'f.lua')).toThrow('f.lua is not UTF-8 text (line 3)');
  });
});
