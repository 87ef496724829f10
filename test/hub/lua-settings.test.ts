import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readLuaLimits } from '../../hub/lua-settings.js';
import { tempDir } from '../support/temp-repo.js';

function withConfig(text: string): string {
  const folder = tempDir();
  writeFileSync(join(folder, 'config.json'), text);
  return folder;
}

describe('limits on Lua in the configuration', () => {
  it('are the defaults where nothing is said', async () => {
    expect(await readLuaLimits(tempDir())).toEqual({});
    expect(await readLuaLimits(withConfig('{"other": 1, "lua": {}}'))).toEqual({});
  });

  it('are seconds and MiB', async () => {
    const lua = { callback_budget: 2.5, load_budget: 30, uninterruptible: 0.05, memory_mib: 128 };
    expect(await readLuaLimits(withConfig(JSON.stringify({ lua })))).toEqual({
      callbackBudgetMs: 2_500,
      loadBudgetMs: 30_000,
      uninterruptibleMs: 50,
      capBytes: 128 * 1024 * 1024,
    });
  });

  it.each([
    [
      '{"lua": {"callback_budget": "long"}}',
      /config\.json: lua\.callback_budget: number expected, got string/,
    ],
    ['{"lua": {"memory_mib": 1}}', /lua\.memory_mib/],
    ['{"lua": 5}', /lua: /],
    ['{"lua": ', /config\.json/],
  ])('stop the start when they are wrong: %s', async (text, message) => {
    await expect(readLuaLimits(withConfig(text))).rejects.toMatchObject({
      code: expect.stringMatching(/^config\.(bad_value|unreadable)$/),
      message: expect.stringMatching(message),
    });
  });
});
