/** Pairing, devices and the connection's health. */
import { describe, expect, it } from 'vitest';
import { useApp } from './app.js';

const open = useApp();

describe('pairing', () => {
  it('takes the code out of the address at once, and pairs under a name', async () => {
    const page = await open({ scenario: 'none', fragment: '#AZcode_of-a-hub' });
    expect(page.url()).toMatch(/#\/pair$/);
    await page.getByRole('heading', { name: 'Pair this device' }).waitFor();
    expect(await page.getByLabel('Name of this device').inputValue()).toBe('Chrome on Linux');
    await page.getByLabel('Name of this device').fill('My laptop');
    await page.getByRole('button', { name: 'Pair' }).click();
    await page.locator('.group-name', { hasText: 'paired' }).waitFor();
    expect(await page.evaluate(() => ui.hubs.pairings)).toEqual([
      { code: 'AZcode_of-a-hub', name: 'My laptop' },
    ]);
  });

  it('explains how to get a code, and what to do when it does not work', async () => {
    const page = await open({ scenario: 'none' });
    await page.getByText('botster connect').waitFor();
    await page.evaluate(() => {
      ui.hubs.onPair = async () => {
        throw ui.fail('pairing.no_answer', 'No hub answered this code.');
      };
    });
    await page.getByLabel('Address or code').fill('http://127.0.0.1:1/#abc');
    await page.getByRole('button', { name: 'Pair' }).click();
    const failure = page.getByRole('alert');
    await failure.getByText('No hub answered this code.').waitFor();
    await failure.getByText('run botster connect for a new one').waitFor();
    expect(await page.getByLabel('Address or code').inputValue()).toBe('http://127.0.0.1:1/#abc');
  });

  it('takes a code that comes while the page is open', async () => {
    const page = await open();
    await page.evaluate('location.hash = "#AZanother"');
    await page.getByRole('heading', { name: 'Pair this device' }).waitFor();
    expect(page.url()).toMatch(/#\/pair$/);
  });
});

describe('devices', () => {
  it('are listed, renamed, restricted and revoked', async () => {
    const page = await open({ fragment: '#/hub/hub-shop' });
    await page.locator('.device', { hasText: 'Pixel 9' }).getByText('This device').waitFor();
    await page.getByRole('button', { name: 'Rename Wall display' }).click();
    await page.keyboard.press('Control+a');
    await page.keyboard.type('Kitchen');
    await page.keyboard.press('Enter');
    const kitchen = page.locator('.device', { hasText: 'Kitchen' });
    await kitchen.waitFor();
    await page.getByRole('switch', { name: 'View only: Kitchen' }).click();
    await page.waitForFunction(() => ui.hub().devices.every(({ view_only }) => !view_only));
    await page.getByRole('button', { name: 'Revoke Kitchen' }).click();
    await page.getByRole('dialog').getByText('Its connections end at once').waitFor();
    await page.getByRole('button', { name: 'Revoke', exact: true }).click();
    await kitchen.waitFor({ state: 'detached' });
  });

  it('are added with a code that is shown on demand', async () => {
    const page = await open({ fragment: '#/hub/hub-shop' });
    await page.getByLabel(/^View only\s*It sees/).check();
    expect(await page.locator('.qr').count()).toBe(0);
    await page.getByRole('button', { name: 'Show a code' }).click();
    await page.getByRole('img', { name: 'QR code of the address' }).waitFor();
    await page.getByText('for a device that may only look').waitFor();
    expect(await page.locator('.code-url').textContent()).toContain('http://192.168.1.20:4171/#');
  });
});

it('shows the health of the connection', async () => {
  const page = await open({ fragment: '#/hub/hub-shop' });
  const number = (name: string) => page.locator('.number', { hasText: name }).locator('dd');
  expect(await number('Round trip').textContent()).toBe('3.4 ms');
  expect(await number('Path').textContent()).toBe('Direct, same machine or network');
  expect(await number('Received').textContent()).toBe('12.9 MB');
  await page.evaluate(() =>
    ui.hub().health.set({ ...ui.hub().health.value, missed: 2, rtt_ms: 812, path: 'relay' }),
  );
  await page.locator('.number-bad', { hasText: 'Pings missed' }).waitFor();
  expect(await number('Path').textContent()).toBe('Through a TURN server');
});
