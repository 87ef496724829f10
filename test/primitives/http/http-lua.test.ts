import { expect, test } from 'vitest';
import { bodyOf, serveHttp } from '../../support/http-server.js';
import { openLuaHost } from '../../support/lua-host.js';
import { until } from '../../support/until.js';

async function echo() {
  return await serveHttp(async (incoming, outgoing) => {
    const body = await bodyOf(incoming);
    outgoing.writeHead(200, { 'X-Method': incoming.method, 'X-A': incoming.headers['x-a'] ?? '-' });
    outgoing.end(Buffer.from(body === '' ? 'hello\0\xff' : body, 'latin1'));
  });
}

test('while a plugin loads the positional forms wait, as the page has them', async () => {
  const { url } = await echo();
  const { run } = openLuaHost();
  expect(
    await run(
      `local url = ...
      local resp = assert(http.get(url, { ["X-A"] = "h" }))
      assert(resp.status == 200 and resp.body == "hello\\0\\xff" and resp.headers["x-a"] == "h")
      assert(http.post(url, "body", { ["X-A"] = 5 }).body == "body")
      assert(http.post(url, { json = { a = json.array() }, headers = { ["X-A"] = "j" }, timeout_ms = 5000 }).body == '{"a":[]}')
      local put, delete = http.put(url, "p"), http.delete(url)
      return put.headers["x-method"], put.body, delete.headers["x-method"]`,
      url,
    ),
  ).toEqual(['PUT', 'p', 'DELETE']);
});

test('elsewhere they raise and name the form to use', async () => {
  const { run } = openLuaHost();
  await run(`
    timer.after(0, function()
      messages = {}
      for _, name in ipairs { "get", "post", "put", "delete" } do
        local ok, message = pcall(http[name], "http://127.0.0.1:2/")
        messages[#messages + 1] = tostring(ok) .. " " .. message
      end
    end)`);
  const [messages] = (await until(async () => {
    const results = await run('return messages');
    return results[0] === undefined ? false : results;
  })) as [string[]];
  expect(messages).toHaveLength(4);
  for (const message of messages)
    expect(message).toMatch(/^false .*'http\.\w+' would block.*http\.request\(\{\.\.\.\}, callback\)/);
});

test('request calls back once, everywhere', async () => {
  const { url } = await echo();
  const { run } = openLuaHost();
  await run(
    `local url = ...
    calls = {}
    timer.after(0, function()
      id = http.request({ method = "POST", url = url, json = { x = 1 }, headers = { ["X-A"] = "h" } }, function(resp, err)
        calls[#calls + 1] = { resp.status, resp.body, resp.headers["x-method"], resp.headers["x-a"], err == nil }
      end)
    end)`,
    url,
  );
  expect(await until(async () => (await run('return calls[1]'))[0])).toEqual([
    200,
    '{"x":1}',
    'POST',
    'h',
    true,
  ]);
  expect(await run('return math.type(id), #calls')).toEqual(['integer', 1]);
});

test("the original's way to call request", async () => {
  const { url } = await echo();
  const { run } = openLuaHost();
  await run(
    `local url = ...
    seen = {}
    http.request("GET", url, function(resp) seen[1] = resp.headers["x-method"] end)
    http.request("PUT", url, { body = "b", headers = { ["X-A"] = "o" } }, function(resp) seen[2] = resp.body .. resp.headers["x-a"] end)`,
    url,
  );
  expect(await until(async () => (await run('return seen[1] and seen[2] and seen'))[0])).toEqual([
    'GET',
    'bo',
  ]);
});

test('without a callback request waits, also in a callback', async () => {
  const { url } = await echo();
  const { run } = openLuaHost();
  await run('local url = ... timer.after(0, function() got = http.request({ url = url }).status end)', url);
  expect(await until(async () => (await run('return got'))[0])).toBe(200);
  expect(await run('local resp, err = http.request({ url = "nonsense" }) return resp, err.code')).toEqual([
    undefined,
    'http.bad_url',
  ]);
});

test('failures come as an error value that reads like a string', async () => {
  const { run } = openLuaHost();
  await run(
    `http.request({ url = "http://127.0.0.1:2/" }, function(resp, err) failure = { resp == nil, err.code, "failed: " .. err } end)`,
  );
  expect(await until(async () => (await run('return failure'))[0])).toEqual([
    true,
    'http.connect',
    'failed: the connection to 127.0.0.1:2 failed (ECONNREFUSED)',
  ]);
});

test('cancel, and the end of the engine', async () => {
  let asked = 0;
  let closed = 0;
  const { url } = await serveHttp((incoming) => {
    asked++;
    incoming.socket.on('close', () => closed++);
  });
  const host = openLuaHost();
  await host.run(
    'local url = ... id = http.request({ url = url }, function(_, err) code = err.code end)',
    url,
  );
  await until(() => asked === 1);
  expect(await host.run('return http.cancel(id), http.cancel(id)')).toEqual([true, false]);
  expect(await until(async () => (await host.run('return code'))[0])).toBe('http.cancelled');
  const other = host.hub.openEngine({ name: 'other', moduleRoots: [] });
  await other.load('local url = ... http.request({ url = url }, print)', '=other', [url]);
  await until(() => asked === 2);
  other.dispose();
  await until(() => closed === 2);
});

test.each([
  ['http.request(5, print)', "#1 to 'http.request' (request: table expected, got number)"],
  ['http.request({}, print)', "#1 to 'http.request' (request.url: string expected, got nil)"],
  ['http.request({ url = 5 }, print)', "#1 to 'http.request' (request.url: string expected, got number)"],
  [
    'http.request({ url = "x", headers = { a = {} } }, print)',
    "#1 to 'http.request' (request.headers.a: string or number expected, got table)",
  ],
  [
    'http.request({ url = "x", timeout = 0/0 }, print)',
    "#1 to 'http.request' (request.timeout: number expected, got NaN)",
  ],
  ['http.request({ url = "x" }, 5)', "#2 to 'http.request' (callback: function expected, got number)"],
  ['http.request("GET", "x", 5, print)', "#3 to 'http.request' (options: table expected, got number)"],
  ['http.get(5)', "#1 to 'http.get' (url: string expected, got number)"],
  ['http.post("x", 5)', "#2 to 'http.post' (body: string or table expected, got number)"],
  ['http.cancel("x")', "#1 to 'http.cancel' (id: request id expected, got string)"],
])('%s raises', async (code, message) => {
  expect((await openLuaHost().failure(code)).message).toContain(`bad argument ${message}`);
});
