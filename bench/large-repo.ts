/**
 * A repository of many files in a second: a fast-import stream instead of many processes. Packed, as a cloned one is.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

export interface LargeRepo {
  readonly files: number;
  /** Of each file. Default 1,000. */
  readonly bytes?: number;
}

/** Adds a first commit with `files` files to the branch `main` of the empty repository at `path`. Checks nothing out. */
export async function fillRepo(path: string, { files, bytes = 1_000 }: LargeRepo): Promise<void> {
  const git = spawn('git', ['fast-import', '--quiet', '--done'], {
    cwd: path,
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  const closed = once(git, 'close') as Promise<[number | null]>;
  const write = async (text: string): Promise<void> => {
    if (!git.stdin.write(text)) await once(git.stdin, 'drain');
  };
  for (let from = 0; from < files; from += 500) {
    let some = '';
    for (let i = from; i < Math.min(files, from + 500); i++) {
      const content = fileContent(i, bytes);
      some += `blob\nmark :${i + 1}\ndata ${content.length}\n${content}\n`;
    }
    await write(some);
  }
  let commit = 'commit refs/heads/main\ncommitter Test <test@example.com> 1700000000 +0000\ndata 5\nfirst\n';
  for (let i = 0; i < files; i++) commit += `M 100644 :${i + 1} ${fileName(i)}\n`;
  await write(`${commit}\ndone\n`);
  git.stdin.end();
  const [code] = await closed;
  if (code !== 0) throw new Error(`git fast-import ended with ${String(code)}`);
}

/** Folders of some 40 files, as sources have them. */
function fileName(i: number): string {
  return `area${i % 17}/part${Math.floor(i / 17) % Math.max(1, Math.ceil(i / 700))}/file${i}.txt`;
}

function fileContent(i: number, bytes: number): string {
  let text = '';
  for (let line = 0; text.length < bytes; line++)
    text += `line ${line} of ${i}: ${Math.sin(i * 31 + line)}\n`;
  return text;
}
