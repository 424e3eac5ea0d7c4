-- What wrk sends for own.py: an order as flash-bench's.
wrk.method = "POST"
wrk.body = '{"sku":"1","quantity":1}'
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Idempotency-Key"] = "19c8a0b1c2d-1f2e-123456"
wrk.headers["X-User-Id"] = "u-000001"
