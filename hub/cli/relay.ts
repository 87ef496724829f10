/**
 * `botster relay`: a relay alone, for hubs that find it by `--relay` or by their configuration.
 *
 * Ends on SIGTERM and SIGINT: clients are told that it comes back. Says once a minute what it refused, if anything, in
 * numbers: no addresses.
 */
import { fail, HubError, messageOf } from '../../base/errors.js';
import type { Relay } from '../../relay/relay.js';
import { defineCommand, jsonOption } from './command.js';
import type { Terminal } from './terminal.js';

const DEFAULT_PORT = 4169;
const REPORT_MS = 60_000;

export const relayCommand = defineCommand({
  name: 'relay',
  summary: 'run a relay for hubs and browsers elsewhere',
  description:
    'Serves the web app and passes on the sealed messages by which browsers and hubs find each other. It cannot read ' +
    'them, keeps nothing, and carries no terminals. Hubs use it with "botster start --relay URL". Browsers need https ' +
    'unless they are on this machine: give --cert and --key, or put a proxy in front (docs/relay.md).',
  args: {},
  outlivesReader: true,
  global: true,
  options: {
    port: { type: 'number', shown: 'N', doc: 'port to listen on; 0 takes a free one', default: DEFAULT_PORT },
    host: {
      type: 'text',
      shown: 'ADDRESS',
      doc: 'address to listen on; :: for all',
      default: '127.0.0.1',
      completes: 'nothing',
    },
    'trust-proxy': {
      type: 'flag',
      doc: 'take the last address in X-Forwarded-For for limits; only behind a proxy that sets it',
    },
    cert: { type: 'text', shown: 'FILE', doc: 'certificate chain, PEM', completes: 'file' },
    key: { type: 'text', shown: 'FILE', doc: 'private key, PEM', completes: 'file' },
    json: jsonOption,
  },
  examples: [
    { line: 'botster relay', doc: `serve this machine, on port ${DEFAULT_PORT}` },
    { line: 'botster relay --trust-proxy', doc: 'the same, behind a proxy that speaks https' },
    { line: 'botster relay --host :: --port 443 --cert cert.pem --key key.pem', doc: 'serve everybody' },
  ],
  async run({ options, terminal }) {
    const { port, host, json } = options;
    if (!Number.isInteger(port) || port > 65_535) throw fail('cli.usage', `--port ${port} is no port.`);
    const tls = await readTls(options.cert, options.key);
    const { Counters } = await import('../../base/counters.js');
    const { RealClock } = await import('../../base/real-clock.js');
    const { Relay } = await import('../../relay/relay.js');
    const { packageRoot } = await import('../paths.js');
    const counters = new Counters();
    const relay = Relay.create({
      webRoot: `${packageRoot}/dist/web`,
      clock: new RealClock(),
      counters,
      trustProxy: options['trust-proxy'],
      ...(tls === undefined ? {} : { tls }),
    });
    const stopped = stopSignal();
    const url = `http${tls === undefined ? '' : 's'}://${urlHost(host)}:${await relay.listen({ host, port })}/`;
    const cableUrl = `${url.replace(/^http/, 'ws')}cable`;
    if (json) terminal.out(`${JSON.stringify({ url, cable_url: cableUrl, pid: process.pid })}\n`);
    else terminal.out(`${terminal.paint('green', 'ready')}  relay at ${url}\n`);
    const report = reportRefusals(relay, () => counters.snapshot(), terminal);
    await stopped;
    clearInterval(report);
    await relay.close();
    return 0;
  },
});

async function readTls(
  cert: string | undefined,
  key: string | undefined,
): Promise<{ cert: Buffer; key: Buffer } | undefined> {
  if (cert === undefined && key === undefined) return undefined;
  if (cert === undefined || key === undefined) throw fail('cli.usage', '--cert and --key go together.');
  const { readFile } = await import('node:fs/promises');
  const { createSecureContext } = await import('node:tls');
  try {
    const tls = { cert: await readFile(cert), key: await readFile(key) };
    createSecureContext(tls);
    return tls;
  } catch (cause) {
    const message = `The certificate ${cert} and the key ${key} cannot be used: ${messageOf(cause)}.`;
    throw new HubError('relay.bad_certificate', message, { cause });
  }
}

/** Resolves at the first signal to end; the second ends the process as it does any other. */
function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, () => resolve());
  });
}

function reportRefusals(
  relay: Relay,
  snapshot: () => Readonly<Record<string, number>>,
  terminal: Terminal,
): NodeJS.Timeout {
  let told = '';
  return setInterval(() => {
    const troubles = Object.entries(snapshot()).filter(([name]) =>
      /\.(refused|dropped|ignored)\./.test(name),
    );
    const text = troubles.map(([name, count]) => `${name.replace('relay.', '')} ${count}`).join(', ');
    if (text === told) return;
    told = text;
    terminal.err(
      `${new Date().toISOString()} ${relay.load().connections} connections; since start: ${text}\n`,
    );
  }, REPORT_MS);
}

/** A host as it stands in a URL. One that means "all" is shown as this machine. */
function urlHost(host: string): string {
  if (host === '::' || host === '0.0.0.0') return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}
