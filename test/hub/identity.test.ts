import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findRepoRoot, hubIdOf, resolveIdentity } from '../../hub/identity.js';
import { cleanEnv, git, makeRepo, tempDir } from '../support/temp-repo.js';

const root = (directory: string, env = cleanEnv) => findRepoRoot(directory, env);

describe('the repository of a directory', () => {
  it('is the working tree, from its root, a subfolder, .git and through a link', async () => {
    const repo = await makeRepo(undefined, { 'src/deep/a.txt': 'a' });
    const link = join(tempDir(), 'link');
    symlinkSync(join(repo, 'src'), link);
    for (const from of [repo, join(repo, 'src/deep'), join(repo, '.git'), join(repo, '.git/refs'), link]) {
      expect(await root(from), from).toBe(repo);
    }
  });

  it('is the main one, from a linked worktree', async () => {
    const repo = await makeRepo();
    const worktree = join(tempDir(), 'tree');
    await git(repo, 'worktree', 'add', '--quiet', '-b', 'topic', worktree);
    expect(await root(worktree)).toBe(repo);
    expect(await root(join(repo, '.git/worktrees/tree'))).toBe(repo);
  });

  it('is the folder itself for a bare one, also from its worktrees', async () => {
    const bare = join(tempDir(), 'repo.git');
    await git(tempDir(), 'clone', '--quiet', '--bare', await makeRepo(), bare);
    const worktree = join(tempDir(), 'tree');
    await git(bare, 'worktree', 'add', '--quiet', worktree, 'main');
    for (const from of [bare, join(bare, 'refs'), worktree]) expect(await root(from), from).toBe(bare);
  });

  it('is the submodule for a submodule, also from its worktrees', async () => {
    const outer = await makeRepo();
    await git(
      outer,
      '-c',
      'protocol.file.allow=always',
      'submodule',
      '--quiet',
      'add',
      await makeRepo(),
      'sub',
    );
    const sub = join(outer, 'sub');
    const worktree = join(tempDir(), 'tree');
    await git(sub, 'worktree', 'add', '--quiet', '-b', 'topic', worktree);
    for (const from of [sub, worktree]) expect(await root(from), from).toBe(sub);
  });

  it('is the working tree where the git directory is kept apart; its worktrees cannot tell', async () => {
    const tree = join(tempDir(), 'tree');
    await git(tempDir(), 'init', '--quiet', '--separate-git-dir', join(tempDir(), 'store'), tree);
    await git(tree, 'commit', '--quiet', '--allow-empty', '-m', 'first');
    const linked = join(tempDir(), 'linked');
    await git(tree, 'worktree', 'add', '--quiet', '-b', 'topic', linked);
    expect(await root(tree)).toBe(tree);
    await expect(root(linked)).rejects.toMatchObject({ code: 'repo.unreadable' });
  });

  it("is the directory's, whatever repository a calling git (a hook) points at", async () => {
    const [repo, other] = [await makeRepo(), await makeRepo()];
    const env = { ...cleanEnv, GIT_DIR: join(other, '.git'), GIT_WORK_TREE: other, GIT_PREFIX: 'x/' };
    expect(await root(repo, env)).toBe(repo);
  });

  it('is not looked for without permission or repository', async () => {
    const plain = tempDir();
    await expect(root(plain)).rejects.toMatchObject({
      code: 'repo.not_found',
      message: expect.stringContaining('git init'),
    });
    writeFileSync(join(plain, 'file'), '');
    for (const name of ['nowhere', 'file']) {
      const message = `There is no directory ${join(plain, name)}.`;
      await expect(root(join(plain, name))).rejects.toMatchObject({ code: 'repo.not_found', message });
    }
  });
});

describe('git itself', () => {
  /** A PATH with only this `git` in it. */
  function gitThat(script: string): NodeJS.ProcessEnv {
    const bin = join(tempDir(), 'bin');
    mkdirSync(bin);
    writeFileSync(join(bin, 'git'), `#!/bin/sh\n${script}\n`);
    chmodSync(join(bin, 'git'), 0o755);
    return { ...cleanEnv, PATH: `${bin}:/bin:/usr/bin` };
  }

  it('is missing', async () => {
    const env = { ...cleanEnv, PATH: tempDir() };
    await expect(root(tempDir(), env)).rejects.toMatchObject({ code: 'git.missing' });
  });

  it('is too old: it repeats the option, or refuses it', async () => {
    const repeats = gitThat('shift; for word; do echo "$word"; done');
    const refuses = gitThat('echo "fatal: unknown option --path-format=absolute" >&2; exit 129');
    for (const env of [repeats, refuses]) {
      await expect(root(tempDir(), env)).rejects.toMatchObject({ code: 'git.too_old' });
    }
  });

  it('refuses a repository of somebody else, and its own words say what to do', async () => {
    const env = gitThat('echo "fatal: detected dubious ownership; git config safe.directory" >&2; exit 128');
    await expect(root(tempDir(), env)).rejects.toMatchObject({
      code: 'repo.unreadable',
      message: expect.stringContaining('safe.directory'),
    });
  });
});

describe('identity', () => {
  it('depends on the real path only', async () => {
    const repo = await makeRepo();
    const env = { ...cleanEnv, BOTSTER_DATA_DIR: '/data' };
    const identity = await resolveIdentity({ directory: repo, env });
    expect(identity).toMatchObject({
      hubId: hubIdOf(repo),
      repoRoot: repo,
      dataDir: '/data',
      stateDir: `/data/hubs/${hubIdOf(repo)}`,
      socketPath: `/data/hubs/${hubIdOf(repo)}/hub.sock`,
      hostSocketPath: `/data/hubs/${hubIdOf(repo)}/host.sock`,
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
    });
    expect(identity.hubId).toMatch(/^[0-9a-f]{16}$/);
    const link = join(tempDir(), 'link');
    symlinkSync(repo, link);
    expect(await resolveIdentity({ directory: link, env })).toEqual(identity);
  });

  it('of known value', () => {
    // printf /srv/app | sha256sum
    expect(hubIdOf('/srv/app')).toBe('dae668e4084f07b6');
  });
});
