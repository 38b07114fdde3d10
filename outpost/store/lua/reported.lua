-- ARGV: prefix, 1 with state and capabilities, then serials.
-- Returns {session, outpost, connected, connected at, last seen, uuid, info[, capabilities, state, state at]}.
local prefix, with_state, found = ARGV[1], ARGV[2] == '1', {}
for i = 3, #ARGV do
  local key = prefix .. 'r:' .. ARGV[i]
  if with_state then
    found[i - 2] = redis.call('HMGET', key, 'n', 'o', 'c', 't', 'l', 'u', 'i', 'k', 's', 'e')
  else
    found[i - 2] = redis.call('HMGET', key, 'n', 'o', 'c', 't', 'l', 'u', 'i')
  end
end
return found
