-- ARGV: prefix, serial, count, now. Removes commands, oldest first; returns those not expired.
local queue, count, now = ARGV[1] .. 'q:' .. ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local taken = {}
while #taken < count do
  local item = redis.call('LPOP', queue)
  if not item then
    break
  end
  local expires_at, command = string.match(item, '^(%S+) (.*)$')
  if tonumber(expires_at) > now then
    taken[#taken + 1] = command
  end
end
return taken
