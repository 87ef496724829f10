/**
 * What `botster doctor` looks at for browsers: the page, the relay by which devices find the hub, the clipboard.
 *
 * Page and relay are those that the running hub says it has; without a hub there is nothing to try. A hub works without
 * them for everything but browsers, so that what is wrong with them is a warning.
 */
import { messageOf } from '../../base/errors.js';
import type { HubIdentity } from '../../primitives/context.js';
import type { StatusReport } from '../../protocol/status.js';
import { clientSocketClass } from '../../system/websocket.js';
import { findRunningHub } from '../instance-lock.js';
import { CLIPBOARD_FIX, clipboardProgram, hasDesktop } from './clipboard.js';
import { withHub } from './connect.js';
import { type Check, type Finding, ok, warn } from './doctor-check.js';
import { isLocal } from './pairing-text.js';

const ANSWER_MS = 5_000;
const NO_HUB = 'not tried: no hub runs here';

export const webPageCheck: Check = {
  name: 'web page',
  run: ({ hub }) =>
    withWeb(hub, async ({ url }) => {
      const startedMs = performance.now();
      try {
        const response = await fetch(url, { signal: AbortSignal.timeout(ANSWER_MS) });
        await response.body?.cancel();
        if (response.ok) return ok(`${url} answers in ${Math.ceil(performance.now() - startedMs)} ms`);
        return warn(`${url} answers with status ${response.status}`, fixFor(url));
      } catch (error) {
        return warn(`${url} does not answer: ${reasonOf(error)}`, fixFor(url));
      }
    }),
};

export const relayCheck: Check = {
  name: 'relay',
  run: ({ hub }) =>
    withWeb(hub, async ({ cable_url }) => {
      const startedMs = performance.now();
      const problem = await cableProblem(cable_url);
      if (problem === undefined)
        return ok(`${cable_url} greets in ${Math.ceil(performance.now() - startedMs)} ms`);
      return warn(
        `${cable_url}: ${problem}; devices cannot find the hub`,
        'look at "botster logs"; for a relay elsewhere, at its own log and at what stands before it (a proxy has to ' +
          'pass WebSockets on)',
      );
    }),
};

export const clipboardCheck: Check = {
  name: 'clipboard',
  run: ({ env }) => {
    const tool = clipboardProgram(env);
    if (tool !== undefined) return ok(`${tool}, for "botster connect --copy"`);
    if (!hasDesktop(env)) return ok('no desktop here: "botster connect --copy" asks the terminal to copy');
    return warn('no tool that copies, for "botster connect --copy"', CLIPBOARD_FIX);
  },
};

interface Web {
  readonly url: string;
  readonly cable_url: string;
}

async function withWeb(
  hub: HubIdentity | Error,
  look: (web: Web) => Finding | Promise<Finding>,
): Promise<Finding> {
  if (hub instanceof Error || (await findRunningHub(hub)) === undefined) return ok(NO_HUB);
  let report: StatusReport;
  try {
    report = await withHub(hub, ({ client }) => client.request('status', {}));
  } catch (error) {
    return warn(`the hub does not answer: ${messageOf(error)}`, 'look at "botster logs"');
  }
  const { url, web } = report;
  if (url === undefined) return warn('the hub serves no page', 'look at "botster logs" for why');
  return await look({ url, cable_url: web?.cable_url ?? cableOf(url) });
}

/** Where a relay has it: next to the page. */
function cableOf(pageUrl: string): string {
  const url = new URL('cable', pageUrl);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  return url.href;
}

function fixFor(url: string): string {
  return isLocal(url)
    ? 'look at "botster logs", and start the hub again'
    : 'look at "botster logs"; a firewall may be in the way, or the relay does not run';
}

/** Why an Action Cable server does not greet; undefined if it does. */
function cableProblem(url: string): Promise<string | undefined> {
  const Socket = clientSocketClass({
    maxMessageBytes: 64 * 1024,
    handshakeMs: ANSWER_MS,
    origin: originOf(url),
  });
  return new Promise((resolve) => {
    const socket = new Socket(url, ['actioncable-v1-json']);
    const timer = setTimeout(() => settle('does not greet'), ANSWER_MS);
    const settle = (problem: string | undefined): void => {
      clearTimeout(timer);
      socket.terminate();
      resolve(problem);
    };
    socket.once('message', (data) => settle(isWelcome(data) ? undefined : 'is no Action Cable server'));
    socket.once('error', (error) => settle(error.message));
    socket.once('close', () => settle('closed the connection'));
  });
}

/** Rails takes connections of its own page only. */
function originOf(url: string): string {
  return new URL(url.replace(/^ws/, 'http')).origin;
}

function isWelcome(data: unknown): boolean {
  try {
    return (JSON.parse(String(data)) as { type?: unknown }).type === 'welcome';
  } catch {
    return false;
  }
}

/** `fetch` says only that it failed; why is in the cause. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return messageOf(cause);
}
