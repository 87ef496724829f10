import { describe, expect, expectTypeOf, it } from 'vitest';
import { defineCommand } from '../../../hub/cli/command.js';
import { commands, groups } from '../../../hub/cli/commands.js';
import { parseArguments } from '../../../hub/cli/program.js';
import { testTerminal, widest } from '../../support/test-terminal.js';

function parse(line: string, color = false) {
  const terminal = testTerminal({ color });
  const argv = line === '' ? [] : line.split(' ');
  const parsed = parseArguments(argv, { commands, groups, version: '1.2.3', terminal });
  return { parsed, ...terminal.written };
}

describe('arguments', () => {
  const started = {
    detach: false,
    json: false,
    lan: false,
    'log-level': 'info',
    'no-web': false,
    relay: undefined,
  };
  const good: [string, string, object, object, string | undefined][] = [
    ['start', 'start', {}, started, undefined],
    [
      'start -d --json --log-level debug',
      'start',
      {},
      { ...started, detach: true, json: true, 'log-level': 'debug' },
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
    ['session list', 'session list', {}, { all: false, json: false }, undefined],
    [
      'connect --no-qr',
      'connect',
      {},
      {
        'view-only': false,
        new: false,
        wait: false,
        timeout: undefined,
        copy: false,
        'no-qr': true,
        json: false,
      },
      undefined,
    ],
    [
      'connect -wn --view-only',
      'connect',
      {},
      {
        'view-only': true,
        new: true,
        wait: true,
        timeout: undefined,
        copy: false,
        'no-qr': false,
        json: false,
      },
      undefined,
    ],
    ['devices', 'devices list', {}, { json: false }, undefined],
    ['devices --json', 'devices list', {}, { json: true }, undefined],
    ['devices --repo /x', 'devices list', {}, { json: false }, '/x'],
    ['--repo /x devices --json', 'devices list', {}, { json: true }, '/x'],
    ['devices list --json', 'devices list', {}, { json: true }, undefined],
    ['devices view-only x on', 'devices view-only', { id: 'x', state: 'on' }, {}, undefined],
    ['--repo /x devices rename x y', 'devices rename', { id: 'x', name: 'y' }, {}, '/x'],
    ['session kill x -s INT', 'session kill', { id: 'x' }, { signal: 'INT' }, undefined],
    [
      'session send x a b --enter',
      'session send',
      { id: 'x', text: ['a', 'b'] },
      { enter: true, keys: undefined },
      undefined,
    ],
    [
      'session send x -e -- -la -',
      'session send',
      { id: 'x', text: ['-la', '-'] },
      { enter: true, keys: undefined },
      undefined,
    ],
    [
      'session wait x --idle 2.5',
      'session wait',
      { id: 'x' },
      { exit: false, idle: 2.5, match: undefined, timeout: undefined },
      undefined,
    ],
    ['--repo /x session list', 'session list', {}, { all: false, json: false }, '/x'],
    ['session --repo /x list', 'session list', {}, { all: false, json: false }, '/x'],
    ['--repo /x session --repo /y list --repo /z', 'session list', {}, { all: false, json: false }, '/z'],
    [
      'attach',
      'attach',
      { id: undefined },
      { 'detach-keys': 'ctrl-\\,ctrl-\\', 'view-only': false },
      undefined,
    ],
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
    ['session lsit', ["unknown command 'lsit'", 'Did you mean list?', 'botster session --help']],
    ['session lsit --help', ["unknown command 'lsit'"]],
    ['help session lsit', ["unknown command 'lsit'"]],
    ['sesion list', ["unknown command 'sesion'", 'Did you mean session?', 'botster --help']],
    ['session list --al', ["unknown option '--al'", 'Did you mean --all?', 'botster session list --help']],
    ['session --json', ["unknown option '--json'", 'botster session --help']],
    ['devices remove x', ["unknown command 'remove'", 'botster devices --help']],
    ['devices --repo /x lsit', ["unknown command 'lsit'", 'Did you mean list?']],
    ['devices --jsno', ["unknown option '--jsno'", 'Did you mean --json?']],
    ['devices view-only x maybe', ['Allowed choices are on, off']],
    ['session kill', ["missing required argument 'ID'"]],
    ['session kill x -s WINCH', ['Allowed choices are HUP']],
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
  const all = [...commands, ...groups].map(({ name }) => name);
  const lines = ['', '--help', '-h', 'help', ...all.map((name) => `${name} --help`)];
  it.each([
    ...lines,
    ...all.map((name) => `help ${name}`),
    'session',
    'session help',
    'session help send',
    'session -h',
    'help session help',
  ])('botster %s fits 80 columns', (line) => {
    const { parsed, out, err } = parse(line);
    expect(parsed).toEqual({ kind: 'done', exitCode: 0 });
    expect(err).toBe('');
    expect(out).toContain('Usage: botster');
    expect(widest(out).length, widest(out)).toBeLessThanOrEqual(80);
  });

  it('lists every command and group, and what exit statuses mean', () => {
    const { out } = parse('--help');
    for (const { name } of commands) expect(out).toMatch(new RegExp(`^  ${name.split(' ')[0]} `, 'm'));
    for (const { name, summary } of groups) {
      expect(out).toMatch(new RegExp(`^  ${name} \\[?COMMAND\\]? +${summary.slice(0, 20)}`, 'm'));
    }
    for (const code of [0, 1, 2, 3, 4, 5]) expect(out).toMatch(new RegExp(`^  ${code}  \\w`, 'm'));
  });

  it('of a group lists its commands, and is the same in all its forms', () => {
    for (const group of groups) {
      const { name } = group;
      const { out } = parse(`${name} --help`);
      const own = commands.filter((command) => command.name.startsWith(`${name} `));
      expect(own.length).toBeGreaterThan(0);
      for (const command of own) expect(out).toMatch(new RegExp(`^  ${command.name.split(' ')[1]} `, 'm'));
      const optional = group.default !== undefined;
      expect(out).toContain(`Usage: botster ${name} ${optional ? '[COMMAND]' : 'COMMAND'} [OPTIONS]`);
      for (const line of [...(optional ? [] : [name]), `help ${name}`, `${name} help`])
        expect(parse(line).out).toBe(out);
    }
    expect(parse('session help send').out).toBe(parse('session send --help').out);
    expect(parse('help session send').out).toContain('Usage: botster session send [options]');
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

  it('two words mean a group that there is', () => {
    for (const { name } of commands) {
      const [group, own, ...more] = name.split(' ');
      expect(more).toEqual([]);
      if (own !== undefined) expect(groups.map((each) => each.name)).toContain(group);
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
