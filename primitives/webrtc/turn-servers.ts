/**
 * Which TURN servers of the settings can be used now.
 *
 * The stack takes one of them, and does not tell when that fails; so they are tried here (turn-probe.ts), in their order,
 * and the stack gets the first that works. One that has worked is trusted for a while. What does not work is complained of
 * once, and again when it is another reason.
 */
import type { Clock } from '../../base/clock.js';
import { type IceServer, type IceSettings, isTurn } from '../ice-settings.js';
import type { TurnProbe, TurnServer } from './turn-probe.js';

const GOOD_MS = 600_000;
/** Devices try again every second at first. */
const BAD_MS = 3_000;

interface Known {
  readonly atMs: number;
  readonly problem: Promise<string | undefined>;
}

export class TurnServers {
  readonly #clock: Clock;
  readonly #probe: TurnProbe;
  readonly #complain: (text: string) => void;
  readonly #known = new Map<string, Known>();
  /** What was said of each, by its URL. */
  readonly #said = new Map<string, string>();

  constructor(clock: Clock, probe: TurnProbe, complain: (text: string) => void) {
    this.#clock = clock;
    this.#probe = probe;
    this.#complain = complain;
  }

  /** The settings with one TURN server that works, or none. */
  async usable(ice: IceSettings): Promise<IceSettings> {
    const servers = ice.servers.flatMap(byUrl);
    const turn = servers.filter(isTurn);
    if (turn.length === 0) return ice;
    const others = servers.filter((server) => !isTurn(server));
    for (const { urls, username = '', credential = '' } of turn) {
      const [url = ''] = urls;
      const problem = await this.#problem({ url, username, credential });
      if (problem === undefined)
        return { ...ice, servers: [...others, { urls: [url], username, credential }] };
    }
    return { ...ice, servers: others };
  }

  async #problem(server: TurnServer): Promise<string | undefined> {
    const key = JSON.stringify(server);
    const nowMs = this.#clock.nowMs();
    const known = this.#known.get(key);
    if (known !== undefined) {
      const validMs = (await known.problem) === undefined ? GOOD_MS : BAD_MS;
      if (nowMs - known.atMs < validMs) return await known.problem;
    }
    // Settings that were changed leave nothing behind.
    if (this.#known.size > 64) this.#known.clear();
    const problem = this.#probe(server);
    this.#known.set(key, { atMs: nowMs, problem });
    const found = await problem;
    this.#say(server.url, found);
    return found;
  }

  #say(url: string, problem: string | undefined): void {
    if (this.#said.get(url) === problem) return;
    const isBack = problem === undefined;
    if (isBack) this.#said.delete(url);
    else this.#said.set(url, problem);
    this.#complain(
      isBack
        ? `the TURN server ${url} can be used again`
        : `the TURN server ${url} cannot be used: ${problem}. See webrtc.ice_servers in the device's configuration`,
    );
  }
}

function byUrl(server: IceServer): IceServer[] {
  return server.urls.map((url) => ({ ...server, urls: [url] }));
}
