-- Accessories: what runs beside the agents of a worktree, such as a dev server.
--
-- One folder each, `.botster/accessories/<name>/`, or in the device's data folder below it: a script `initialization`,
-- and an empty file `port_forward` if it serves on $PORT. Accessories start with the first agent of a worktree, as
-- sessions of their own, and end when its last agent is removed.
local environment = require("hub.environment")
local layers = require("hub.layers")
local sessions = require("hub.sessions")

local M = {}

-- All accessories: { name, script, mode, port_forward, from }. The repository's folder replaces the device's.
function M.list()
  local list = json.array()
  for _, name in ipairs(layers.names("accessories")) do
    for _, layer in ipairs(layers.all()) do
      local folder = ("%s/accessories/%s"):format(layer.folder, name)
      local stat = fs.stat(folder .. "/initialization")
      if stat and stat.is_file then
        local entry = {
          name = name,
          script = folder .. "/initialization",
          mode = stat.mode,
          port_forward = fs.exists(folder .. "/port_forward") == true,
          from = layer.name,
        }
        if list[#list] and list[#list].name == name then list[#list] = entry else list[#list + 1] = entry end
      end
    end
  end
  return list
end

-- The accessories to start in a worktree: those that are wanted (all by default) and do not run there.
-- `wanted`: nil, false (none), or a list of names.
function M.missing(worktree_path, wanted)
  local list = {}
  if wanted == false then return list end
  local skip, only = {}, nil
  for _, record in ipairs(sessions.in_worktree(worktree_path)) do
    if record.meta.type == "accessory" then skip[record.meta.accessory] = true end
  end
  if type(wanted) == "table" then
    only = {}
    for _, name in ipairs(wanted) do only[name] = true end
  end
  for _, accessory in ipairs(M.list()) do
    if not skip[accessory.name] and (not only or only[accessory.name]) then list[#list + 1] = accessory end
  end
  return list
end

-- Ports of the accessories that run in a worktree, by name.
function M.ports(worktree_path)
  local ports = {}
  for _, record in ipairs(sessions.in_worktree(worktree_path)) do
    if record.meta.type == "accessory" and record.port then ports[record.meta.accessory] = record.port end
  end
  return ports
end

-- Starts one. `place`: worktree_path, branch, ports (accessory -> port). Answers its handle or nil, err.
function M.start(accessory, place)
  local uuid = crypto.uuid()
  local token, token_sha256 = environment.new_token()
  local cmd, args = layers.script_command(accessory.script, accessory.mode)
  return sessions.spawn({
    uuid = uuid,
    name = accessory.name,
    cmd = cmd,
    args = args,
    cwd = place.worktree_path,
    port = place.ports[accessory.name],
    env = environment.build({
      uuid = uuid,
      token = token,
      worktree_path = place.worktree_path,
      branch = place.branch,
      name = accessory.name,
      ports = place.ports,
    }),
    meta = {
      type = "accessory",
      accessory = accessory.name,
      branch = place.branch,
      worktree_path = place.worktree_path,
      token_sha256 = token_sha256,
    },
  }, { type = "accessory", name = accessory.name, branch = place.branch, worktree_path = place.worktree_path })
end

return M
