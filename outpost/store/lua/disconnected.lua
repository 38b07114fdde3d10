-- Sessions that ended. ARGV: prefix, then serial, session, last sign of life.
local prefix = ARGV[1]
for i = 2, #ARGV, 3 do
  local serial, at = ARGV[i], ARGV[i + 2]
  local record = prefix .. 'r:' .. serial
  local held = redis.call('HMGET', record, 'n', 'l')
  if held[1] == ARGV[i + 1] then
    redis.call('HSET', record, 'c', 0)
    if tonumber(at) > tonumber(held[2]) then
      redis.call('HSET', record, 'l', at)
      redis.call('ZADD', prefix .. 'p', 'XX', at, serial)
    end
  end
end
