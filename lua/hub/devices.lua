-- Paired devices, for clients: the methods `device.*` and `connection.code` of protocol/devices.ts.
--
-- The devices and their keys are the `connection` primitive's. Here is how people name them: by id, by the first
-- characters of it, or by name; and what of them `webrtc` knows: whether they are connected.
local commands = require("hub.commands")
local fail = require("hub.failure")

local M = {}

-- Device id -> how many connections it has.
local function connections()
  local counts = {}
  for _, peer in ipairs(webrtc.peers() or {}) do counts[peer.device_id] = (counts[peer.device_id] or 0) + 1 end
  return counts
end

local function describe(device, counts)
  return {
    id = device.id,
    name = device.name,
    view_only = device.view_only,
    paired_at = device.paired_at,
    last_seen_at = device.last_seen_at,
    connected = counts[device.id] or 0,
  }
end

-- All devices: { id, name, view_only, paired_at, last_seen_at?, connected }.
function M.list()
  local devices, err = connection.devices()
  if not devices then return nil, err end
  local counts, list = connections(), json.array()
  for index, device in ipairs(devices) do list[index] = describe(device, counts) end
  return list
end

-- The one device whose id is or begins with `id`, or whose name it is, in any case. Errors: device.not_found,
-- device.ambiguous.
function M.find(id)
  local devices, err = M.list()
  if not devices then return nil, err end
  local found = {}
  for _, device in ipairs(devices) do
    if device.id == id then return device end
    if device.name:lower() == id:lower() or (#id > 0 and device.id:sub(1, #id) == id) then found[#found + 1] = device end
  end
  if #found == 1 then return found[1] end
  if #found == 0 then
    return fail("device.not_found", ("there is no device '%s'. botster devices shows those there are"):format(id), { id = id })
  end
  local matches, words = json.array(), {}
  for index, device in ipairs(found) do
    matches[index], words[index] = device.id, ("%s (%s)"):format(device.id:sub(1, 8), device.name)
  end
  local message = "'%s' fits %d devices: %s. Name one by more of its id"
  return fail("device.ambiguous", message:format(id, #found, table.concat(words, ", ")), { matches = matches })
end

-- Finds a device and does something with it. Answers it as it is then; `act` answers nil, err if it cannot.
local function change(id, act)
  local device, unknown = M.find(id)
  if not device then return nil, unknown end
  local done, err = act(device)
  if done == nil and err then return nil, err end
  return M.find(device.id)
end

function M.rename(id, name)
  return change(id, function(device) return connection.rename_device(device.id, name) end)
end

function M.set_view_only(id, view_only)
  return change(id, function(device)
    local done, err = connection.set_view_only(device.id, view_only)
    if done ~= nil then
      log.info(("the device %s (%s) %s"):format(device.name, device.id, view_only and "can only look now" or "can do everything now"))
    end
    return done, err
  end)
end

-- Forgets a device, and ends its connections. Answers it as it was.
function M.revoke(id)
  local device, unknown = M.find(id)
  if not device then return nil, unknown end
  local done, err = connection.revoke_device(device.id)
  if done == nil and err then return nil, err end
  log.info(("the device %s (%s) was revoked"):format(device.name, device.id))
  device.connected = 0
  return device
end

-- Observers of the connection primitive's facts.
function M.paired(data)
  log.info(("paired with the device %s (%s)%s"):format(data.name, data.device_id, data.view_only and ", which can only look" or ""))
end

local function one(device, err)
  if not device then return nil, err end
  return { device = device }
end

commands.register("device.list", function()
  local list, err = M.list()
  if not list then return nil, err end
  return { devices = list }
end)

commands.register("device.rename", function(params)
  return one(M.rename(params.id, params.name))
end)

commands.register("device.set_view_only", function(params)
  return one(M.set_view_only(params.id, params.view_only))
end)

commands.register("device.revoke", function(params)
  return one(M.revoke(params.id))
end)

commands.register("connection.code", function(params)
  local code, err = connection.code({ view_only = params.view_only, renew = params.renew })
  if not code then return nil, err end
  return { url = code.url, view_only = code.view_only, created_at = code.created_at }
end)

return M
