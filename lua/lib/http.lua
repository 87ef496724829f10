-- The part of `http` that is Lua: the ways to call `http.request`.
local http, hidden = ...

-- http.request(method, url, [options], [callback]) as one table.
local function described(method, url, options)
  local request = {}
  if type(options) == "table" then
    for name, value in next, options do
      request[name] = value
    end
  elseif options ~= nil then
    error(("bad argument #3 to 'http.request' (options: table expected, got %s)"):format(type(options)), 3)
  end
  request.method, request.url = method, url
  return request
end

function http.request(first, second, third, fourth)
  local request, callback = first, second
  if type(first) == "string" then
    if type(third) == "function" and fourth == nil then
      third, fourth = nil, third
    end
    request, callback = described(first, second, third), fourth
  end
  -- A function in the place of the request would count as the callback of what waits.
  if callback == nil and type(request) ~= "function" then return hidden._wait(request) end
  return hidden._request(request, callback)
end
