/** Sessions, agents, devices and a screen, as hubs have them. */
import type { AgentRecord } from '../../../../protocol/agents.js';
import type { DeviceRecord } from '../../../../protocol/devices.js';
import type { SessionRecord } from '../../../../protocol/session.js';
import type { SessionView } from '../../../../web/link/types.js';

const MINUTE_MS = 60_000;
let made = 0;

export interface SampleOptions {
  readonly branch?: string;
  readonly agent?: string;
  readonly state: SessionView['state'];
  readonly said?: string;
  readonly minutes?: number;
  readonly name?: string;
  readonly code?: number;
  readonly newBranch?: boolean;
  readonly rows?: number;
  readonly cols?: number;
}

/** A session; with a branch an agent. */
export function sample(options: SampleOptions): SessionView {
  const { branch, agent = 'claude', state, said, minutes = 0, name, code, rows = 40, cols = 120 } = options;
  const uuid = `00000000-0000-4000-8000-${String(++made).padStart(12, '0')}`;
  const last_output_ms = Date.now() - minutes * MINUTE_MS;
  const at = new Date(last_output_ms).toISOString();
  const common = {
    name,
    state: state === 'exited' ? 'exited' : 'running',
    activity: state === 'working' ? 'busy' : 'idle',
    cmd: agent,
    args: [],
    rows,
    cols,
    attached: 1,
    started_at: at,
    last_output_ms,
    title: said,
    exit: state === 'exited' ? { code: code ?? 0, at } : undefined,
  } as const satisfies Partial<SessionRecord>;
  return {
    session: {
      ...common,
      uuid,
      start_dir: '/repo',
      size_policy: 'latest',
      offset: 0,
      history_offset: 0,
      meta: {},
    },
    agent:
      branch === undefined
        ? undefined
        : ({
            ...common,
            session_uuid: uuid,
            agent,
            branch,
            worktree_path: `/home/me/.botster/worktrees/shop/${branch.replaceAll('/', '-')}`,
            in_place: false,
            new_branch: options.newBranch ?? true,
          } satisfies AgentRecord),
    state,
    said,
  };
}

export function newAgent(branch: string, agent: string, prompt: string | undefined): SessionView {
  return sample({ branch, agent, state: 'working', ...(prompt === undefined ? {} : { said: prompt }) });
}

export const definitions = [
  {
    name: 'claude',
    description: 'Claude Code',
    from: 'built-in',
    cmd: 'claude',
    prompt: 'argument',
    installed: true,
  },
  {
    name: 'codex',
    description: 'OpenAI Codex',
    from: 'built-in',
    cmd: 'codex',
    prompt: 'argument',
    installed: true,
  },
  {
    name: 'reviewer',
    description: 'Reads a branch and comments',
    from: 'repository',
    cmd: 'bash',
    prompt: 'env',
    installed: true,
  },
  {
    name: 'gemini',
    description: 'Gemini CLI',
    from: 'built-in',
    cmd: 'gemini',
    prompt: 'argument',
    installed: false,
  },
  { name: 'shell', description: 'A shell', from: 'built-in', cmd: 'bash', prompt: 'typed', installed: true },
];

const ago = (minutes: number): string => new Date(Date.now() - minutes * MINUTE_MS).toISOString();

export const devices: readonly DeviceRecord[] = [
  {
    id: 'a3fKqPz81mWxYt5vN0RbLd',
    name: 'Pixel 9',
    view_only: false,
    paired_at: ago(60 * 24 * 12),
    last_seen_at: ago(0),
    connected: 1,
  },
  {
    id: 'b7hTgUe42cVsQn6jM9XkFw',
    name: 'Chrome on Linux',
    view_only: false,
    paired_at: ago(60 * 24 * 40),
    last_seen_at: ago(3),
    connected: 2,
  },
  {
    id: 'c1yJoIr93dBpZl8aK5EmGq',
    name: 'Wall display',
    view_only: true,
    paired_at: ago(60 * 5),
    last_seen_at: ago(90),
    connected: 0,
  },
];

const e = '\u001b';
const grey = `${e}[90m`;
const off = `${e}[0m`;

/** What an agent's screen looks like. */
export const agentScreen = [
  `${grey}╭${'─'.repeat(62)}╮${off}`,
  `${grey}│${off} ${e}[1;38;5;215m✻${off} Welcome to ${e}[1mClaude Code${off}${' '.repeat(36)} ${grey}│${off}`,
  `${grey}│${off}   ${grey}cwd: ~/.botster/worktrees/shop/feature-login${off}${' '.repeat(14)} ${grey}│${off}`,
  `${grey}╰${'─'.repeat(62)}╯${off}`,
  '',
  `${grey}>${off} Add a login form with tests`,
  '',
  `${e}[32m●${off} I'll look at how the routes and the session store are set up first.`,
  '',
  `${e}[32m●${off} ${e}[1mRead${off}(app/routes.ts)`,
  `  ${grey}└  Read 118 lines${off}`,
  `${e}[32m●${off} ${e}[1mUpdate${off}(app/login/login-form.tsx)`,
  `  ${grey}└${off}  Updated ${e}[1mapp/login/login-form.tsx${off} with 24 additions and 3 removals`,
  `     ${grey}41${off}    const [error, setError] = useState<string>();`,
  `     ${grey}42${off} ${e}[48;5;22m+  const submit = async (event: SubmitEvent) => {          ${off}`,
  `     ${grey}43${off} ${e}[48;5;22m+    event.preventDefault();                              ${off}`,
  `     ${grey}44${off} ${e}[48;5;52m-  function submit() {                                     ${off}`,
  '',
  `${e}[32m●${off} ${e}[1mBash${off}(npm test -- login)`,
  `  ${grey}└${off}  ${e}[32m✓${off} test/login.test.ts ${grey}(7 tests)${off} 412ms`,
  `     ${grey}see https://ci.example.com/shop/runs/4821${off}`,
  '',
  `${e}[33m●${off} The form works. Should I also throttle failed attempts?`,
  '',
  ` ${e}[36m❯ 1. Yes, 5 per minute and address${off}`,
  '   2. No, leave it for later',
  '',
  `${grey}──────────────────────────────────────────────────────────────────${off}`,
  '> ',
].join('\r\n');

export function pastOutput(lines: number): string {
  return Array.from({ length: lines }, (_, line) => `line ${line + 1} of what was before\r\n`).join('');
}

/** A process viewer, as large as its terminal. */
export function fullScreen(rows: number, cols: number): string {
  const bar = (name: string, part: number): string => {
    const width = Math.floor(cols / 2) - 12;
    const full = Math.round(width * part);
    const text = `${Math.round(part * 100)}%`.padStart(6);
    return `  ${e}[36m${name}${off}[${e}[32m${'|'.repeat(full)}${off}${' '.repeat(width - full)}${grey}${text}${off}]`;
  };
  const title = '    PID USER       PRI  NI  VIRT   RES S  CPU%  MEM%   TIME+  Command';
  const processes = Array.from({ length: rows - 7 }, (_, index) => {
    const command = ['node dist/hub/cli/main.js start', 'claude', 'git status', 'vite', 'bash'][index % 5];
    const cpu = (38 / (index + 1)).toFixed(1).padStart(5);
    return `${String(4821 + 37 * index).padStart(7)} me          20   0  1.2G  148M S ${cpu}   0.9  0:12.${10 + index}  ${command}`;
  });
  const keys = ['Help', 'Setup', 'Search', 'Filter', 'Tree', 'SortBy', 'Nice-', 'Nice+', 'Kill', 'Quit'];
  const foot = keys.map((key, index) => `F${index + 1}${e}[30;46m${key.padEnd(6)}${off}`).join('');
  const lines = [
    `${e}[?1049h${e}[H${bar('1', 0.62)}   Tasks: ${e}[1;36m74${off}, 211 thr; ${e}[1;32m2${off} running`,
    `${bar('2', 0.27)}   Load average: ${e}[1m0.84${off} 0.61 0.40`,
    `${bar('Mem', 0.48)}   Uptime: ${e}[1;36m3 days, 04:11:52${off}`,
    '',
    `${e}[30;42m${title.padEnd(cols)}${off}`,
    `${e}[30;46m${(processes[0] ?? '').padEnd(cols)}${off}`,
    ...processes.slice(1),
    foot,
  ];
  return `${lines.join('\r\n')}${e}[?25l`;
}
