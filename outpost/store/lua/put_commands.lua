-- ARGV: prefix, then serial, id, expires at, command. An id is queued once, also after it was taken.
-- Expiry here only tidies up, an hour late: take_commands is told the time and decides.
local prefix, now = ARGV[1], redis.call('TIME')[1]
for i = 2, #ARGV, 4 do
  local expires_at = ARGV[i + 2]
  local seconds = math.ceil(math.max(tonumber(expires_at) - now, 0)) + 3600
  if redis.call('SET', prefix .. 'k:' .. ARGV[i + 1], 1, 'NX', 'EX', seconds) then
    local queue = prefix .. 'q:' .. ARGV[i]
    redis.call('RPUSH', queue, expires_at .. ' ' .. ARGV[i + 3])
    if redis.call('TTL', queue) < seconds then
      redis.call('EXPIRE', queue, seconds)
    end
  end
end
