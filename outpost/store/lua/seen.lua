-- Check-ins, written only by the session that holds the serial.
-- ARGV: prefix, seconds a parked record lives, then serial, session, at, uuid or '', state or ''.
-- Returns {unknown serials, superseded serials}.
local prefix, parked_seconds = ARGV[1], ARGV[2]
local records, claims, presence = prefix .. 'r:', prefix .. 'd:', prefix .. 'p'
local call = redis.call
local unknown, superseded, present = {}, {}, {}

local function write(record, at, uuid, state)
  if state ~= '' then
    call('HSET', record, 'l', at, 'u', uuid, 's', state, 'e', at)
  elseif uuid ~= '' then
    call('HSET', record, 'l', at, 'u', uuid)
  else
    call('HSET', record, 'l', at)
  end
end

for i = 3, #ARGV, 5 do
  local serial, session, at, uuid = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]
  local record = records .. serial
  local held = call('HGET', record, 'n')
  if held == session then
    if call('EXISTS', claims .. serial) == 1 then
      write(record, at, uuid, ARGV[i + 4])
      present[#present + 1] = at
      present[#present + 1] = serial
    else
      write(record, at, uuid, '')
      call('EXPIRE', record, parked_seconds)
    end
  elseif held and tonumber(held) > tonumber(session) then
    superseded[#superseded + 1] = serial
  else
    unknown[#unknown + 1] = serial
  end
end
for i = 1, #present, 1000 do
  call('ZADD', presence, unpack(present, i, math.min(i + 999, #present)))
end
return {unknown, superseded}
