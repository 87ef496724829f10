/**
 * A status report as people read it: aligned, what needs attention in colour, within 80 columns as long as paths are.
 */
import type { DeviceRecord } from '../../protocol/devices.js';
import type {
  BrowserSummary,
  PluginSummary,
  SessionHostSummary,
  StatusReport,
} from '../../protocol/status.js';
import type { Style } from '../ansi.js';
import { printable } from './printable.js';

type Paint = (style: Style, text: string) => string;

const LABEL_COLUMNS = 9;
const MAX_NAME_COLUMNS = 32;

/** Without `devices`: the hub did not say in time. */
export function statusText(report: StatusReport, paint: Paint, devices?: readonly DeviceRecord[]): string {
  const { lag_ms } = report.loop;
  const { control, bulk } = report.queues;
  const lag = `p50 ${ms(lag_ms.p50)}   p99 ${ms(lag_ms.p99)}   max ${ms(lag_ms.max)}`;
  const lines = [
    `${paint('green', 'running')}  botster ${report.version}, pid ${report.pid}, up ${duration(report.uptime_s)}`,
    '',
    row('repo', report.repo, paint),
    row('hub', report.hub_id, paint),
    row('socket', report.socket, paint),
    ...(report.url === undefined ? [] : [row('url', `${report.url}${reach(report)}`, paint)]),
    row('devices', devices === undefined ? 'not told in time' : devicesText(devices, report.peers), paint),
    row('loop lag', lag, paint),
    row('queues', `control ${control.depth}/${control.limit}   bulk ${bulk.depth}/${bulk.limit}`, paint),
    row('memory', `${Math.round(report.rss_mb)} MB   node ${report.node}`, paint),
    ...(report.session_host === undefined ? [] : [row('host', hostText(report.session_host, paint), paint)]),
    ...section('Sessions', report.sessions, paint, ({ uuid, state, label }) => [uuid, state, label ?? '']),
    ...section('Browsers', report.browsers ?? [], paint, (browser) => browserCells(browser, paint)),
    ...section('Plugins', report.plugins, paint, (plugin) => pluginCells(plugin, paint)),
    ...section('Clients', report.clients, paint, ({ client, version, connected_s }) => [
      client,
      version,
      `for ${duration(connected_s)}`,
    ]),
    ...section('Counters', Object.entries(report.counters), paint, ([name, count]) => [name, String(count)]),
  ];
  return `${lines.join('\n')}\n`;
}

function row(label: string, value: string, paint: Paint): string {
  return `  ${paint('dim', label.padEnd(LABEL_COLUMNS))} ${value}`;
}

function section<T>(
  title: string,
  items: readonly T[],
  paint: Paint,
  cells: (item: T) => string[],
): string[] {
  if (items.length === 0) return [];
  return ['', `${paint('bold', title)} (${items.length})`, ...table(items.map(cells))];
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const cells of rows) {
    for (const [column, cell] of cells.entries()) widths[column] = Math.max(widths[column] ?? 0, cell.length);
  }
  return rows.map((cells) =>
    `  ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd(),
  );
}

/** Who can open the page, where that is known. */
function reach({ web }: StatusReport): string {
  if (web === undefined) return '';
  if (web.relay) return '   by a relay';
  return web.lan ? '   on the local network' : '   on this machine only';
}

function devicesText(devices: readonly DeviceRecord[], peers: number | undefined): string {
  if (devices.length === 0) return 'none paired; "botster connect" pairs one';
  const connected = peers ?? devices.reduce((sum, device) => sum + device.connected, 0);
  return `${devices.length} paired, ${connected} connected`;
}

function hostText({ pid, version, connected, sessions, error }: SessionHostSummary, paint: Paint): string {
  const named = pid === undefined ? 'not running' : `pid ${pid}, botster ${version ?? '?'}`;
  if (error !== undefined) return `${named}   ${paint('red', error)}`;
  if (!connected) return pid === undefined ? named : `${named}   ${paint('red', 'not connected')}`;
  return `${named}, ${sessions} running`;
}

function pluginCells({ name, state, error }: PluginSummary, paint: Paint): string[] {
  const [reason = ''] = (error ?? '').split('\n', 1);
  const shown = state === 'failed' ? paint('red', state) : state;
  return [name, shown, reason];
}

/** Names are the devices' own. */
function browserCells(
  { name, path, rtt_ms, connected_s, view_only }: BrowserSummary,
  paint: Paint,
): string[] {
  return [
    shortName(name),
    path ?? '?',
    rtt_ms === undefined ? '' : ms(rtt_ms),
    `for ${duration(connected_s)}`,
    view_only ? paint('dim', 'view-only') : '',
  ];
}

function shortName(name: string): string {
  const text = printable(name);
  return text.length > MAX_NAME_COLUMNS ? `${text.slice(0, MAX_NAME_COLUMNS - 1)}…` : text;
}

function ms(value: number): string {
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
}

/** `45 s`, `12 min`, `3 h 20 min`, `2 d 4 h`. */
export function duration(seconds: number): string {
  const whole = Math.floor(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}
