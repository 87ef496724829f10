/**
 * Which port a hub's page is on: the same one each time, because browsers keep the keys of a page by its port.
 *
 * The first start takes one that no other hub of this device has chosen, beginning at a place that depends on the hub,
 * and writes it down. When it is taken later, the next free one serves in its place, and the choice stays.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fits } from '../../base/check.js';
import { t } from '../../base/schema.js';

const FIRST_PORT = 4170;
const LAST_PORT = 4399;
const PORTS = LAST_PORT - FIRST_PORT + 1;

const FILE = 'web.json';
const chosen = t.object({ port: t.int({ min: 1, max: 65_535 }) });

/** All ports that may serve, the preferred one first. */
export function portsToTry(stateDir: string, hubId: string): readonly number[] {
  const own = readPort(stateDir);
  const offset = Number.parseInt(hubId.slice(0, 8), 16) % PORTS || 0;
  const inOrder = Array.from({ length: PORTS }, (_, index) => FIRST_PORT + ((offset + index) % PORTS));
  const others = portsOfOthers(stateDir);
  const free = inOrder.filter((port) => !others.has(port));
  const last = inOrder.filter((port) => others.has(port));
  return own === undefined ? [...free, ...last] : [...new Set([own, ...free, ...last])];
}

/** Remembers the first choice. A folder that cannot be written costs a bookmark, not the start. */
export function rememberPort(stateDir: string, port: number): void {
  if (readPort(stateDir) !== undefined) return;
  try {
    writeFileSync(join(stateDir, FILE), `${JSON.stringify({ port })}\n`, { mode: 0o600 });
  } catch {
    // chosen again next time, and most likely the same
  }
}

function readPort(stateDir: string): number | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(join(stateDir, FILE), 'utf8'));
    return fits(chosen, value) ? value.port : undefined;
  } catch {
    return undefined;
  }
}

/** The state folders of a device's hubs are beside each other. */
function portsOfOthers(stateDir: string): ReadonlySet<number> {
  const [parent, self] = [dirname(stateDir), basename(stateDir)];
  const ports = new Set<number>();
  try {
    for (const name of readdirSync(parent)) {
      const port = name === self ? undefined : readPort(join(parent, name));
      if (port !== undefined) ports.add(port);
    }
  } catch {
    // not there: no others
  }
  return ports;
}
