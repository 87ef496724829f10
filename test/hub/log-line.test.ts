import { describe, expect, it } from 'vitest';
import { formatRecord, isAtLeast, parseLogLine } from '../../hub/log-line.js';

const line = (more: object) =>
  JSON.stringify({ level: 'warn', time: '2026-01-02T03:04:05.678Z', msg: 'hello', ...more });

function shown(more: object, color = false): string {
  const record = parseLogLine(line(more)) ?? expect.unreachable();
  return formatRecord(record, color).replace(/\d\d:\d\d:\d\d\.678/, 'TIME');
}

describe('a line of the log', () => {
  it('is shown with time, level, source, message and fields', () => {
    expect(shown({ source: 'plugin:x', n: 1, path: '/a/b', text: 'two words', list: [1] })).toBe(
      'TIME WARN  plugin:x  hello  n=1 path=/a/b text="two words" list=[1]',
    );
  });

  it('is from the hub unless it says otherwise', () => {
    expect(shown({})).toBe('TIME WARN  hub  hello');
  });

  it('has its stack below it', () => {
    expect(shown({ stack: 'Error: x\n  at y' })).toBe('TIME WARN  hub  hello\nError: x\n      at y');
  });

  it('cannot move the cursor or change colours', () => {
    const text = shown({ msg: 'a\u001b[2Jb\u001b]0;title\u0007c\rd\ne', k: '\u009b1m\u0000' });
    expect([...text].filter((char) => char !== '\n' && /\p{Control}/u.test(char))).toEqual([]);
    expect(text).toContain('\n    e');
  });

  it('is cut where a field is huge', () => {
    expect(shown({ big: 'x y'.repeat(5_000) }).length).toBeLessThan(600);
  });

  it('has colours on request only', () => {
    expect(shown({})).not.toContain('\u001b[');
    expect(shown({}, true)).toContain('\u001b[33mWARN ');
  });
});

describe('what is no line of ours', () => {
  it.each([
    '',
    'plain',
    '{',
    '[]',
    '{}',
    '{"level":"loud","time":"t","msg":"m"}',
    '{"level":"info","time":1,"msg":"m"}',
  ])('%s', (text) => expect(parseLogLine(text)).toBeUndefined());
});

it('levels are ordered', () => {
  expect(isAtLeast('warn', 'info')).toBe(true);
  expect(isAtLeast('warn', 'warn')).toBe(true);
  expect(isAtLeast('debug', 'info')).toBe(false);
});
