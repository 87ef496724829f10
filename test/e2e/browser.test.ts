/** The main job in a browser: a real hub in a real repository, the built web app, Chromium. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import type { AgentRecord } from '../../protocol/agents.js';
import { newPage, openBrowser, pair, typeLine, untilLive } from '../support/browser.js';
import { makeAgent, makeShellPlace } from '../support/browser-agents.js';
import { type Place, startHub } from '../support/hub-process.js';
import { untilScreen, untilTrue } from '../support/page-waits.js';
import { git } from '../support/temp-repo.js';

async function onlyAgent(place: Place): Promise<AgentRecord> {
  const { stdout } = await place.run('agent', 'list', '--json');
  const agents = JSON.parse(stdout) as AgentRecord[];
  expect(agents).toHaveLength(1);
  return agents[0] as AgentRecord;
}

let asked = 0;

/** What the program is told of its size. */
async function sizeOf(page: Page): Promise<{ rows: number; cols: number }> {
  const name = `size${++asked}`;
  await typeLine(page, `clear; echo "${name} $(stty size) end"`);
  const answer = new RegExp(`^${name} (\\d+) (\\d+) end$`, 'm');
  const [, rows, cols] = answer.exec(await untilScreen(page, answer)) ?? [];
  return { rows: Number(rows), cols: Number(cols) };
}

/** The rows and columns that the page draws. */
function drawn(page: Page): Promise<{ rows: number; cols: number }> {
  return page.evaluate(`(() => {
    const { rows, cols } = document.querySelector("[data-terminal]").screen;
    return { rows, cols };
  })()`);
}

test('pairs from the printed address, works with an agent on a new branch, and deletes it knowing what is lost', {
  timeout: 90_000,
}, async () => {
  const place = await makeShellPlace();
  await startHub(place);
  const page = await newPage(await openBrowser());
  await pair(page, place, 'My desk');
  expect(page.url()).not.toContain('#A');
  expect((await place.run('devices')).stdout).toContain('My desk');

  // A new agent; how it goes is seen before it is there.
  await page.evaluate(`(() => {
    globalThis.stepsSeen = [];
    const look = () => {
      const text = document.querySelector(".progress")?.textContent ?? "";
      if (text !== "" && text !== globalThis.stepsSeen.at(-1)) globalThis.stepsSeen.push(text);
    };
    new MutationObserver(look).observe(document, { subtree: true, childList: true, characterData: true });
  })()`);
  await makeAgent(page, 'feature/login');
  const steps: string[] = await page.evaluate('globalThis.stepsSeen');
  expect(steps.join('\n')).toContain('Worktree');
  const agent = await onlyAgent(place);
  expect(agent).toMatchObject({ branch: 'feature/login', agent: 'plain', state: 'running' });

  // Typing and output, in that worktree.
  await untilScreen(page, /ready>/);
  await typeLine(page, 'echo "on $(git branch --show-current) in $PWD" | fold -w 400');
  const text = await untilScreen(page, /^on feature\/login in/m);
  expect(text.replaceAll('\n', '')).toContain(agent.worktree_path);

  // The program follows the window.
  await page.getByRole('button', { name: 'Fits' }).waitFor();
  const before = await sizeOf(page);
  expect(before).toEqual(await drawn(page));
  await page.setViewportSize({ width: 1000, height: 560 });
  await untilTrue(page, `document.querySelector("[data-terminal]").screen.cols < ${before.cols}`);
  const after = await sizeOf(page);
  expect(after.rows).toBeLessThan(before.rows);
  expect(after).toEqual(await drawn(page));

  // Stopped: the program ends, and what it printed can still be read.
  const actions = page.getByRole('button', { name: 'Actions for this session' });
  await actions.click();
  await page.getByRole('menuitem', { name: 'Stop' }).click();
  await page.locator('.terminal-foot .liveness-ended').waitFor();
  await untilScreen(page, /^size2 \d+ \d+ end$/m);
  expect(await onlyAgent(place)).toMatchObject({ state: 'exited' });

  // Deleted only when it is known what would be lost.
  writeFileSync(join(agent.worktree_path ?? '', 'notes.txt'), 'precious\n');
  await actions.click();
  await page.getByRole('menuitem', { name: 'Delete' }).click();
  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  const losses = page.getByRole('dialog', { name: 'This would lose work' });
  await losses.getByText('notes.txt').waitFor();
  const force = losses.getByRole('button', { name: 'Delete and lose this' });
  expect(await force.isDisabled()).toBe(true);
  expect(existsSync(join(agent.worktree_path ?? '', 'notes.txt'))).toBe(true);
  await losses.getByLabel(/^Type/).fill('feature/login');
  await force.click();
  await page.getByText(/refs\/botster\/recovery\/\S+/).waitFor();
  expect(existsSync(agent.worktree_path ?? '')).toBe(false);
  const [ref = ''] = (await git(place.repo, 'for-each-ref', '--format=%(refname)', 'refs/botster/')).split(
    '\n',
  );
  expect(await git(place.repo, 'show', `${ref}:notes.txt`)).toBe('precious');
  await page.getByText('No agents yet').first().waitFor();
});

test('a flood ends at the true screen, and the terminal works on', { timeout: 90_000 }, async () => {
  const place = await makeShellPlace();
  await startHub(place);
  const page = await newPage(await openBrowser());
  await pair(page, place, 'My desk');
  await makeAgent(page, 'feature/flood');
  await untilScreen(page, /ready>/);
  // About 16 MB, four times what the host keeps in memory.
  await typeLine(page, 'clear; seq -f "flood line %08.0f of what nobody reads" 400000; echo "it is over"');
  const text = await untilScreen(page, /^it is over$/m);
  await untilLive(page);
  const lines = text.split('\n');
  const end = lines.indexOf('it is over');
  expect(lines[end + 1]).toBe('ready>');
  // All that stands above is the last of it, line by line.
  const above = lines.slice(0, end);
  expect(above.length).toBeGreaterThan(10);
  expect(above).toEqual(
    above.map((_, row) => {
      const number = 400_000 - (end - 1 - row);
      return `flood line ${String(number).padStart(8, '0')} of what nobody reads`;
    }),
  );
  await typeLine(page, 'clear; echo "still $((6 * 7))"');
  await untilScreen(page, /^still 42$/m);
});
