/**
 * Codes of expected failures, both ways: what a definition promises some test produces, and what the code of the
 * primitives produces some definition promises.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { FunctionDef, PrimitiveDef } from '../../primitives/define.js';
import { primitives } from '../../primitives/index.js';

const root = join(import.meta.dirname, '../..');

function sources(folder: string): { path: string; text: string }[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return sources(path);
    return entry.name.endsWith('.ts') ? [{ path, text: readFileSync(join(root, path), 'utf8') }] : [];
  });
}

const definitions: readonly PrimitiveDef[] = primitives.map(({ def }) => def);

function functionsOf(def: PrimitiveDef): [name: string, fn: FunctionDef][] {
  const methods = Object.values(def.handles ?? {}).flatMap((handle) => Object.entries(handle.methods));
  return [...Object.entries(def.functions), ...methods];
}

const declared = new Set(
  definitions.flatMap((def) => functionsOf(def).flatMap(([, { errors }]) => Object.keys(errors))),
);

/** Whose codes a primitive passes on, beside its own. */
const passedOn: Readonly<Record<string, string>> = {
  pty: 'session|host',
  hub: 'worktree|webrtc|connection',
  webrtc: 'session',
};

/** Codes that devices get over their connection, never Lua. */
const toDevices = new Set([
  'device.not_allowed',
  'device.view_only',
  'hub.busy',
  'hub.stopping',
  'protocol.hello_expected',
  'protocol.message_invalid',
  'protocol.response_too_large',
  'session.attach_in_use',
  'webrtc.bad_channel',
  'webrtc.no_relay',
  'webrtc.replaced',
  'webrtc.slow_device',
  'webrtc.timeout',
  'webrtc.too_fast',
  'webrtc.too_many_requests',
  'webrtc.too_much_input',
]);

/** Codes that stay inside: another one takes their place before Lua sees them. */
const internal = new Set(['lock.busy']);

test('every declared code is named after what declares it', () => {
  for (const def of definitions) {
    const owners = [def.name, passedOn[def.name]].filter(Boolean).join('|');
    for (const [name, { errors }] of functionsOf(def)) {
      for (const code of Object.keys(errors))
        expect(code, `${def.name}.${name}`).toMatch(new RegExp(`^(${owners})\\.[a-z0-9_]+$`));
    }
  }
});

test('every declared code is produced by a test', () => {
  const tests = sources('test/primitives')
    .map(({ text }) => text)
    .join('\n');
  const missing = [...declared].filter(
    (code) => !tests.includes(`'${code}'`) && !tests.includes(`"${code}"`),
  );
  expect(missing).toEqual([]);
});

test('every code that the primitives produce is declared', () => {
  for (const { path, text } of sources('primitives')) {
    for (const [, code = ''] of text.matchAll(/\b(?:fail|refusal)\(\s*'([a-z_]+\.[a-z0-9_]+)'/g)) {
      expect(declared.has(code) || internal.has(code) || toDevices.has(code), `${path}: ${code}`).toBe(true);
    }
  }
});
