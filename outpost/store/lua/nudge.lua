-- ARGV: prefix, then serials. Tells each outpost which of the access points it holds to compare.
local prefix, held = ARGV[1], {}
for i = 2, #ARGV do
  local record = redis.call('HMGET', prefix .. 'r:' .. ARGV[i], 'o', 'c')
  if record[2] == '1' then
    held[record[1]] = held[record[1]] or {}
    table.insert(held[record[1]], ARGV[i])
  end
end
for outpost, serials in pairs(held) do
  redis.call('PUBLISH', prefix .. 'n:' .. outpost, table.concat(serials, ' '))
end
