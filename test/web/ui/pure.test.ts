/** What the pages compute without a page: routes, names, losses, keys, links, sizes, the order of a stream. */

import { describe, expect, it } from 'vitest';
import { fail } from '../../../base/errors.js';
import { branchProblem } from '../../../web/ui/agent/branch-name.js';
import { lossesIn } from '../../../web/ui/agent/losses.js';
import { deviceName } from '../../../web/ui/pairing/device-name.js';
import { fontFor, gridFor, revealed } from '../../../web/ui/terminal/fit.js';
import { linksIn } from '../../../web/ui/terminal/links.js';
import { ScreenStream } from '../../../web/ui/terminal/screen-stream.js';
import { keyBytes, modified, noModifiers } from '../../../web/ui/terminal/sticky-keys.js';
import fc from '../../support/fast-check.js';

const ctrl = { ctrl: 'once', alt: 'off' } as const;

describe('losses of a refused deletion', () => {
  it('are counted and named', () => {
    const refused = fail('worktree.dirty', '', { changed: ['a'], changed_count: 3, operation: 'rebase' });
    expect(lossesIn(refused)).toEqual([
      { what: 'A rebase is under way', entries: [], more: 0 },
      { what: '3 changed files', entries: [{ text: 'a' }], more: 2 },
    ]);
  });

  it('are none where there is nothing to show, so that nothing can be forced', () => {
    expect(lossesIn(fail('worktree.dirty', 'changed at this very moment', { path: '/x' }))).toBeUndefined();
    expect(lossesIn(fail('agent.not_found', '', { changed: ['a'], changed_count: 1 }))).toBeUndefined();
    expect(lossesIn(fail('worktree.dirty', '', { changed: 'a' }))).toBeUndefined();
    expect(lossesIn(new Error('x'))).toBeUndefined();
  });
});

it('knows what git refuses as a branch', () => {
  for (const bad of [
    'a b',
    'a..b',
    '-a',
    '/a',
    'a/',
    'a.',
    '.a',
    'a/.b',
    'a.lock',
    'a~1',
    'a:b',
    '@',
    'a@{1}',
    'a\\b',
  ])
    expect(branchProblem(bad), bad).toBeDefined();
  for (const good of ['main', 'feature/login', 'fix-1.2', 'ünï/çode', 'a@b'])
    expect(branchProblem(good)).toBeUndefined();
});

it('names devices by their browser', () => {
  const iphone =
    'Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Mobile/15E148 Safari/604.1';
  const mac = 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/19.0 Safari/605.1.15';
  expect(deviceName(iphone, 5)).toBe('iPhone');
  expect(deviceName(mac, 0)).toBe('Safari on Mac');
  expect(deviceName(mac, 5)).toBe('iPad');
  expect(deviceName('Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', 0)).toBe(
    'Firefox on Linux',
  );
  expect(deviceName('', 0)).toBe('device');
});

describe('keys of the key row', () => {
  it('are those that terminals send', () => {
    expect(keyBytes('ArrowUp', noModifiers, false)).toBe('\u001b[A');
    expect(keyBytes('ArrowUp', noModifiers, true)).toBe('\u001bOA');
    expect(keyBytes('PageDown', ctrl, false)).toBe('\u001b[6;5~');
    expect(keyBytes('Home', { ctrl: 'once', alt: 'locked' }, true)).toBe('\u001b[1;7H');
    expect(modified('c', ctrl)).toBe('\u0003');
    expect(modified('[', ctrl)).toBe('\u001b');
    expect(modified('word', ctrl)).toBe('word');
    expect(modified('é', { ctrl: 'off', alt: 'once' })).toBe('\u001bé');
  });
});

describe('links', () => {
  it('end before what belongs to the sentence', () => {
    const text = 'See (https://a.example/x_(y)), http://b.example/?q=1. javascript:alert(1) https://';
    expect(linksIn(text).map((link) => link.text)).toEqual([
      'https://a.example/x_(y)',
      'http://b.example/?q=1',
    ]);
  });

  it('stand where they say', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.webUrl(), fc.string(), (before, url, after) => {
        const text = `${before} ${url} ${after}`;
        for (const link of linksIn(text))
          expect(text.slice(link.at, link.at + link.text.length)).toBe(link.text);
      }),
    );
  });
});

describe('sizes', () => {
  const perPx = { width: 0.6, height: 1.4 };
  it('never make a grid wider than its space, as long as it can be read', () => {
    const side = fc.integer({ min: 100, max: 4_000 });
    const count = fc.integer({ min: 1, max: 500 });
    fc.assert(
      fc.property(side, side, count, count, (width, height, rows, cols) => {
        const font_px = fontFor({ width, height }, { rows, cols }, perPx, 13, true);
        expect(font_px).toBeLessThanOrEqual(13);
        const fits = width / (cols * perPx.width) >= 7 && height / (rows * perPx.height) >= 7;
        if (fits) expect(font_px * cols * perPx.width).toBeLessThanOrEqual(width);
        else expect(font_px).toBe(10);
      }),
    );
  });

  it('fill a space with whole cells', () => {
    expect(gridFor({ width: 805, height: 600 }, { width: 8, height: 17 })).toEqual({ rows: 35, cols: 100 });
    expect(gridFor({ width: 1, height: 1 }, { width: 8, height: 17 })).toEqual({ rows: 4, cols: 20 });
  });

  it('scroll only as far as it takes to see something', () => {
    expect(revealed(100, 200, 150, 160)).toBe(100);
    expect(revealed(100, 200, 50, 60)).toBe(50);
    expect(revealed(100, 200, 350, 360)).toBe(160);
  });
});

describe('a stream onto a screen that parses later', () => {
  type Step = ['output', string] | ['snapshot', string] | ['resized', number];
  const step: fc.Arbitrary<Step> = fc.oneof(
    fc.tuple(fc.constant('output' as const), fc.stringMatching(/^[a-z]{1,4}$/)),
    fc.tuple(fc.constant('snapshot' as const), fc.stringMatching(/^[a-z]{1,4}$/)),
    fc.tuple(fc.constant('resized' as const), fc.integer({ min: 1, max: 9 })),
  );

  it('keeps the order, whenever the screen gets to it', () => {
    fc.assert(
      fc.property(fc.array(step), fc.array(fc.nat({ max: 3 })), (steps, turns) => {
        const wanted: string[] = [];
        const happened: string[] = [];
        const unparsed: (() => void)[] = [];
        let taken = 0;
        const stream = new ScreenStream({
          write: (bytes, done) =>
            unparsed.push(() => {
              happened.push(new TextDecoder().decode(bytes));
              done();
            }),
          reset: () => happened.push('reset'),
          resize: (rows) => happened.push(`rows ${rows}`),
        });
        const done = (): void => void taken++;
        const turn = [...turns];
        for (const [kind, what] of steps) {
          if (kind === 'output') stream.output(new TextEncoder().encode(what), done);
          else if (kind === 'snapshot') stream.snapshot(2, 2, new TextEncoder().encode(what), done);
          else stream.resized(what, 2, done);
          if (kind === 'resized') wanted.push(`rows ${what}`);
          else wanted.push(...(kind === 'snapshot' ? ['rows 2', 'reset'] : []), what);
          for (let count = turn.shift() ?? 0; count > 0; count--) unparsed.shift()?.();
        }
        while (unparsed.length > 0) unparsed.shift()?.();
        expect(happened).toEqual(wanted);
        expect(taken).toBe(steps.length);
      }),
    );
  });
});
