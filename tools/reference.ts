/**
 * Definitions as Markdown pages: what a plugin writer reads. One page per primitive, and an index of all error codes.
 */
import type { FnSchema, NamedSchema, Schema } from '../base/schema.js';
import type { FunctionDef, HandleDef, PrimitiveDef } from '../primitives/define.js';
import { luaType, restriction } from './lua-types.js';
import { callables } from './luals.js';

export function referencePage(def: PrimitiveDef): string {
  const blocks = [
    header(`primitives/${def.name}/${def.name}.def.ts`),
    `# ${def.name}`,
    def.doc,
    ...constants(def),
    ...callables(def)
      .filter(([name]) => name.startsWith(`${def.name}.`))
      .flatMap(([name, fn]) => functionBlocks(name, fn)),
    ...Object.entries(def.handles ?? {}).flatMap(([name, handle]) => handleBlocks(name, handle)),
  ];
  return `${blocks.join('\n\n')}\n`;
}

/** The page that lists all pages and all codes. */
export function indexPage(defs: readonly PrimitiveDef[]): string {
  const blocks = [
    header('all definitions'),
    '# Lua reference',
    `What can fail returns \`nil, err\`: \`tostring(err)\` is the message, \`err.code\` one of the codes below, \`err.details\`
facts beside it. A function with no result of its own returns \`true\` when it worked. A wrong argument raises an error. A
function that waits parks the calling task while everything else goes on; with a callback as last argument it returns
at once, and the callback gets the results, once.`,
    '## Primitives',
    table(
      ['Global', 'What it is for', 'Functions'],
      defs.map((def) => [
        `[\`${def.name}\`](${def.name}.md)`,
        firstParagraph(def.doc),
        callables(def)
          .map(([name]) => `[\`${short(def, name)}\`](${def.name}.md#${anchor(name)})`)
          .join(', '),
      ]),
    ),
    '## Error codes',
    table(
      ['Code', 'Meaning', 'From'],
      errorCodes(defs).map(({ code, meanings, functions }) => [
        `\`${code}\``,
        meanings.join(' Or: '),
        functions.join(', '),
      ]),
    ),
  ];
  return `${blocks.join('\n\n')}\n`;
}

export interface ErrorCode {
  readonly code: string;
  /** What it means, in each of the ways the functions say it. */
  readonly meanings: readonly string[];
  /** The functions that declare it, as Markdown. */
  readonly functions: readonly string[];
}

/** All declared codes, sorted. */
export function errorCodes(defs: readonly PrimitiveDef[]): ErrorCode[] {
  const found = new Map<string, { meanings: Set<string>; functions: string[] }>();
  for (const def of defs) {
    for (const [name, fn] of callables(def)) {
      for (const [code, meaning] of Object.entries(fn.errors)) {
        const entry = found.get(code) ?? { meanings: new Set(), functions: [] };
        entry.meanings.add(oneLine(meaning));
        entry.functions.push(`\`${name}\``);
        found.set(code, entry);
      }
    }
  }
  return [...found]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([code, { meanings, functions }]) => ({ code, meanings: [...meanings], functions }));
}

function handleBlocks(name: string, { doc, fields, methods }: HandleDef): string[] {
  const rows = Object.entries(fields).map(([field, schema]) => [`\`${field}\``, typeCell(schema)]);
  return [
    `## ${name}`,
    doc,
    table(['Field', 'Type'], rows),
    ...Object.entries(methods).flatMap(([method, fn]) => functionBlocks(`${name}:${method}`, fn)),
  ];
}

/** As one writes it inside of the primitive's own row. */
function short(def: PrimitiveDef, name: string): string {
  return name.startsWith(`${def.name}.`) ? name.slice(def.name.length + 1) : name;
}

function functionBlocks(name: string, fn: FunctionDef): string[] {
  const results = fn.returns.map((result) => result.name);
  const canFail = Object.keys(fn.errors).length > 0;
  if (canFail && results.length === 0) results.push('true');
  return [
    `## ${name}`,
    `\`\`\`lua\n${name}(${fn.params.map(shownParam).join(', ')})${results.length === 0 ? '' : ` -> ${results.join(', ')}`}\n\`\`\``,
    fn.doc,
    ...notes(fn),
    ...(fn.params.length === 0 ? [] : [parameters(fn.params)]),
    ...(fn.returns.length === 0 ? [] : [resultTable(fn.returns)]),
    ...(canFail ? [errorTable(fn)] : []),
    `\`\`\`lua\n${fn.example}\n\`\`\``,
  ];
}

function shownParam({ name, schema }: NamedSchema): string {
  return schema.kind === 'opt' ? `[${name}]` : name;
}

function notes(fn: FunctionDef): string[] {
  if (fn.loadOnly !== undefined) {
    return [
      `Waits, and is allowed only while a plugin loads; elsewhere use \`${fn.loadOnly}\`, or give it a callback last.`,
    ];
  }
  return fn.waits === true ? ['Waits; with a callback as last argument it returns at once.'] : [];
}

function parameters(params: readonly NamedSchema[]): string {
  return table(
    ['Parameter', 'Type', 'Meaning'],
    params.map(({ name, schema, doc }) => [`\`${name}\``, typeCell(schema), doc + callbackArguments(schema)]),
  );
}

function resultTable(returns: readonly NamedSchema[]): string {
  return table(
    ['Result', 'Type', 'Meaning'],
    returns.map(({ name, schema, doc }) => [`\`${name}\``, typeCell(schema), doc]),
  );
}

function errorTable(fn: FunctionDef): string {
  return table(
    ['Error', 'When'],
    Object.entries(fn.errors).map(([code, meaning]) => [`\`${code}\``, meaning]),
  );
}

function constants(def: PrimitiveDef): string[] {
  return Object.entries(def.constants ?? {}).flatMap(([name, { doc }]) => [`## ${def.name}.${name}`, doc]);
}

function typeCell(schema: Schema): string {
  const range = restriction(schema);
  return `\`${luaType(schema)}\`${range === '' ? '' : `, ${range}`}`;
}

function callbackArguments(schema: Schema): string {
  const inner = (schema.kind === 'opt' ? schema.inner : schema) as Schema;
  if (inner.kind !== 'fn') return '';
  const { args } = inner as FnSchema;
  return args.map((arg) => ` \`${arg.name}\`: ${arg.doc}`).join('');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`;
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n');
}

/** In a table even code needs its bars escaped. */
function cell(text: string): string {
  return oneLine(text).replaceAll('|', '\\|');
}

function firstParagraph(doc: string): string {
  return oneLine(doc.split('\n\n')[0] ?? '');
}

/** As GitHub makes it from the heading. */
function anchor(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\w -]/g, '')
    .replaceAll(' ', '-');
}

function header(source: string): string {
  return `<!-- GENERATED BY tools/gen.ts from ${source}. DO NOT EDIT. -->`;
}

function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, ' ').trim();
}
