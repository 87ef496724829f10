import { readFileSync } from 'node:fs';
import { test } from 'vitest';
import { openLuaHost } from './support/lua-host.js';
test('x', async () => {
  const { run, identity, log } = openLuaHost();
  for (let n = 0; n < 150; n++) {
    const t = performance.now();
    const done = run(`local session = assert(pty.spawn{ cmd = "cat" })
assert(session:info().cmd:match("cat$"))
session:kill{ grace = 0 }
return pty.remove(session.uuid)`);
    const late = new Promise((r) => setTimeout(r, 5000, 'late'));
    const r = await Promise.race([done, late]);
    if (r === 'late') { console.log(n, 'LATE', JSON.stringify(await run('return pty.list()')), readFileSync(identity.stateDir + '/host.log', 'utf8').slice(-1500), log.lines.slice(-5)); 
      break; }
    if (performance.now() - t > 300) console.log(n, (performance.now() - t).toFixed(0), r);
  }
}, 60000);
