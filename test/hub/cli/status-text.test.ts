import { describe, expect, it } from 'vitest';
import { duration, statusText } from '../../../hub/cli/status-text.js';
import type { StatusReport } from '../../../protocol/status.js';
import { widest } from '../../support/test-terminal.js';

const report: StatusReport = {
  hub_id: '0123456789abcdef',
  pid: 12345,
  version: '0.1.0',
  node: 'v20.19.0',
  repo: '/srv/app',
  socket: '/home/you/.botster/hubs/0123456789abcdef/hub.sock',
  url: 'http://192.168.1.10:4317',
  started_at: '2026-01-01T00:00:00.000Z',
  uptime_s: 12_000.4,
  rss_mb: 95.4,
  loop: { lag_ms: { p50: 0.12, p99: 1.25, max: 43.7 } },
  queues: {
    control: { depth: 0, max_depth: 12, limit: 8192 },
    bulk: { depth: 3, max_depth: 40, limit: 65_536, coalesced: 7, dropped: 0 },
  },
  counters: { 'control.requests': 12, 'worker.died.watch': 1 },
  sessions: [{ uuid: '6f1c0b52-9d6e-4f0a-8f4e-2f8f6f4c1a11', state: 'running', label: 'fix the parser' }],
  session_host: { pid: 12399, version: '0.1.0', connected: true, sessions: 1 },
  plugins: [
    { name: 'github', state: 'loaded' },
    {
      name: 'notify',
      state: 'failed',
      error: 'notify/init.lua:3: attempt to call a nil value\nstack traceback',
    },
  ],
  clients: [{ id: 1, client: 'cli', version: '0.1.0', connected_s: 0.1 }],
};
const plain = (_style: unknown, text: string) => text;

it('is aligned and fits 80 columns', () => {
  const text = statusText(report, plain, []);
  expect(text).toBe(`running  botster 0.1.0, pid 12345, up 3 h 20 min

  repo      /srv/app
  hub       0123456789abcdef
  socket    /home/you/.botster/hubs/0123456789abcdef/hub.sock
  url       http://192.168.1.10:4317
  devices   none paired; "botster connect" pairs one
  loop lag  p50 0.1 ms   p99 1.3 ms   max 44 ms
  queues    control 0/8192   bulk 3/65536
  memory    95 MB   node v20.19.0
  host      pid 12399, botster 0.1.0, 1 running

Sessions (1)
  6f1c0b52-9d6e-4f0a-8f4e-2f8f6f4c1a11  running  fix the parser

Plugins (2)
  github  loaded
  notify  failed  notify/init.lua:3: attempt to call a nil value

Clients (1)
  cli  0.1.0  for 0 s

Counters (2)
  control.requests   12
  worker.died.watch  1
`);
  expect(widest(text).length).toBeLessThanOrEqual(80);
});

it('aligns with colours too', () => {
  const marked = statusText(report, (style, text) => `<${String(style)}>${text}</>`);
  expect(marked.replace(/<[^>]*>/g, '')).toBe(statusText(report, plain));
  expect(marked).toContain('<red>failed</>');
});

it('leaves out what is not there', () => {
  const {
    url: _,
    session_host: _host,
    ...quiet
  } = { ...report, sessions: [], plugins: [], clients: [], counters: {} };
  const text = statusText(quiet, plain);
  expect(text.trimEnd().split('\n')).toHaveLength(9);
  expect(text).not.toContain('url');
});

it('says who can open the page, and how many devices there are', () => {
  const at = (web: object, devices?: { connected: number }[], peers?: number) =>
    statusText(
      {
        ...report,
        web: { url: 'http://x/', relay: false, lan: false, ...web },
        ...(peers === undefined ? {} : { peers }),
      },
      plain,
      devices as never,
    );
  expect(at({})).toContain(':4317   on this machine only\n');
  expect(at({ lan: true })).toContain(':4317   on the local network\n');
  expect(at({ relay: true })).toContain(':4317   by a relay\n');
  expect(at({})).toContain('  devices   not told in time\n');
  expect(at({}, [])).toContain('  devices   none paired; "botster connect" pairs one\n');
  expect(at({}, [{ connected: 2 }, { connected: 0 }])).toContain('  devices   2 paired, 2 connected\n');
  expect(at({}, [{ connected: 2 }], 3)).toContain('  devices   1 paired, 3 connected\n');
});

it('says which browsers are connected, how, and since when', () => {
  const browser = { device_id: 'x', view_only: false, connected_s: 130 };
  const browsers = [
    { ...browser, name: 'Phone', path: 'relayed' as const, rtt_ms: 84.4, view_only: true },
    { ...browser, name: 'Firefox on a desk', path: 'direct' as const, rtt_ms: 1.2 },
    { ...browser, name: `\u001b[31m${'x'.repeat(90)}`, connected_s: 0.2 },
  ];
  const text = statusText({ ...report, peers: 3, browsers }, plain);
  expect(text).toContain(`Browsers (3)
  Phone                             relayed  84 ms   for 2 min  view-only
  Firefox on a desk                 direct   1.2 ms  for 2 min
  ?[31mxxxxxxxxxxxxxxxxxxxxxxxxxx…  ?                for 0 s
`);
  expect(widest(text).length).toBeLessThanOrEqual(80);
});

it.each([
  [{ connected: false, sessions: 0 }, 'not running'],
  [{ pid: 7, version: '1.0.0', connected: true, sessions: 2 }, 'pid 7, botster 1.0.0, 2 running'],
  [
    { pid: 7, version: '1.0.0', connected: false, sessions: 2 },
    'pid 7, botster 1.0.0   <red>not connected</>',
  ],
  [{ connected: false, sessions: 0, error: 'too old' }, 'not running   <red>too old</>'],
])('a session host %o', (session_host, text) => {
  const painted = statusText({ ...report, session_host }, (style, words) =>
    style === 'red' ? `<red>${words}</>` : words,
  );
  expect(painted).toContain(`  host      ${text}\n`);
});

describe('durations', () => {
  const cases: [number, string][] = [
    [0.9, '0 s'],
    [59.9, '59 s'],
    [60, '1 min'],
    [3_599, '59 min'],
    [3_600, '1 h 0 min'],
    [90_000, '1 d 1 h'],
  ];
  it.each(cases)('%s', (seconds, text) => expect(duration(seconds)).toBe(text));
});
