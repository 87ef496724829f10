-- The part of `hub` that is Lua: what it takes from other primitives.
local hub, hidden = ...
-- Kept: a plugin may put something else in these places.
local error, ipairs, pairs, rawget, type = error, ipairs, pairs, rawget, type

-- The uuids of a handle, or of a list or table of handles.
local function uuids_of(handles)
  if type(rawget(handles, "uuid")) == "string" then return { handles.uuid } end
  local uuids = {}
  for key, handle in pairs(handles) do
    local uuid = type(handle) == "table" and rawget(handle, "uuid")
    if type(uuid) ~= "string" then
      local message = "bad argument #2 to 'hub.register_agent' (handles[%s]: pty handle expected, got %s)"
      error(message:format(key, type(handle)), 3)
    end
    uuids[#uuids + 1] = uuid
  end
  return uuids
end

function hub.register_agent(key, handles)
  -- What is no table goes on as it is, for the host to refuse.
  return hidden._register_agent(key, type(handles) == "table" and uuids_of(handles) or handles)
end

function hub.get_worktrees(callback)
  local function shortened(list, err)
    if not list then return nil, err end
    local worktrees = {}
    for index, tree in ipairs(list) do
      worktrees[index] = { path = tree.path, branch = tree.branch }
    end
    return worktrees
  end
  if callback == nil then return shortened(worktree.list()) end
  return worktree.list(function(list, err) callback(shortened(list, err)) end)
end

-- Signaling, under the names that hubs have always had.

local function bad_argument(position, name, parameter, expected, got)
  local message = "bad argument #%d to 'hub.%s' (%s: %s expected, got %s)"
  error(message:format(position, name, parameter, expected, got), 4)
end

-- `behind`: what stands behind it. A function with nothing behind is the callback, and then the argument is missing.
local function expect_string(value, behind, position, name, parameter)
  if type(value) == "string" then return end
  local got = type(value) == "function" and behind == nil and "no value" or type(value)
  bad_argument(position, name, parameter, "string", got)
end

function hub.handle_webrtc_offer(identity, sdp, callback)
  expect_string(identity, sdp, 1, "handle_webrtc_offer", "identity")
  expect_string(sdp, callback, 2, "handle_webrtc_offer", "sdp")
  if callback == nil then return webrtc.handle_offer(identity, sdp) end
  return webrtc.handle_offer(identity, sdp, callback)
end

function hub.handle_ice_candidate(identity, candidate)
  expect_string(identity, true, 1, "handle_ice_candidate", "identity")
  -- A bare line, as older scripts have it.
  if type(candidate) == "string" then candidate = { candidate = candidate } end
  if type(candidate) ~= "table" then
    bad_argument(2, "handle_ice_candidate", "candidate", "string or table", type(candidate))
  end
  return webrtc.handle_ice_candidate(identity, candidate)
end

function hub.request_ratchet_restart(id, callback)
  expect_string(id, callback, 1, "request_ratchet_restart", "id")
  if callback == nil then return connection.restart_ratchet(id) end
  return connection.restart_ratchet(id, callback)
end
