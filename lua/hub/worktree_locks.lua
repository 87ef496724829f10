-- Keeps `git worktree lock` on worktrees while sessions use them, so that no `git worktree remove` or `prune`, by hand
-- or by a script, takes a worktree away from under an agent. Locks of others are never touched.
local sessions = require("hub.sessions")

local M = {}

-- `worktree.lock` marks the locks of botster; this says what for.
local REASON = "session "
local MARKED = "botster: " .. REASON

-- Path -> set of the sessions for which it was locked here. Some may be about to start, so that no list has them yet.
local held = {}

-- Locks the worktree for a session. One that others have locked is as good. Answers whether the lock is ours.
function M.hold(path, uuid)
  held[path] = held[path] or {}
  held[path][uuid] = true
  local locked, err = worktree.lock(path, REASON .. uuid)
  if locked == nil then log.warn(("the worktree %s could not be locked: %s"):format(path, err)) end
  return locked == true
end

-- The session does not use the worktree any more: unlocks it if no other does.
function M.release(path, uuid)
  if held[path] then
    held[path][uuid] = nil
    if next(held[path]) == nil then held[path] = nil end
  end
  if held[path] then return end
  for _, record in ipairs(sessions.in_worktree(path)) do
    if record.uuid ~= uuid then return end
  end
  -- Takes away only a lock of botster. A worktree that is gone needs none.
  local unlocked, err = worktree.unlock(path)
  if unlocked == nil and err.code ~= "worktree.not_found" then
    log.warn(("the worktree %s could not be unlocked: %s"):format(path, err))
  end
end

-- After a start of the hub: locks follow the sessions there are.
function M.reconcile()
  for _, entry in ipairs(worktree.list() or {}) do
    local users = sessions.in_worktree(entry.path)
    local ours = entry.locked and (entry.lock_reason or ""):sub(1, #MARKED) == MARKED
    if ours and #users == 0 and not held[entry.path] then
      worktree.unlock(entry.path)
    elseif not entry.main and #users > 0 and (ours or not entry.locked) then
      for _, record in ipairs(users) do M.hold(entry.path, record.uuid) end
    end
  end
end

return M
