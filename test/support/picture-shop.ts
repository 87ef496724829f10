/**
 * The repository that the pictures show: a small shop with tests that really run, a history, and agents that are scripts. The
 * scripts stand in for coding agents, whose answers nobody could repeat; all else in the pictures is what it says.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Place } from './hub-process.js';
import { git } from './temp-repo.js';

const PACKAGE = `{ "name": "shop", "version": "1.4.0", "type": "module", "scripts": { "test": "node --test" } }\n`;

const PRICE = `export const withTax = (cents, rate) => cents + Math.round(cents * rate);

export const total = (lines, rate) =>
  lines.map(({ cents, count }) => withTax(cents, rate) * count).reduce((a, b) => a + b, 0);
`;

/** Rounds once, where it rounded each line before. */
const FIXED = `export const tax = (cents, rate) => Math.round(cents * rate);

export const total = (lines, rate) => {
  const net = lines.map(({ cents, count }) => cents * count).reduce((a, b) => a + b, 0);
  return net + tax(net, rate);
};
`;

const TEST = `import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { tax, total } from './price.js';

describe('checkout', () => {
  it('is nothing for an empty cart', () => assert.equal(total([], 0.19), 0));
  it('rounds once, after tax', () => assert.equal(total([{ cents: 105, count: 3 }], 0.19), 375));
  it('agrees with the invoice of order 1204', () =>
    assert.equal(total([{ cents: 999, count: 2 }, { cents: 1, count: 7 }], 0.19), 2386));
});

describe('tax', () => {
  it('rounds half a cent up', () => assert.equal(tax(250, 0.05), 13));
  it('is nothing where there is none', () => assert.equal(tax(999, 0), 0));
});
`;

const prompt = String.raw`\[\e[32m\]shop\[\e[0m\]:\[\e[1;34m\]$BOTSTER_BRANCH\[\e[0m\] $ `;

/** A shell whose prompt says where it is, and nothing of the machine. */
const shell = {
  description: 'a shell on the branch',
  cmd: 'bash',
  args: ['--norc', '--noprofile'],
  env: { PS1: prompt, FORCE_COLOR: '1', LESS: '-FRX', GIT_PAGER: 'cat' },
};

/** Says something, names what it does, and rings where it has a question. */
const coder = String.raw`#!/usr/bin/env bash
say() { printf '\e[35m●\e[0m %s\n' "$1"; }
minus() { printf '\e[31m- %s\e[0m\n' "$1"; }
plus() { printf '\e[32m+ %s\e[0m\n' "$1"; }
printf '\e[1mcoder\e[0m  %s\n\n' "$BOTSTER_BRANCH"
printf '\e[2m> %s\e[0m\n\n' "$BOTSTER_PROMPT"
case $BOTSTER_BRANCH in
feature/login)
  say 'Read src/session.js and its tests'
  say 'Wrote src/login.js'
  printf '\e[2m@@ -12,6 +12,14 @@\e[0m\n'
  printf '  export async function login(mail, password) {\n'
  minus '  return users.find(mail);'
  plus '  const user = await users.find(mail);'
  plus '  const fine = await verify(user, password);'
  plus '  if (!fine) throw new Refused("login");'
  plus '  return sessions.open(user);'
  printf '  }\n'
  say 'Wrote src/login.test.js'
  say 'Ran the tests'
  printf '  \e[32m✔\e[0m opens a session for who is known\n'
  printf '  \e[32m✔\e[0m refuses a wrong password\n'
  printf '  \e[32m✔\e[0m takes as long for an unknown address\n'
  printf '  \e[32m21 passed\e[0m\n'
  printf '\nThe form works and is tested.\n'
  printf '\e[1mShould I also throttle failed attempts?\e[0m\n'
  printf '  1  Yes, five in a minute\n  2  Yes, with a captcha\n  3  No\n\n> '
  printf '\e]777;notify;;Should I also throttle failed attempts?\a'
  read -r answer
  printf '\n'
  say "Done: attempts are throttled"
  ;;
perf/search)
  printf '\e]2;Measuring the index with 40,000 products\a'
  n=0
  while sleep 0.5; do n=$((n + 1)); printf '\r\e[36m%s\e[0m run %d of 200' '⠿' "$n"; done
  ;;
refactor/price-engine)
  printf '\e]2;Split the price engine into rules: 214 tests pass\a'
  say 'Split the price engine into rules'
  say '214 tests pass'
  ;;
chore/upgrade-node)
  printf '\e]2;Node 22 everywhere, CI is green\a'
  exit 0
  ;;
docs/api)
  printf '\e]2;Documented 31 of 31 routes\a'
  ;;
esac
printf '> '
exec cat
`;

export const shopFiles: Readonly<Record<string, string>> = {
  'README.md': '# Shop\n',
  'package.json': PACKAGE,
  'price.js': PRICE,
  '.botster/agents/coder/initialization': coder,
  '.botster/agents/shell/settings.json': JSON.stringify(shell),
};

/** Who commits, and the history that a log shows. */
export async function makeHistory({ repo }: Place): Promise<void> {
  const commit = (message: string): Promise<string> =>
    git(repo, 'commit', '--quiet', '--allow-empty', '--message', message);
  // All agents begin at the same commit: a log that names them all says little else.
  for (const kind of ['chore', 'docs', 'feature', 'perf', 'refactor'])
    await git(repo, 'config', '--add', 'log.excludeDecoration', `refs/heads/${kind}/*`);
  await commit('Prices in cents, everywhere');
  await git(repo, 'checkout', '--quiet', '-b', 'feature/vouchers');
  await commit('Read vouchers from the cart');
  await commit('Vouchers apply after discounts');
  await git(repo, 'checkout', '--quiet', 'main');
  await commit('Search ignores accents');
  await git(repo, 'merge', '--quiet', '--no-ff', '--message', 'Merge vouchers', 'feature/vouchers');
  await git(repo, 'branch', '--quiet', '--delete', 'feature/vouchers');
  await git(repo, 'tag', 'v1.4.0');
}

/** What was done on the branch that the desk looks at. */
export async function fixRounding(worktree: string): Promise<void> {
  writeFileSync(join(worktree, 'price.js'), FIXED);
  writeFileSync(join(worktree, 'price.test.js'), TEST);
  await git(worktree, 'add', '--all');
  await git(worktree, 'commit', '--quiet', '--message', 'Round once, at the end of the checkout');
}
