#!lua flags=no-writes
-- What a reference's open take has taken (docs/FORMATS.md).
-- KEYS: takes
-- ARGV: reference
-- Returns: OK, its field of takes ('': it has no open take)
local takes_key = KEYS[1]
return {'OK', redis.call('HGET', takes_key, ARGV[1]) or ''}
