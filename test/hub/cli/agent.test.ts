import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { agentTable } from '../../../hub/cli/agent/agent-text.js';
import { commandOf } from '../../../hub/cli/agent/new.js';
import { progressLine, progressText } from '../../../hub/cli/agent/progress-line.js';
import { agentsCheck } from '../../../hub/cli/doctor-agents.js';
import type { AgentRecord } from '../../../protocol/agents.js';
import { tempDir } from '../../support/temp-repo.js';
import { testTerminal } from '../../support/test-terminal.js';

const agent: AgentRecord = {
  session_uuid: '6f1c9a2b-0000-4000-8000-000000000000',
  agent: 'claude',
  branch: 'feature/login',
  in_place: false,
  new_branch: true,
  state: 'running',
  activity: 'idle',
  cmd: 'claude',
  args: [],
  rows: 24,
  cols: 80,
  attached: 0,
  started_at: '2026-01-01T00:00:00.000Z',
};
const nowMs = Date.parse('2026-01-01T00:05:00.000Z');

describe('the table of agents', () => {
  it('has a line each, as wide as the terminal at most', () => {
    const agents: AgentRecord[] = [
      { ...agent, title: 'Fixing the login form, which takes a long title to say' },
      {
        ...agent,
        session_uuid: '0a0b0c0d-0000-4000-8000-000000000000',
        branch: 'x',
        state: 'exited',
        exit: { code: 3, at: '2026-01-01T00:04:50.000Z' },
      },
    ];
    expect(agentTable(agents, nowMs, testTerminal({ columns: 80 }))).toBe(
      [
        'ID        AGENT   BRANCH         STATE          SINCE  TITLE',
        '6f1c9a2b  claude  feature/login  idle           5 min  Fixing the login form,...',
        '0a0b0c0d  claude  x              exited with 3  10 s',
        '',
      ].join('\n'),
    );
  });

  it('says which need somebody', () => {
    const waits: AgentRecord = { ...agent, attention: { at: '2026-01-01T00:04:00Z', text: 'May I?' } };
    expect(agentTable([waits], nowMs, testTerminal({}))).toMatch(/feature\/login {2}needs you {2}5 min/);
  });

  it('shows no control characters of names and titles', () => {
    const { branch: _, ...inPlace } = agent;
    const text = agentTable([{ ...inPlace, title: '\u001b]0;x\u0007\u009b31m' }], nowMs, testTerminal({}));
    expect(text).toContain('(main checkout)');
    expect(text).toContain('?]0;x??31m');
  });
});

describe('--cmd', () => {
  it.each([
    ['bash', { cmd: 'bash' }],
    ['./run.sh', { cmd: './run.sh' }],
    [' npm run  dev:web --port=8080 ', { cmd: 'npm', args: ['run', 'dev:web', '--port=8080'] }],
  ])('%s is run as it is', (line, command) => {
    expect(commandOf(line)).toEqual(command);
  });

  it.each([
    '',
    'a; b',
    'FOO=1 cmd',
    '~/bin/x',
    'echo "a b"',
    'a | b',
    'ls *',
    'a > b',
    'echo $HOME',
    'a\nb',
    "it's",
  ])('%j is for the shell', (line) => {
    expect(commandOf(line)).toEqual({ cmd: '/bin/sh', args: ['-c', line] });
  });
});

describe('the progress line', () => {
  it.each([
    [{ request_id: 1, stage: 'spawn' }, 'spawn'],
    [
      { request_id: 1, stage: 'worktree', text: 'checkout', percent: 41.7, done: 1, total: 3 },
      'worktree: checkout, 41 %',
    ],
    [{ request_id: 1, stage: 'files', done: 1, total: 3 }, 'files, 1 of 3'],
  ])('%j is %s', (data, text) => {
    expect(progressText(data)).toBe(text);
  });

  const event = (data: unknown, name = 'progress') => ({ type: 'event', name, data }) as never;

  it('is one line on a terminal, and gone at the end', () => {
    const terminal = testTerminal({ columns: 20 });
    const line = progressLine({ ...terminal, isTty: { in: true, out: true, err: true } });
    line.clear();
    line.listeners.onEvent?.(event({ request_id: 1, stage: 'worktree', text: 'a\u001b[2J very long text' }));
    line.listeners.onEvent?.(event({ stage: 5 }));
    line.listeners.onEvent?.(event({ request_id: 1, stage: 'x' }, 'other'));
    line.clear();
    line.clear();
    expect(terminal.written.err).toBe('\r\u001b[Kworktree: a?[2J ver\r\u001b[K');
  });

  it('is nothing where a program reads', () => {
    expect(progressLine(testTerminal({})).listeners).toEqual({});
  });
});

it('doctor says which agents are in PATH, and what to do if none is', async () => {
  const [bin, other] = [join(tempDir(), 'bin'), tempDir()];
  mkdirSync(join(bin, 'gemini'), { recursive: true });
  for (const name of ['claude', 'codex']) writeFileSync(join(bin, name), '');
  chmodSync(join(bin, 'claude'), 0o755);
  const look = (PATH: string) => agentsCheck.run({ hub: new Error('not here'), env: { PATH } });
  expect(await look(`${other}::${bin}`)).toEqual({
    level: 'ok',
    detail: 'claude; not installed: codex, gemini, opencode, aider',
  });
  expect(await look(other)).toMatchObject({ level: 'warn', fix: expect.stringContaining('npm install') });
});
