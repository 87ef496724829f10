/**
 * The agreement between whoever starts a hub (the command line, a test) and the hub's composition root.
 */
import type { LogLevel } from '../base/log.js';
import type { HubIdentity } from '../primitives/context.js';
import type { WebOptions } from './relay/web-settings.js';

/** What a hub says once it serves. Names as `botster start --json` prints them. */
export interface ReadyInfo {
  readonly hub_id: string;
  readonly pid: number;
  readonly repo: string;
  readonly socket: string;
  /** Where browsers find the hub; null while it serves no page. */
  readonly url: string | null;
}

export interface RunOptions {
  readonly identity: HubIdentity;
  /** Also prints the log on stderr, for people. */
  readonly foreground: boolean;
  readonly logLevel: LogLevel;
  /** How browsers reach it. Default: a relay of its own, for this machine. */
  readonly web?: WebOptions;
  /** Called once, when the socket answers. */
  readonly onReady: (info: ReadyInfo) => void;
}
