-- A connect frame each: takes the serial over under a session number above every one before.
-- ARGV: prefix, seconds a parked record lives, then serial, outpost, at, uuid, info, capabilities.
-- Returns the session numbers in order.
local prefix, parked_seconds = ARGV[1], ARGV[2]
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2] -- microseconds: exact in a Lua number until the year 2255
local sessions = {}
for i = 3, #ARGV, 6 do
  local serial, at = ARGV[i], ARGV[i + 2]
  local record = prefix .. 'r:' .. serial
  -- The clock keeps numbers rising when the store was lost or a fail-over forgot the last connects.
  local session = math.max((redis.call('HGET', record, 'n') or 0) + 1, now)
  redis.call('HSET', record, 'n', string.format('%.0f', session), 'o', ARGV[i + 1], 'c', 1, 't', at,
    'l', at, 'u', ARGV[i + 3], 'i', ARGV[i + 4], 'k', ARGV[i + 5])
  if redis.call('EXISTS', prefix .. 'd:' .. serial) == 1 then
    redis.call('PERSIST', record)
    redis.call('ZADD', prefix .. 'p', at, serial)
  else
    redis.call('EXPIRE', record, parked_seconds)
  end
  sessions[#sessions + 1] = session
end
return sessions
