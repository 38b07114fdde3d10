-- Unclaimed: parked from now on. ARGV: prefix, seconds a parked record lives, then serials.
local prefix, parked_seconds = ARGV[1], ARGV[2]
for i = 3, #ARGV do
  local serial = ARGV[i]
  redis.call('DEL', prefix .. 'd:' .. serial, prefix .. 'q:' .. serial)
  redis.call('ZREM', prefix .. 'p', serial)
  redis.call('HDEL', prefix .. 'r:' .. serial, 's', 'e')
  redis.call('EXPIRE', prefix .. 'r:' .. serial, parked_seconds)
end
