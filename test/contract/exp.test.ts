import { test } from 'vitest';
import { openLuaHost } from '../support/lua-host.js';
test('exp', async () => {
  const host = openLuaHost();
  for (const code of [
    'timer.after("x", function() end)', 'timer.after(1, 5)', 'events.on(5, function() end)', 'events.on("x", 5)', 'events.off("x")', 'events.off(nil)', 'events.off(1.5)', 'json.array(5)',
    'json.encode(print)', 'json.encode()', 'local t = {} t.t = t json.encode({a=t})', 'fs.read()', 'fs.read(function() end)', 'fs.read("x\\0")', 'fs.read("")', 'http.request(5)', 'http.request({})', 'http.request({url="x"}, 5)', 'http.request("GET")', 'http.request("GET", "x", 5, print)',
    'log.info(print, 5)', 'timer.after(0/0, print)', 'timer.after(1e300, print)', 'fs.read_bytes("x", 1.5)', 'http.cancel({})', 'config.set("x")', 'timer.cancel()', 'timer.cancel("x")', 'fs.rmdir("x", {recursive=5})', 'events.emit(nil, 1)','events.emit("\\255", 1)',
  ]) {
    try { const r = await host.run('return ' + code); console.log(code, '=>', r); } catch (e) { console.log(code, '!!', (e as Error).message); }
  }
  console.log(await host.run(`local s, e = json.encode(0/0) return s, e.code, tostring(e), json.encode_pretty(json.decode('[1,{},[]]')), json.null == nil, json.decode("null") == json.null`));
  console.log(await host.run(`local deep = string.rep("[", 120) .. string.rep("]", 120) return pcall(json.decode, deep)`));
  console.log(await host.run(`local t = {} for i=1,120 do t = {t} end return pcall(json.encode, t)`));
  console.log(host.log.lines.slice(-5));
});
