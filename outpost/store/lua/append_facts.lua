-- ARGV: prefix, approximate length kept, then one fact each.
local stream, length = ARGV[1] .. 'f', ARGV[2]
for i = 3, #ARGV do
  redis.call('XADD', stream, 'MAXLEN', '~', length, '*', 'd', ARGV[i])
end
