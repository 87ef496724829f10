-- The part of `worktree` that is Lua: requests that carry along what the host need not know.
local worktree, hidden = ...

function worktree.create_async(opts)
  return hidden._create(opts, opts)
end
