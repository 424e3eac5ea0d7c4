"""flash-admin's double for test_flashctl.bats: the routes of docs/API.md that flashctl asks, in memory, on a free port.

    double.py PORT_FILE

POST /double {"fault": {"status", "slug", "times", "retry_after", "path"}, "hold_after", "not_ready", "settle_after"} makes it misbehave;
GET /double tells what it was asked."""

import http.server
import json
import os
import sys
import threading
import time
import urllib.parse

PAGE_MAX = 500
BASE_MAX = 10**9
TIME = "2026-11-27T08:00:00.000Z"


class Refused(Exception):
    def __init__(self, status, slug, retry_after=None):
        super().__init__(slug)
        self.status, self.slug, self.retry_after = status, slug, retry_after


class Shop:
    def __init__(self):
        self.lock = threading.Lock()
        self.products, self.changes, self.log, self.sales, self.asked = {}, {}, {}, {}, []
        self.fault, self.hold_after, self.changed, self.not_ready, self.settle_after = {}, None, 0, "", 0
        self.refunds = [{"order_id": f"42.o{i:04}", "sku": "42", "payment_id": f"p{i}", "state": "due", "order_status": "EXPIRED",
                         "created_at": TIME} for i in range(3)]

    def product(self, sku):
        if sku not in self.products:
            raise Refused(404, "unknown-sku")
        return self.products[sku]

    def page(self, name, rows, query):
        limit, first = int(query.get("limit", 100)), int(query.get("cursor", 0))
        if not 1 <= limit <= PAGE_MAX:
            raise Refused(400, "bad-query")
        answer = {name: rows[first:first + limit]}
        if first + limit < len(rows):
            answer["next_cursor"] = str(first + limit)
        return 200, answer

    # ---- stock ----

    def create(self, body):
        sku, wanted = body["product_id"], (body["quantity"], body.get("title", ""), body.get("low_stock_threshold", 0))
        known = self.products.get(sku)
        if known:
            if known["made"] != wanted:
                raise Refused(409, "exists-with-other-content")
            return 200, self.shown(sku)
        self.products[sku] = {"made": wanted, "total": wanted[0], "title": wanted[1], "low_stock_threshold": wanted[2], "version": 1}
        self.log[sku] = [self.entry(sku, "create", wanted[0], None, "")]
        return 201, self.shown(sku)

    def entry(self, sku, kind, quantity, reference, reason):
        return {"log_id": len(self.log.get(sku, [])) + 1, "at": TIME, "type": kind, "quantity": quantity, "operator": "anna",
                "reference": reference, "reason": reason, "product_id": sku}

    def shown(self, sku, change=None):
        product = self.product(sku)
        row = {"product_id": sku, "title": product["title"], "total": product["total"], "available": product["total"], "reserved": 0,
               "sold": 0, "low_stock_threshold": product["low_stock_threshold"],
               "low_stock": product["total"] <= product["low_stock_threshold"], "version": product["version"]}
        return {**row, "change": change} if change else row

    def change(self, body, delta):
        sku, reference = body["product_id"], body["reference"]
        product, known = self.product(sku), self.changes.get((sku, reference))
        if known and (known["delta"], known["reason"]) != (delta, body["reason"]):
            raise Refused(409, "key-reused")
        if not known:
            if product["total"] + delta > BASE_MAX:
                raise Refused(409, "too-many-units")
            if product["total"] + delta < 0:
                raise Refused(409, "sold-out")
            product["total"] += delta
            product["version"] += 1
            known = {"reference": reference, "delta": delta, "reason": body["reason"], "version": product["version"]}
            self.changes[(sku, reference)] = known
            self.log[sku].insert(0, self.entry(sku, "restock" if delta > 0 else "adjust", delta, reference, body["reason"]))
            if delta < 0:
                return 202, self.shown(sku, {**known, "status": "pending"})
        return 200, self.shown(sku, {**known, "status": "applied"})

    # ---- sales ----

    def sale(self, sku):
        self.product(sku)
        if sku not in self.sales:
            raise Refused(404, "no-sale")
        return self.sales[sku]

    def put_sale(self, sku, body, match):
        self.product(sku)
        sale = self.sales.get(sku)
        if sale and match != f'"{sale["version"]}"':
            raise Refused(412, "version-mismatch")
        version = sale["version"] + 1 if sale else 1
        self.sales[sku] = {"sku": sku, **body, "state": "open", "version": version}
        return (200 if sale else 201), self.sales[sku]

    def close_sale(self, sku):
        sale = self.sale(sku)
        sale["state"], sale["looks"] = "closed", sale.get("looks", 0) + 1
        sale["settled"] = sale["looks"] > self.settle_after
        return 200, sale

    # ---- the rest ----

    def pipeline(self):
        return {"at": TIME, "generation": 1, "rates": {"accepted_per_s": 1502.3, "created_per_s": None},
                "journal": {"entries": 12, "oldest_ms": 40}, "consumer": {"lag": 7}, "settle": {"lag": 3},
                "parts": [{"name": "kafka", "ready": False, "reason": "no broker"}], "alerts": [],
                "findings": {"open": 1, "by_cause": {"lost": 1}}, "audit": None, "more_skus": False,
                "skus": [{"sku": "42", "title": "Shoe", "state": "open", "available": 5, "reserved": 1, "sold": 4, "total": 10,
                          "redis": {"available": 5, "accepted_per_s": 1502.3, "journal": 12, "oldest_ms": 40, "gate": "open"}}]}

    def ready(self):
        parts = [{"name": "ledger", "ready": True}, {"name": "redis", "ready": not self.not_ready}]
        if self.not_ready:
            parts[1]["reason"] = self.not_ready
        return (503 if self.not_ready else 200), {"ready": not self.not_ready, "parts": parts}

    def log_of(self, sku, query):
        self.product(sku)
        rows = [row for row in self.log[sku] if all(query.get(name, row.get(name)) == row.get(name) for name in ("type", "operator"))]
        return self.page("log", rows, query)

    def answer(self, method, path, query, body, headers):
        parts = path.strip("/").split("/")
        if self.fault.get("times") and path.startswith(self.fault.get("path", "/")) and method == self.fault.get("method", method):
            self.fault["times"] -= 1
            raise Refused(self.fault["status"], self.fault["slug"], self.fault.get("retry_after"))
        plain = {
            ("GET", "/readyz"): self.ready,
            ("GET", "/version"): lambda: (200, {"version": "0.1.0"}),
            ("GET", "/v1/pipeline"): lambda: (200, self.pipeline()),
            ("POST", "/inventory"): lambda: self.create(body),
            ("GET", "/inventory"): lambda: self.page("products", [self.shown(sku) for sku in self.products], query),
            ("POST", "/inventory/restock"): lambda: self.change(body, body["quantity"]),
            ("POST", "/inventory/adjust"): lambda: self.change(body, body["delta"]),
            ("GET", "/v1/sales"): lambda: self.page("sales", list(self.sales.values()), query),
            ("GET", "/v1/refunds"): lambda: self.page("refunds", [row for row in self.refunds if query["state"] in ("all", row["state"])], query),
            ("POST", "/v1/reconcile/runs"): lambda: (202, {"asked": True}),
        }
        if (method, path) in plain:
            return plain[(method, path)]()
        if parts[:2] == ["inventory", "product"]:
            return 200, self.shown(parts[2])
        if parts[:2] == ["inventory", "logs"]:
            return self.log_of(parts[2], query)
        if parts[0] == "inventory" and parts[-1] == "threshold":
            self.product(parts[1])["low_stock_threshold"] = body["low_stock_threshold"]
            return 200, {"product_id": parts[1], **body}
        if parts[:2] == ["v1", "sales"]:
            if parts[-1] == "close":
                return self.close_sale(parts[2])
            return self.put_sale(parts[2], body, headers.get("If-Match")) if method == "PUT" else (200, self.sale(parts[2]))
        raise Refused(404, "not-found")


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one packet: the client would wait to acknowledge the first
    shop = Shop()

    def serve(self):
        url = urllib.parse.urlsplit(self.path)
        query = {name: values[0] for name, values in urllib.parse.parse_qs(url.query).items()}
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else None
        if url.path == "/double":
            self.control(body)
            return
        with self.shop.lock:
            self.shop.asked.append({"method": self.command, "path": self.path, "body": body, "token": self.headers.get("Authorization"),
                                    "operator": self.headers.get("X-User-Id")})
            try:
                status, answer = self.shop.answer(self.command, url.path, query, body, self.headers)
                extra = {"ETag": f'"{answer["version"]}"'} if "version" in answer else {}
            except Refused as refused:
                status, slug = refused.status, refused.slug
                answer = {"type": f"/problems/{slug}", "title": slug, "status": status, "request_id": "r-1"}
                extra = {"Retry-After": str(refused.retry_after)} if refused.retry_after else {}
            self.shop.changed += self.command != "GET"
        self.hold()
        self.send(status, answer, extra)

    def hold(self):
        """Made, and not told: whoever asked can only ask again."""
        while self.command != "GET" and self.shop.hold_after is not None and self.shop.changed >= self.shop.hold_after:
            time.sleep(0.01)

    def control(self, body):
        with self.shop.lock:
            for name, value in (body or {}).items():
                setattr(self.shop, name, value)
                self.shop.changed = 0
            self.send(200, {"asked": self.shop.asked, "changed": self.shop.changed, "totals": {sku: row["total"] for sku, row in self.shop.products.items()}}, {})

    def send(self, status, answer, headers):
        text = json.dumps(answer).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(text)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_PUT = serve  # noqa: N815

    def log_message(self, *_):
        pass


def main(port_file):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    with open(port_file + ".new", "w", encoding="ascii") as file:
        file.write(str(server.server_address[1]))
    os.rename(port_file + ".new", port_file)
    server.serve_forever()


main(sys.argv[1])
