/** Terminals: output, typing, sizes, older output; and what phones have for it. */
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { screenText, untilScreen, untilTrue } from '../../support/page-waits.js';
import { openSession, phone, useApp } from './app.js';

const open = useApp();

const typed = (page: Page): Promise<string[]> => page.evaluate(() => ui.terminal('feature/login').typed);
const views = (page: Page): Promise<{ rows: number; cols: number }[]> =>
  page.evaluate(() => ui.terminal('feature/login').views as { rows: number; cols: number }[]);

describe('on a computer', () => {
  it('shows the screen, takes the size when it is focused, and types', async () => {
    const page = await open();
    await openSession(page, 'feature/login');
    await untilScreen(page, /Should I also throttle failed attempts\?/);
    await page.waitForFunction(() => ui.terminal('feature/login').views.length > 0);
    const [view] = await views(page);
    expect(view).toMatchObject({ focused: true });
    expect(view?.cols).toBeGreaterThan(120);
    await page.keyboard.type('2');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Control+k');
    expect(await typed(page)).toEqual(['2', '\r', '\u000b']);
    await untilScreen(page, /> 2/);
    await page.getByRole('button', { name: 'Fits' }).waitFor();
  });

  it('takes the size anew when the window changes, and scales when somebody else took it', async () => {
    const page = await open();
    await openSession(page, 'feature/login');
    await page.getByRole('button', { name: 'Fits' }).waitFor();
    const before = (await views(page)).at(-1);
    await page.setViewportSize({ width: 1000, height: 700 });
    await page.waitForFunction(
      (cols) => (ui.terminal('feature/login').views.at(-1) as { cols: number }).cols < cols,
      before?.cols ?? 0,
    );
    await page.evaluate(() => ui.terminal('feature/login').resize(45, 120));
    await page.getByRole('button', { name: 'Fit to my screen' }).waitFor();
    await untilTrue(page, 'document.querySelector("[data-terminal]").screen.cols === 120');
    const [drawn, space]: [number, number] = await page.evaluate(
      '[document.querySelector(".xterm-screen").getBoundingClientRect().width, document.querySelector("[data-terminal]").clientWidth]',
    );
    expect(drawn).toBeLessThanOrEqual(space);
    expect(drawn).toBeGreaterThan(space * 0.7);
  });

  it('leaves by its chord, goes on by Tab, and comes back by Enter', async () => {
    const page = await open();
    await openSession(page, 'feature/login');
    await page.keyboard.press('Tab');
    expect(await typed(page)).toEqual(['\t']);
    await page.keyboard.press('Control+Shift+X');
    const left = page.getByRole('button', { name: /You left the terminal/ });
    expect(await left.evaluate((element) => element === element.ownerDocument.activeElement)).toBe(true);
    await page.keyboard.press('Enter');
    await page.keyboard.type('x');
    expect(await typed(page)).toEqual(['\t', 'x']);
  });

  it('keeps the order of output, sizes and snapshots', async () => {
    const page = await open();
    await openSession(page, 'feature/login');
    await page.evaluate(() => {
      const terminal = ui.terminal('feature/login');
      terminal.put('\u001b[2J\u001b[H');
      for (let count = 0; count < 200; count++) terminal.put(`row ${count}\r\n`);
      terminal.resize(30, 90);
      terminal.put('the last word');
    });
    await untilScreen(page, /the last word/);
    expect(await screenText(page)).toContain('row 199\nthe last word');
  });

  it('answers no questions of programs: the host does', async () => {
    const page = await open();
    await openSession(page, 'feature/login');
    await page.evaluate(() => ui.terminal('feature/login').put('\u001b[c\u001b[6n\u001b]11;?\u0007done'));
    await untilScreen(page, /done/);
    expect(await typed(page)).toEqual([]);
  });

  it('says that it waits without covering the text, and how it ended', async () => {
    const page = await open();
    await openSession(page, 'feature/login');
    await page.evaluate(() => ui.terminal('feature/login').status('waiting'));
    await page.getByText('Catching up…').waitFor();
    expect(await screenText(page)).toContain('throttle');
    await page.evaluate(() => {
      ui.terminal('feature/login').end();
      ui.hub().change(ui.uuid('feature/login'), {
        state: 'exited',
        session: { state: 'exited', exit: { code: 3, at: '' } },
      });
    });
    await page.locator('.terminal-foot').getByText('Exited with 3').waitFor();
  });

  it('pages older output in while the user scrolls up, and goes back to live', async () => {
    const page = await open();
    await openSession(page, 'feature/login');
    await page.locator('[data-terminal]').hover();
    await page.mouse.wheel(0, -200);
    const older = page.getByRole('region', { name: 'Older output' });
    await older.getByText('scroll up for more').waitFor();
    const text = (): Promise<string> => page.evaluate('document.querySelector("[data-older]").screen.text()');
    expect(await text()).toContain('line 2970 of what was before');
    // Up to the beginning, page by page.
    for (let turn = 0; turn < 12; turn++) {
      if (await older.getByText('The oldest that is kept').isVisible()) break;
      await page.keyboard.press('Home');
      await untilTrue(page, '!document.querySelector(".older-bar").textContent.includes("Loading")');
    }
    await page.keyboard.press('Home');
    await untilTrue(
      page,
      'document.querySelector("[data-older]").screen.text().startsWith("line 1 of what was before")',
    );
    await page.keyboard.press('Escape');
    await older.waitFor({ state: 'detached' });
    expect(await screenText(page)).toContain('throttle');
  });

  it('opens older output where the reader is, not at the top of all that was scrolled', async () => {
    const page = await open();
    await openSession(page, 'feature/login');
    await page.evaluate(() => ui.terminal('feature/login').put('more\r\n'.repeat(1_000)));
    await page.getByRole('button', { name: 'Older output' }).click();
    await page.getByRole('region', { name: 'Older output' }).getByText('Scroll up for more').waitFor();
    expect(await page.evaluate('document.querySelector("[data-older]").screen.text()')).toContain(
      'line 2970 ',
    );
  });

  it('goes on drawing when the WebGL context is lost, and fits, although its cells have another width', async () => {
    const page = await open();
    await openSession(page, 'feature/login');
    await untilScreen(page, /throttle/);
    const renderer = () => page.evaluate('document.querySelector("[data-terminal]").screen.renderer');
    expect(await renderer()).toBe('webgl');
    await page.evaluate(`[...document.querySelectorAll('.xterm-screen canvas')]
      .map((canvas) => canvas.getContext('webgl2'))
      .find((gl) => gl !== null)
      .getExtension('WEBGL_lose_context')
      .loseContext()`);
    await untilTrue(page, 'document.querySelector("[data-terminal]").screen.renderer === "dom"');
    await page.evaluate(() => ui.terminal('feature/login').put('still here'));
    await page.locator('.xterm-rows', { hasText: 'still here' }).waitFor();
    // Not wider than the window, and no column that would fit is missing.
    await untilTrue(
      page,
      `(() => {
        const pan = document.querySelector('[data-terminal]');
        const { width } = pan.querySelector('.xterm-screen').getBoundingClientRect();
        const spare = pan.clientWidth - width;
        return spare >= 0 && spare < 2 * (width / pan.screen.cols);
      })()`,
    );
  });

  it('draws without WebGL too', async () => {
    const page = await open();
    await page.evaluate(() => {
      const { HTMLCanvasElement } = globalThis as unknown as {
        HTMLCanvasElement: { prototype: { getContext: (kind: string, ...more: unknown[]) => unknown } };
      };
      const { getContext } = HTMLCanvasElement.prototype;
      HTMLCanvasElement.prototype.getContext = function (kind, ...more) {
        return kind === 'webgl2' ? null : getContext.call(this, kind, ...more);
      };
    });
    await openSession(page, 'feature/login');
    expect(await page.evaluate('document.querySelector("[data-terminal]").screen.renderer')).toBe('dom');
    await page.locator('.xterm-rows').getByText('throttle failed attempts').waitFor();
  });
});

describe('on a phone', () => {
  it('keeps the size of the session until it is taken', async () => {
    const page = await open(phone);
    await openSession(page, 'feature/login');
    await untilScreen(page, /throttle/);
    expect(await views(page)).toEqual([]);
    await page.getByText('120×40').waitFor();
    await page.getByRole('button', { name: 'Fit to my screen' }).tap();
    await page.getByRole('button', { name: 'Fits' }).waitFor();
    const [view] = await views(page);
    expect(view?.cols).toBeLessThan(60);
    const [drawn, space]: [number, number] = await page.evaluate(
      '[document.querySelector(".xterm-screen").getBoundingClientRect().width, document.querySelector("[data-terminal]").clientWidth]',
    );
    expect(drawn).toBeLessThanOrEqual(space + 1);
  });

  it('shows the keys that matter most without scrolling, on the smallest phone', async () => {
    const page = await open({ ...phone, viewport: { width: 360, height: 740 } });
    await openSession(page, 'feature/login');
    const right = await page
      .getByRole('toolbar', { name: 'Keys' })
      .getByRole('button')
      .evaluateAll((keys) =>
        keys.map((key) => [key.getAttribute('aria-label'), key.getBoundingClientRect().right] as const),
      );
    const seen = right.filter(([, edge_px]) => edge_px <= 360).map(([name]) => name);
    expect(seen).toEqual(['Esc', 'Tab', 'Ctrl', 'Left', 'Up', 'Down', 'Right', 'Paste']);
  });

  it('has the keys that phones lack, with Ctrl for the next one', async () => {
    const page = await open(phone);
    await openSession(page, 'feature/login');
    const key = (name: string) => page.getByRole('toolbar').getByRole('button', { name, exact: true });
    await key('Esc').tap();
    await key('Up').tap();
    await page.evaluate(() => ui.terminal('feature/login').put('\u001b[?1h'));
    await untilTrue(page, 'document.querySelector("[data-terminal]").screen.applicationCursor');
    await key('Up').tap();
    await key('Ctrl-C').tap();
    await key('Ctrl').tap();
    expect(await key('Ctrl').getAttribute('aria-pressed')).toBe('true');
    await key('Right').tap();
    expect(await key('Ctrl').getAttribute('aria-pressed')).toBe('false');
    await key('Ctrl').tap();
    await page.evaluate('document.querySelector("[data-terminal]").screen.type("r")');
    await key('Alt').tap();
    await key('/').tap();
    expect(await typed(page)).toEqual([
      '\u001b',
      '\u001b[A',
      '\u001bOA',
      '\u0003',
      '\u001b[1;5C',
      '\u0012',
      '\u001b/',
    ]);
  });

  it('leaves the focus where it is when a key is tapped', async () => {
    const page = await open(phone);
    await openSession(page, 'feature/login');
    await page.evaluate('document.querySelector("[data-terminal]").screen.focus()');
    await page.getByRole('toolbar').getByRole('button', { name: 'Tab', exact: true }).tap();
    expect(await page.evaluate('document.querySelector("[data-terminal]").screen.focused')).toBe(true);
  });

  it('scrolls by finger, opens older output at the top, and zooms by two fingers', async () => {
    const page = await open(phone);
    await openSession(page, 'feature/login');
    const client = await page.context().newCDPSession(page);
    const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', ...points: [number, number][]) =>
      client.send('Input.dispatchTouchEvent', { type, touchPoints: points.map(([x, y]) => ({ x, y })) });
    const before: number = await page.evaluate('document.querySelector("[data-terminal]").screen.fontPx');
    await touch('touchStart', [150, 300], [250, 300]);
    await touch('touchMove', [100, 300], [300, 300]);
    await touch('touchEnd');
    const after: number = await page.evaluate('document.querySelector("[data-terminal]").screen.fontPx');
    expect(after).toBe(before * 2);
    // Now it is higher than the screen: the finger pans first.
    await touch('touchStart', [200, 500]);
    for (const y of [450, 400, 350]) await touch('touchMove', [200, y]);
    await touch('touchEnd');
    await untilTrue(page, 'document.querySelector("[data-terminal]").scrollTop > 50');
    await touch('touchStart', [200, 150]);
    for (let y = 150; y <= 700; y += 25) await touch('touchMove', [200, y]);
    await touch('touchEnd');
    await page.getByRole('region', { name: 'Older output' }).waitFor();
  });

  it('selects by a long press', async () => {
    const page = await open(phone);
    await openSession(page, 'feature/login');
    await untilScreen(page, /Welcome/);
    const client = await page.context().newCDPSession(page);
    const [x, y]: [number, number] = await page.evaluate(
      '(() => { const { screen } = document.querySelector("[data-terminal]"); const box = document.querySelector(".xterm-screen").getBoundingClientRect(); return [box.left + 7.5 * screen.cell.width, box.top + 1.5 * screen.cell.height]; })()',
    );
    await client.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: [{ x, y }] });
    await page.getByRole('button', { name: 'Copy' }).waitFor();
    await client.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
    expect(await page.evaluate('document.querySelector("[data-terminal]").screen.selection')).toBe('Welcome');
  });

  it('keeps the cursor above the on-screen keyboard', async () => {
    const page = await open(phone);
    await openSession(page, 'feature/login');
    await page.getByRole('button', { name: 'Larger' }).tap();
    for (let count = 0; count < 6; count++) await page.getByRole('button', { name: 'Larger' }).tap();
    await page.evaluate('document.querySelector("[data-terminal]").screen.focus()');
    // As a keyboard would do: half of what is seen is gone.
    await page.evaluate('document.documentElement.style.setProperty("--seen-height", "420px")');
    await untilTrue(
      page,
      `(() => {
      const pan = document.querySelector("[data-terminal]");
      const { cell, cursor } = pan.screen;
      const y = cursor.row * cell.height;
      return y >= pan.scrollTop && y + cell.height <= pan.scrollTop + pan.clientHeight + 1;
    })()`,
    );
    const foot = (await page.locator('.terminal-foot').boundingBox()) ?? { y: 0, height: 0 };
    expect(foot.y + foot.height).toBeLessThanOrEqual(421);
  });
});
