-- ARGV: prefix, then serials. Returns {uuid, hash, network, document} each; nulls when unclaimed.
local prefix, found = ARGV[1], {}
redis.call('DEL', prefix .. '-') -- never there. It writes: a demoted writer refuses that, and would tell what once was
for i = 2, #ARGV do
  found[i - 1] = redis.call('HMGET', prefix .. 'd:' .. ARGV[i], 'u', 'h', 'n', 'b')
end
return found
