import { describe, expect, it } from 'vitest';
import { MAX_ENVELOPE_TEXT } from '../../protocol/signals.js';
import { named, startRelay, type TestRelay } from '../support/relay.js';

const hub = named('hub');
const [peerA, peerB] = [named('peer-a'), named('peer-b')];

async function hubAndDevices({ greeted }: TestRelay) {
  const [h, a, b] = [await greeted(), await greeted(), await greeted()];
  return {
    h,
    a,
    b,
    asHub: await h.subscribe({ hub, role: 'hub' }),
    asA: await a.subscribe({ hub, role: 'device', peer: peerA }),
    asB: await b.subscribe({ hub, role: 'device', peer: peerB }),
  };
}

describe('a signal', () => {
  it('of a device is heard by its hub, with the name of the peer', async () => {
    const { h, a, b, asHub, asA, asB } = await hubAndDevices(await startRelay());
    a.signal(asA, { data: 'from-a' });
    await h.heard({ identifier: asHub, message: { peer: peerA, data: 'from-a' } });
    b.signal(asB, { data: 'from-b', peer: peerA });
    await h.heard({ identifier: asHub, message: { peer: peerB, data: 'from-b' } });
    await a.settled();
    await b.settled();
    expect([a.frames, b.frames]).toEqual([[], []]);
  });

  it('of a hub is heard by that peer only', async () => {
    const { h, a, b, asHub, asA } = await hubAndDevices(await startRelay());
    h.signal(asHub, { peer: peerA, data: 'to-a' });
    await a.heard({ identifier: asA, message: { data: 'to-a' } });
    await b.settled();
    await h.settled();
    expect([h.frames, b.frames]).toEqual([[], []]);
  });

  it('is heard by all that subscribed as that hub', async () => {
    const relay = await startRelay();
    const { h, a, asHub, asA } = await hubAndDevices(relay);
    const again = await relay.greeted();
    await again.subscribe({ hub, role: 'hub' });
    a.signal(asA, { data: 'x' });
    await h.heard({ identifier: asHub, message: { peer: peerA, data: 'x' } });
    await again.heard({ identifier: asHub, message: { peer: peerA, data: 'x' } });
  });

  it('may be as large as an envelope', async () => {
    const { h, a, asHub, asA } = await hubAndDevices(await startRelay());
    const data = 'A'.repeat(MAX_ENVELOPE_TEXT);
    a.signal(asA, { data });
    await h.heard({ identifier: asHub, message: { peer: peerA, data } });
  });

  it('reaches nobody of another hub', async () => {
    const relay = await startRelay();
    const { h, a, asA } = await hubAndDevices(relay);
    const other = await relay.greeted();
    const asOther = await other.subscribe({ hub: named('other'), role: 'hub' });
    other.signal(asOther, { peer: peerA, data: 'forged' });
    a.signal(asA, { data: 'x' });
    await h.heard({ message: { peer: peerA, data: 'x' } });
    await other.settled();
    await a.settled();
    expect([other.frames, a.frames]).toEqual([[], []]);
  });

  it('that is none is ignored and counted, and the connection lives', async () => {
    const relay = await startRelay();
    const { h, a, asHub, asA } = await hubAndDevices(relay);
    const wrong = [
      '',
      '[]',
      '{"action":"signal"}',
      '{"action":"signal","data":"a b"}',
      '{"action":"x","data":"a"}',
    ];
    for (const data of wrong) a.send({ command: 'message', identifier: asA, data });
    h.signal(asHub, { data: 'to nobody' });
    h.signal(asHub, { data: 'YQ' });
    h.signal(asHub, { peer: 'short', data: 'YQ' });
    a.signal('{"channel":"SignalChannel"}', { data: 'YQ' });
    await a.settled();
    await h.settled();
    expect([a.frames, h.frames]).toEqual([[], []]);
    expect(relay.counters.get('relay.ignored.no_signal')).toBe(wrong.length + 3);
    expect(relay.counters.get('relay.ignored.not_subscribed')).toBe(1);
  });
});

it('a hub that nobody knows is answered exactly as one that is offline', async () => {
  const relay = await startRelay();
  const hubClient = await relay.greeted();
  await hubClient.subscribe({ hub, role: 'hub' });
  hubClient.socket.terminate();
  await hubClient.closed;

  const seen = [];
  for (const name of [hub, named('unknown')]) {
    const device = await relay.greeted();
    const identifier = JSON.stringify({ channel: 'SignalChannel', hub: name, role: 'device', peer: peerA });
    device.send({ command: 'subscribe', identifier });
    device.signal(identifier, { data: 'hello' });
    await device.heard({ type: 'confirm_subscription' });
    await device.settled();
    seen.push(device.frames);
  }
  expect(seen).toEqual([[], []]);
});
