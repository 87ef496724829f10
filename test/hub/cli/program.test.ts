import { describe, expect, expectTypeOf, it } from 'vitest';
import { defineCommand } from '../../../hub/cli/command.js';
import { commands } from '../../../hub/cli/commands.js';
import { parseArguments } from '../../../hub/cli/program.js';
import { testTerminal, widest } from '../../support/test-terminal.js';

function parse(line: string, color = false) {
  const terminal = testTerminal({ color });
  const argv = line === '' ? [] : line.split(' ');
  const parsed = parseArguments(argv, { commands, version: '1.2.3', terminal });
  return { parsed, ...terminal.written };
}

describe('arguments', () => {
  const good: [string, string, object, object, string | undefined][] = [
    ['start', 'start', {}, { detach: false, json: false, 'log-level': 'info' }, undefined],
    [
      'start -d --json --log-level debug',
      'start',
      {},
      { detach: true, json: true, 'log-level': 'debug' },
      undefined,
    ],
    ['status --repo /x', 'status', {}, { json: false }, '/x'],
    ['--repo /x status', 'status', {}, { json: false }, '/x'],
    ['--repo /x status --repo /y', 'status', {}, { json: false }, '/y'],
    ['stop --timeout 2.5', 'stop', {}, { force: false, timeout: 2.5 }, undefined],
    ['eval code', 'eval', { code: 'code', args: [] }, {}, undefined],
    ['eval --repo /x code a', 'eval', { code: 'code', args: ['a'] }, {}, '/x'],
    ['eval - a -b --repo c', 'eval', { code: '-', args: ['a', '-b', '--repo', 'c'] }, {}, undefined],
    ['eval -- --comment', 'eval', { code: '--comment', args: [] }, {}, undefined],
    ['lua f.lua --help -- x', 'lua', { file: 'f.lua', args: ['--help', '--', 'x'] }, {}, undefined],
    ['logs -fn 5', 'logs', {}, { follow: true, lines: 5, level: 'debug', json: false }, undefined],
    ['completion zsh', 'completion', { shell: 'zsh' }, {}, undefined],
  ];
  it.each(good)('%s', (line, name, args, options, repo) => {
    const { parsed, err } = parse(line);
    expect(err).toBe('');
    expect(parsed).toEqual({
      kind: 'run',
      command: commands.find((c) => c.name === name),
      args,
      options,
      repo,
    });
  });

  const bad: [string, string[]][] = [
    ['statsu', ["unknown command 'statsu'", 'Did you mean status?', 'botster --help']],
    ['status --jsno', ["unknown option '--jsno'", 'Did you mean --json?', 'botster status --help']],
    ['status extra', ["too many arguments for 'status'"]],
    ['eval', ["missing required argument 'CODE'"]],
    ['logs -n', ['argument missing']],
    ['logs -n -3', ['A number of at least 0 is needed']],
    ['logs --level loud', ['Allowed choices are debug, info, warn, error']],
    ['completion tcsh', ['Allowed choices are bash, zsh, fish']],
    ['statsu --help', ["unknown command 'statsu'"]],
    ['help nonsense', ["unknown command 'nonsense'"]],
  ];
  it.each(bad)('%s is explained', (line, says) => {
    const { parsed, out, err } = parse(line);
    expect(parsed).toEqual({ kind: 'done', exitCode: 2 });
    expect(out).toBe('');
    expect(err).toMatch(/^botster: /);
    for (const text of says) expect(err).toContain(text);
  });
});

describe('help', () => {
  const lines = ['', '--help', '-h', 'help', ...commands.map(({ name }) => `${name} --help`)];
  it.each([...lines, ...commands.map(({ name }) => `help ${name}`)])('botster %s fits 80 columns', (line) => {
    const { parsed, out, err } = parse(line);
    expect(parsed).toEqual({ kind: 'done', exitCode: 0 });
    expect(err).toBe('');
    expect(out).toContain('Usage: botster');
    expect(widest(out).length, widest(out)).toBeLessThanOrEqual(80);
  });

  it('lists every command, and what exit statuses mean', () => {
    const { out } = parse('--help');
    for (const { name } of commands) expect(out).toMatch(new RegExp(`^  ${name} `, 'm'));
    for (const code of [0, 1, 2, 3, 4]) expect(out).toMatch(new RegExp(`^  ${code}  \\w`, 'm'));
  });

  it('is coloured only where colour is welcome', () => {
    expect(parse('start --help').out).not.toContain('\u001b[');
    expect(parse('start --help', true).out).toContain('\u001b[1mUsage:');
    expect(parse('statsu', true).err).toContain('\u001b[31mbotster: ');
  });

  it('the version', () => {
    for (const line of ['--version', '-V']) expect(parse(line)).toMatchObject({ out: '1.2.3\n', err: '' });
  });
});

describe('definitions', () => {
  it.each(commands.map((command) => [command.name, command] as const))('%s is complete', (name, command) => {
    expect(command.summary).toMatch(/^[a-z].*[^.]$/);
    expect(command.examples.length).toBeGreaterThan(0);
    for (const { line } of command.examples) expect(line).toContain(`botster ${name}`);
    for (const [option, { doc }] of Object.entries<{ doc: string }>(command.options)) {
      expect(doc, option).toMatch(/^[a-z].*[^.]$/);
      expect(option).toMatch(/^[a-z][a-z-]+$/);
    }
  });

  it('give `run` its types', () => {
    defineCommand({
      name: 'x',
      summary: 'x',
      args: { one: { shown: 'ONE', doc: '' }, two: { shown: 'TWO', doc: '', optional: true } },
      options: {
        flag: { type: 'flag', doc: '' },
        text: { type: 'text', shown: 'T', doc: '' },
        mode: { type: 'text', shown: 'M', doc: '', choices: ['a', 'b'], default: 'a' },
        count: { type: 'number', shown: 'N', doc: '', default: 1 },
      },
      examples: [],
      run: ({ args, options }) => {
        expectTypeOf(args.one).toEqualTypeOf<string>();
        expectTypeOf(args.two).toEqualTypeOf<string | undefined>();
        expectTypeOf(options.flag).toEqualTypeOf<boolean>();
        expectTypeOf(options.text).toEqualTypeOf<string | undefined>();
        expectTypeOf(options.mode).toEqualTypeOf<'a' | 'b'>();
        expectTypeOf(options.count).toEqualTypeOf<number>();
        return Promise.resolve(0);
      },
    });
  });
});
