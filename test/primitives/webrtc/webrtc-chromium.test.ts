/** The worker and a real Chromium: set-up, both channels, frames both ways. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { encodeMessage } from '../../../protocol/messages.js';
import { encodeTerminalFrame } from '../../../protocol/terminal-frames.js';
import { openChromium } from '../../support/chromium.js';
import type { SignaledCandidate } from '../../support/webrtc-device.js';
import { WebrtcHub } from '../../support/webrtc-hub.js';

const PAGE = join(import.meta.dirname, '../../fixtures/webrtc-page.html');

test('Chromium connects, is greeted, attaches and sees output on its own channel', {
  timeout: 60_000,
}, async () => {
  const hub = new WebrtcHub();
  const host = await hub.startHost();
  const session = await (await host.connect()).spawn('sh', ['-c', 'echo from the session; exec cat']);
  const identity = 'browser:0000000000000000';
  hub.notify('device_session', { identity, device_id: 'browser', name: 'Chromium', view_only: false });

  const page = await openPage();
  await page.exposeFunction('signalOffer', (sdp: string) => hub.functions.handle_offer(identity, sdp));
  await page.exposeFunction('signalCandidate', (candidate: SignaledCandidate) => {
    hub.functions.handle_ice_candidate(identity, candidate);
  });
  hub.onFact = (name, data) => {
    if (name === 'webrtc_answer' || name === 'webrtc_candidate')
      void page.evaluate(`heard(${JSON.stringify({ name, ...data })})`);
  };
  const hello = encodeMessage({ type: 'hello', protocol_version: 1, client: 'chromium', version: '1' });
  const attach = encodeMessage({
    type: 'request',
    id: 1,
    method: 'session.attach',
    params: { id: session.uuid, attach: 3, credit: 100_000 },
  });
  const input = encodeTerminalFrame({ type: 'input', attach: 3, bytes: Buffer.from('typed here\r') });
  const got = await page.evaluate(
    `run(${JSON.stringify([[...hello], [...attach]])}, ${JSON.stringify([...input])})`,
  );
  expect(got).toMatchObject({ control: expect.stringContaining('"type":"hello"') as string });
  expect((got as { bytes: string }).bytes).toContain('from the session');
  expect((got as { bytes: string }).bytes).toContain('typed here');
  const [peer] = (await hub.functions.peers()) as { path: string }[];
  expect(['host', 'prflx']).toContain(peer?.path);
});

async function openPage() {
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html');
    response.end(readFileSync(PAGE));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const browser = await openChromium();
  onTestFinished(() => void server.close());
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  return page;
}
