import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readWebMode, relayAddress } from '../../../hub/relay/web-settings.js';
import fc from '../../support/fast-check.js';
import { tempDir } from '../../support/temp-repo.js';

describe('the address of a relay', () => {
  it.each([
    ['https://relay.example.com', 'https://relay.example.com/', 'wss://relay.example.com/cable'],
    ['http://10.0.0.1:4169/', 'http://10.0.0.1:4169/', 'ws://10.0.0.1:4169/cable'],
    ['https://example.com/botster', 'https://example.com/botster/', 'wss://example.com/botster/cable'],
    ['http://[::1]:80/', 'http://[::1]/', 'ws://[::1]/cable'],
  ])('%s', (url, page_url, cable_url) => {
    expect(relayAddress(url)).toEqual({ page_url, cable_url });
  });

  it.each([
    '',
    'relay',
    'ws://a/',
    'file:///etc',
    'https://u:p@a/',
    'https://a/#x',
    'https://a/?x',
    'javascript:1',
  ])('is not %s', (url) => expect(relayAddress(url)).toBeUndefined());

  it('is never anything else than http and ws', () => {
    fc.assert(
      fc.property(fc.oneof(fc.webUrl(), fc.string()), (url) => {
        const address = relayAddress(url);
        if (address === undefined) return;
        expect(address.page_url).toMatch(/^https?:\/\/.*\/$/);
        expect(address.cable_url).toMatch(/^wss?:\/\/.*\/cable$/);
      }),
    );
  });
});

describe('how browsers reach a hub', () => {
  const configured = (settings: object): string => {
    const dataDir = tempDir();
    writeFileSync(join(dataDir, 'config.json'), JSON.stringify(settings));
    return dataDir;
  };
  const elsewhere = {
    kind: 'elsewhere',
    address: { page_url: 'https://r.example/', cable_url: 'wss://r.example/cable' },
  };

  it('is a relay of its own for this machine, unless something else is said', async () => {
    expect(await readWebMode({}, tempDir())).toEqual({ kind: 'own', lan: false });
  });

  it('is what the configuration says', async () => {
    expect(await readWebMode({}, configured({ 'relay.url': 'https://r.example' }))).toEqual(elsewhere);
    for (const wrong of ['nowhere', 7, null]) {
      const read = readWebMode({}, configured({ 'relay.url': wrong }));
      await expect(read).rejects.toMatchObject({ code: 'config.bad_value' });
    }
  });

  it('is what the command line says, before the configuration', async () => {
    const dataDir = configured({ 'relay.url': 'https://other.example' });
    expect(await readWebMode({ off: true }, dataDir)).toEqual({ kind: 'off' });
    expect(await readWebMode({ lan: true }, dataDir)).toEqual({ kind: 'own', lan: true });
    expect(await readWebMode({ relay: 'https://r.example/' }, dataDir)).toEqual(elsewhere);
  });

  it('is one thing at a time', async () => {
    await expect(readWebMode({ off: true, lan: true }, tempDir())).rejects.toMatchObject({
      code: 'cli.usage',
    });
    await expect(readWebMode({ relay: 'x' }, tempDir())).rejects.toMatchObject({ code: 'cli.usage' });
  });
});
