-- The two layers of a user's files: the device's (`config.data_dir()`) below the repository's (`.botster/` in its main
-- checkout), each with `agents/<name>/`, `accessories/<name>/`, `workspace_include`, `workspace_teardown`.
local fail = require("hub.failure")

local M = {}

-- Lowest first.
function M.all()
  return {
    { name = "device", folder = config.data_dir() },
    { name = "repository", folder = worktree.repo_root() .. "/.botster" },
  }
end

-- What `agents/<name>` and `accessories/<name>` may be called: it goes into paths and variables.
function M.valid_name(name)
  return #name <= 64 and name:find("^%w[%w._-]*$") ~= nil
end

-- Names in `<layer>/<kind>/`, both layers together, sorted. What is no folder, or has another sort of name, does not count.
function M.names(kind)
  local seen, names = {}, {}
  for _, layer in ipairs(M.all()) do
    local folder = layer.folder .. "/" .. kind
    for _, name in ipairs(fs.listdir(folder) or {}) do
      if not seen[name] and M.valid_name(name) and fs.is_dir(folder .. "/" .. name) then
        seen[name] = true
        names[#names + 1] = name
      end
    end
  end
  table.sort(names)
  return names
end

-- The paths of a file that exist, lowest layer first: { layer, path }.
function M.files(relative)
  local found = {}
  for _, layer in ipairs(M.all()) do
    local path = layer.folder .. "/" .. relative
    local stat = fs.stat(path)
    if stat and stat.is_file then found[#found + 1] = { layer = layer.name, path = path, mode = stat.mode } end
  end
  return found
end

-- The command that runs a script: itself if it is executable and says by which program, else bash.
function M.script_command(path, mode)
  local executable = mode & 73 ~= 0 -- any of the three x bits
  if executable and fs.read_bytes(path, 0, 2) == "#!" then return path, {} end
  return "bash", { path }
end

-- A JSON object in a file; nil if there is no file. Errors: agent.bad_settings.
function M.read_json(path)
  local text, err = fs.read(path)
  if not text then
    if err.code == "fs.not_found" or err.code == "fs.not_dir" then return nil end
    return fail("agent.bad_settings", ("cannot read %s: %s"):format(path, err), { path = path })
  end
  local value, why = json.decode(text)
  if value == nil then return fail("agent.bad_settings", ("%s: %s"):format(path, why), { path = path }) end
  if type(value) ~= "table" or #value > 0 then
    return fail("agent.bad_settings", ("%s: a JSON object expected"):format(path), { path = path })
  end
  return value
end

return M
