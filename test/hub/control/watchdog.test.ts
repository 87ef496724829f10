import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Heartbeat, HeartbeatReader } from '../../../base/heartbeat.js';
import { appendToLog, startWatchdog } from '../../../hub/control/watchdog.js';
import { parseLogLine } from '../../../hub/log-line.js';
import { tempDir } from '../../support/temp-repo.js';
import { VirtualClock } from '../../support/virtual-clock.js';

describe('the watchdog', () => {
  it('names the engine that holds the main thread, once, and says when it is over', () => {
    const clock = new VirtualClock();
    const heartbeat = new Heartbeat(clock.nowMs());
    const path = join(tempDir(), 'hub.log');
    const watchdog = startWatchdog({
      loop: new HeartbeatReader(heartbeat.buffer, () => clock.nowMs()),
      clock,
      report: appendToLog(path, clock),
    });
    heartbeat.running('greedy');
    clock.advance(10_000);
    heartbeat.beat(clock.nowMs());
    clock.advance(1_000);
    watchdog.dispose();
    const lines = readFileSync(path, 'utf8').trim().split('\n').map(parseLogLine);
    expect(lines).toMatchObject([
      {
        level: 'error',
        source: 'watchdog',
        message: 'the main thread is held',
        fields: { for_ms: 3000, engine: 'greedy' },
      },
      {
        level: 'warn',
        source: 'watchdog',
        message: 'the main thread runs again',
        fields: { held_ms: 11000 },
      },
    ]);
    expect(clock.pendingTimers).toBe(0);
  });

  it('is silent while the loop beats', () => {
    const clock = new VirtualClock();
    const heartbeat = new Heartbeat(clock.nowMs());
    const reports: string[] = [];
    const watchdog = startWatchdog({
      loop: new HeartbeatReader(heartbeat.buffer, () => clock.nowMs()),
      clock,
      report: (_, message) => reports.push(message),
    });
    for (let i = 0; i < 40; i++) {
      clock.advance(250);
      heartbeat.beat(clock.nowMs());
    }
    watchdog.dispose();
    expect(reports).toEqual([]);
  });
});
