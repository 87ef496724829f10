/**
 * The session host: a detached process that owns the PTYs of one hub and outlives it.
 *
 * Started as `node main.js <HostConfig as JSON>`. Nothing ends it but the end of its work, `host.stop` and a signal to
 * terminate: not a hang-up, not a broken pipe, not a client, not a bug in the code of one session.
 */
import { join } from 'node:path';
import { mismatch } from '../base/check.js';
import { Counters } from '../base/counters.js';
import { isHubError, messageOf } from '../base/errors.js';
import { RealClock } from '../base/real-clock.js';
import { HOST_LOOK_SIGNAL, type HostConfig, hostConfig } from '../protocol/host-config.js';
import { HOST_PROTOCOL_VERSION } from '../protocol/host-methods.js';
import type { SessionRecord } from '../protocol/session.js';
import { giveWay, giveWayAsGroup, HOST_NICENESS } from '../system/niceness.js';
import { claimHost } from './claim.js';
import { Host } from './host.js';
import { HostLog } from './host-log.js';
import { hostLimits } from './limits.js';
import { Mirrors } from './mirror/mirrors.js';
import { pastRecord } from './recall.js';
import { HostServer } from './server.js';
import { SessionFiles } from './session-files.js';

/** How long the way out may take after sessions have ended. */
const EXIT_MS = 5_000;

giveWay(0, HOST_NICENESS);
void giveWayAsGroup(process.pid, HOST_NICENESS, () => true);
// It was started by a terminal or a hub, and outlives both.
process.on('SIGHUP', () => undefined);
process.on('SIGPIPE', () => undefined);
process.stdout.on('error', () => undefined);
process.stderr.on('error', () => undefined);

const config = readConfig(process.argv[2]);
if (typeof config === 'string') {
  process.stderr.write(`The session host needs its configuration as one JSON argument: ${config}.\n`);
  process.exit(2);
}
process.title = `botster session host ${config.hub_id}`;
await run(config);

async function run(config: HostConfig): Promise<void> {
  const counters = new Counters();
  const clock = new RealClock();
  const log = HostLog.open({ path: join(config.state_dir, 'host.log'), counters });
  const contain = (what: string) => (thrown: unknown) => {
    counters.add('host.internal_errors');
    log.log('error', what, { error: thrown instanceof Error ? thrown : String(thrown) });
  };
  process.on('uncaughtException', contain('uncaught exception'));
  process.on('unhandledRejection', contain('unhandled rejection'));

  const mirrors = new Mirrors({ clock, log, counters });
  const files = new SessionFiles({ dir: join(config.state_dir, 'sessions'), clock, log, counters });
  let stop: (reason: string) => void = () => undefined;
  const stopped = new Promise<string>((resolve) => {
    stop = resolve;
  });
  let server: HostServer | undefined;
  let host: Host | undefined;
  // Before the claim: from then on others may send them.
  const end = (signal: NodeJS.Signals): void => {
    if (host === undefined) process.exit(1);
    void host.prepareStop(true).then(() => stop(signal));
  };
  process.on('SIGTERM', end);
  process.on('SIGINT', end);
  process.on(HOST_LOOK_SIGNAL, () => void server?.look());
  try {
    const claim = await claimHost(config, async (token) => {
      const past = await pastSessions(files, new Date(clock.wallMs()).toISOString());
      host = new Host({ config, clock, log, counters, mirrors, files, onStop: stop }, past);
      server = new HostServer({
        path: config.socket_path,
        hello: {
          protocol_version: HOST_PROTOCOL_VERSION,
          client: 'session-host',
          version: config.version,
          pid: process.pid,
          hub_id: config.hub_id,
        },
        token,
        limits: hostLimits,
        clock,
        log,
        counters,
        host,
      });
      await server.open();
    });
    if (claim === undefined) {
      log.log('info', 'another session host serves this folder', { pid: process.pid });
      await log.close();
      process.exit(0);
    }
    log.log('info', 'session host started', { pid: process.pid, version: config.version });
    const reason = await stopped;
    log.log('info', 'session host ends', { reason });
    // Whatever happens on the way: the process ends.
    new RealClock({ unref: true }).after(EXIT_MS, () => process.exit(1));
    await server?.close();
    await host?.flush();
    await files.flush();
    // Last: a host that starts now waits for it, and finds all on disk.
    await claim.release();
    await mirrors.close();
    await log.close();
    process.exit(0);
  } catch (thrown) {
    const message = isHubError(thrown) ? thrown.message : `The session host failed: ${messageOf(thrown)}`;
    process.stderr.write(`${message}\n`);
    log.log('error', 'the session host cannot start', { error: thrown instanceof Error ? thrown : message });
    await log.close();
    process.exit(1);
  }
}

/** The sessions of earlier hosts. Of those that ran when their host died, it is put on record that they are lost. */
async function pastSessions(files: SessionFiles, at: string): Promise<SessionRecord[]> {
  const past: SessionRecord[] = [];
  for (const record of await files.list()) {
    const now = await pastRecord(record, files.dirOf(record.uuid), at);
    if (record.state === 'running') files.save(now);
    past.push(now);
  }
  return past;
}

/** The problem, as text, if it is none. */
function readConfig(argument: string | undefined): HostConfig | string {
  try {
    const value: unknown = JSON.parse(argument ?? '');
    return mismatch(hostConfig, value, 'config') ?? (value as HostConfig);
  } catch (thrown) {
    return messageOf(thrown);
  }
}
