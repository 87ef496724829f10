/** The engine with the browser under it: what the page starts with. */
import { fail, HubError } from '../../base/errors.js';
import { RealClock } from '../../base/real-clock.js';
import { PROTOCOL_VERSION } from '../../protocol/version.js';
import { cables } from './cable.js';
import type { DeviceCrypto } from './device-crypto.js';
import { HubList } from './hubs.js';
import { openKeyStore } from './key-store.js';
import { browserPage } from './page.js';
import { openPeer } from './peer.js';
import type { Hubs } from './types.js';

/** The hubs of this browser; begins to connect to them. Errors: link.no_storage, link.no_webrtc. */
export async function openHubs(): Promise<Hubs> {
  if (typeof RTCPeerConnection === 'undefined')
    throw fail(
      'link.no_webrtc',
      'This browser has no WebRTC, or it is switched off. Allow it, or use another browser.',
    );
  const hubs = new HubList({
    clock: new RealClock(),
    random: Math.random,
    randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
    page: browserPage,
    pageUrl: location.href.replace(/#.*/s, ''),
    openPeer,
    subscribe: cables(),
    store: await openKeyStore(),
    crypto: loadCrypto,
    hello: { protocol_version: PROTOCOL_VERSION, client: 'web', version: BUILD_VERSION },
  });
  window.addEventListener('pagehide', ({ persisted }) => {
    if (!persisted) hubs.dispose();
  });
  await hubs.load();
  return hubs;
}

async function loadCrypto(): Promise<DeviceCrypto> {
  try {
    const { loadDeviceCrypto } = await import('./device-crypto.js');
    return await loadDeviceCrypto();
  } catch (cause) {
    throw new HubError('link.not_loaded', 'A part of this app could not be loaded. Is this device online?', {
      cause,
    });
  }
}
