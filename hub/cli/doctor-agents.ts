/**
 * Which of the agents that botster knows are installed. Their commands are those of lua/hub/agent_definitions.lua; a test
 * compares the two. A hub that runs knows more: `botster agent types`.
 */
import { access, constants, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { type Check, ok, warn } from './doctor-check.js';

export const knownAgents = ['claude', 'codex', 'gemini', 'opencode', 'aider'] as const;

export const agentsCheck: Check = {
  name: 'agents',
  run: async ({ env }) => {
    const found = await Promise.all(knownAgents.map((name) => isInPath(name, env['PATH'] ?? '')));
    const present = knownAgents.filter((_, index) => found[index]);
    const missing = knownAgents.filter((_, index) => !found[index]);
    if (present.length === 0) {
      return warn(
        `none of ${knownAgents.join(', ')} is in PATH; any other command can be an agent too`,
        'install one, for example: npm install -g @anthropic-ai/claude-code',
      );
    }
    const rest = missing.length === 0 ? '' : `; not installed: ${missing.join(', ')}`;
    return ok(`${present.join(', ')}${rest}`);
  },
};

async function isInPath(name: string, path: string): Promise<boolean> {
  for (const folder of path.split(delimiter)) {
    if (folder !== '' && (await isExecutable(join(folder, name)))) return true;
  }
  return false;
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
