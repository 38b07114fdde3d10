-- ARGV: prefix, 1 to replace even higher uuids, then serial, uuid, hash, document, network.
-- Returns the serials left as they were.
local prefix, replace, kept = ARGV[1], ARGV[2] == '1', {}

-- An access point that waited, parked, is remembered and watched from now on.
local function adopt(serial)
  local record = prefix .. 'r:' .. serial
  local last_seen = redis.call('HGET', record, 'l')
  if last_seen then
    redis.call('PERSIST', record)
    redis.call('ZADD', prefix .. 'p', last_seen, serial)
  end
end

for i = 3, #ARGV, 5 do
  local serial, uuid = ARGV[i], ARGV[i + 1]
  local key = prefix .. 'd:' .. serial
  local held = redis.call('HGET', key, 'u')
  if held and not replace and tonumber(held) > tonumber(uuid) then
    kept[#kept + 1] = serial
  else
    redis.call('HSET', key, 'u', uuid, 'h', ARGV[i + 2], 'b', ARGV[i + 3], 'n', ARGV[i + 4])
    if not held then
      adopt(serial)
    end
  end
end
return kept
