-- POST /v1/orders as API.md has it, in nginx: the order's id derived, one EVALSHA, the answer written.
local redis, cjson, ffi = require "nginx.redis", require "cjson.safe", require "ffi"
ffi.cdef "unsigned char *SHA256(const unsigned char *d, size_t n, unsigned char *md);"
local digest, M = ffi.new("unsigned char[32]"), {}
local crypto = ffi.load("crypto.so.3")
local PROBLEMS = {SOLD_OUT = "sold-out", LIMIT = "limit-reached", NOT_STARTED = "not-started", ENDED = "ended"}

function M.setup(port, sha) M.port, M.sha = port, sha end

local function derive(user, key, sku)
    local named = user .. "\0" .. key .. "\0" .. sku
    crypto.SHA256(named, #named, digest)
    return (ngx.encode_base64(ffi.string(digest, 16), true):gsub("[+/]", {["+"] = "-", ["/"] = "_"}))
end

local function problem(status, slug)
    ngx.status = status
    ngx.header["Content-Type"] = "application/problem+json"
    local body = '{"type":"/problems/' .. slug .. '","title":"' .. slug .. '","status":' .. status .. '}'
    ngx.header["Content-Length"] = #body
    ngx.print(body)
end

local function time_text(seconds) return os.date("!%Y-%m-%dT%H:%M:%SZ", seconds) end

function M.post()
    ngx.req.read_body()
    local order = cjson.decode(ngx.req.get_body_data() or "")
    local user, key = ngx.var.http_x_user_id, ngx.var.http_idempotency_key
    local quantity = order and tonumber(order.quantity)
    if not user or not key or not order or type(order.sku) ~= "string" or not quantity or quantity < 1 or quantity > 9999 then
        return problem(400, "bad-body")
    end
    local client, ref, tag = redis:new(), derive(user, key, order.sku), "peer:{" .. order.sku .. "}:"
    client:set_timeout(5000)
    if not client:connect("127.0.0.1", M.port) then return problem(503, "not-admitting") end
    local got, err = client:evalsha(M.sha, 4, tag .. "stock", tag .. "orders", tag .. "users", tag .. "journal", ref, user, quantity)
    if not got then
        ngx.log(ngx.ERR, "redis: ", err)
        return problem(503, "outcome-unknown")
    end
    client:set_keepalive(60000, 1024)
    if PROBLEMS[got[1]] then return problem(409, PROBLEMS[got[1]]) end
    local units, at_ms, due_s = got[2]:match("^A1:(%d+):(%d+):(%d+):")
    local id = order.sku .. "." .. ref
    local body = '{"order_id":"' .. id .. '","sku":"' .. order.sku .. '","quantity":' .. units .. ',"status":"QUEUED","pay_by":"' ..
        time_text(due_s) .. '","version":1,"updated_at":"' .. time_text(at_ms / 1000) .. '"}'
    ngx.status = 202
    ngx.header["Content-Type"] = "application/json"
    ngx.header["Location"] = "/v1/orders/" .. id
    ngx.header["Content-Length"] = #body
    ngx.print(body)
end

return M
