/**
 * Reads the JSON report of vitest (the one argument). First line: "passed failed". Then a line for each failed test:
 * its file, its name, and the first line of what went wrong. A file that could not be loaded, or whose process ended
 * before its tests did, is a failure too.
 */
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';

const MOST_NAMED = 20;
const LONGEST_MESSAGE = 300;

const failures = [];
let passed = 0;
for (const file of readReport(process.argv[2])) {
  const path = relative(process.cwd(), file.name);
  passed += file.assertionResults.filter(({ status }) => status === 'passed').length;
  const failed = file.assertionResults.filter(({ status }) => status === 'failed');
  for (const test of failed)
    failures.push(`${path}: ${test.fullName}: ${firstLine(test.failureMessages?.[0])}`);
  const unfinished = file.assertionResults.filter(({ status }) => status === 'pending');
  if (unfinished.length > 0)
    failures.push(`${path}: the process of this file ended before its last ${unfinished.length} tests did`);
  if (file.status === 'failed' && file.assertionResults.length === 0)
    failures.push(`${path}: ${firstLine(file.message)}`);
}
process.stdout.write([`${passed} ${failures.length}`, ...failures.slice(0, MOST_NAMED), ''].join('\n'));

function readReport(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).testResults;
  } catch {
    return []; // The run ended before it could write one.
  }
}

function firstLine(message = '') {
  return message.split('\n', 1)[0].slice(0, LONGEST_MESSAGE);
}
