/** What git takes as a branch's name (git check-ref-format), said before it is asked. Pure. */
const rules: readonly (readonly [bad: RegExp, problem: string])[] = [
  [/\s/, 'A branch’s name has no spaces.'],
  // biome-ignore lint/suspicious/noControlCharactersInRegex: git forbids them.
  [/[\u0000-\u001f\u007f~^:?*[\\]/, 'A branch’s name has none of ~ ^ : ? * [ \\'],
  [/\.\.|@\{|\/\/|^@$/, 'A branch’s name has no .. // or @{'],
  [/^-/, 'A branch’s name does not begin with a dash.'],
  [/^\/|\/$|\.$/, 'A branch’s name does not begin or end with a slash, nor end with a dot.'],
  [/(^|\/)\.|\.lock(\/|$)/, 'No part of a branch’s name begins with a dot or ends with .lock'],
];

export function branchProblem(name: string): string | undefined {
  return rules.find(([bad]) => bad.test(name))?.[1];
}
