-- ARGV: prefix, then serials. Returns {uuid, hash, network, commands waiting} each, false when unclaimed.
local prefix, found = ARGV[1], {}
for i = 2, #ARGV do
  local version = redis.call('HMGET', prefix .. 'd:' .. ARGV[i], 'u', 'h', 'n')
  if version[1] then
    version[4] = redis.call('LLEN', prefix .. 'q:' .. ARGV[i])
  end
  found[i - 1] = version[1] and version
end
return found
