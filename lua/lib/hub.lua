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
