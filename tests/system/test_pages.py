"""The sale page, the order page and the dashboard in a real browser: Debian's Chromium, driven by Playwright.

One stack, with tokens. The console must stay free of errors that the page made itself and of anything its policy refused.
"""
import concurrent.futures
import os
import pathlib
import re
import sys
import time

import pytest

from stack import ROOT, Stack

# Where deploy/local install puts it.
CACHE = os.environ.get("FLASH_CACHE") or f"{os.environ.get('XDG_CACHE_HOME') or pathlib.Path.home() / '.cache'}/flashgate"
VERSION = re.search(r"^playwright==(\S+)$", (ROOT / "deploy/lib/playwright.txt").read_text(), re.MULTILINE).group(1)
sys.path.append(f"{CACHE}/playwright-{VERSION}")
from playwright.sync_api import expect, sync_playwright  # noqa: E402

from buyers import Order  # noqa: E402
from daemons import running  # noqa: E402
from sale import Sale  # noqa: E402
from test_refunds import JWT, bearer  # noqa: E402

SLOW_MS = 30000
TITLE = 'Kettle <img src=x onerror="document.title=1">'
AT_ONCE = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]


class Shop:
    """A sale whose buyers come by the engine without tokens, and pages of an engine and an admin that want them."""

    def __init__(self, sale, engine, admin):
        self.sale, self.engine, self.admin = sale, f"http://127.0.0.1:{engine.port}", f"http://127.0.0.1:{admin.port}"

    def crowd(self, sku, name, count):
        """Buys one unit each; in a thread, as Playwright's loop runs in this one."""
        orders = [Order(f"{name}{number}", "k", 1) for number in range(count)]
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            pool.submit(self.sale.buy, sku, orders).result()

    def put_on_sale(self, title=TITLE, **options):
        number = self.sale.put_on_sale(**options)
        self.sale.stack.redis().hset(f"flash:{{{number}}}:stock", "title", title)
        return number


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    with Stack(tmp_path_factory.mktemp("pages") / "stack") as stack:
        stack.migrate("up")
        with Sale(stack, names=("engine", "consumer")) as sale, running(stack, "engine", **JWT) as engine, \
                running(stack, "admin", **JWT) as admin:
            yield Shop(sale, engine, admin)


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=AT_ONCE)
        yield started
        started.close()


@pytest.fixture
def page(browser):
    """A tab that has seen nothing; at the end no error of its own stands in its console."""
    context = browser.new_context()
    opened, errors = context.new_page(), []
    opened.set_default_timeout(SLOW_MS)
    expect.set_options(timeout=SLOW_MS)
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    yield opened
    context.close()
    assert not [error for error in errors if "Failed to load resource" not in error], errors


def token(role="buyer", **claims):
    return bearer(role, **claims)["Authorization"].split()[1]


def sign_in(page, text):
    page.fill("#token", text)
    page.click("#sign-in button")


def open_sale(page, shop, sku, user):
    page.goto(f"{shop.engine}/?sku={sku}")
    sign_in(page, token(sub=user))
    expect(page.locator("#who")).to_have_text(f"You are {user}")


def test_a_buyer_buys_sees_it_confirmed_and_cancels(page, shop):
    sku = shop.put_on_sale(units=5, limit=3)
    shop.sale.freeze("consumer")
    try:
        open_sale(page, shop, sku, "ann")
        expect(page.locator("#title")).to_have_text(TITLE)  # a title is text, whatever it looks like
        assert page.locator("img").count() == 0
        page.select_option("#quantity", "2")
        page.click("#buy-button")
        page.wait_for_url(re.compile(rf"/orders/{sku}\."))
        expect(page.locator("#state")).to_have_text("Received")
        expect(page.locator("#link")).to_have_text("live")
        page.evaluate("window.same = true")
    finally:
        shop.sale.thaw("consumer")
    expect(page.locator("#state")).to_have_text("Confirmed")
    expect(page.locator("#quantity")).to_have_text("2")
    assert re.fullmatch(r"(29|30):\d\d", page.inner_text("#countdown"))
    page.click("#cancel")
    page.click("#confirm-yes")
    expect(page.locator("#state")).to_have_text("Cancelled")
    assert page.evaluate("window.same")  # all that without a reload
    assert not any("." in value and value.count(".") == 2 for value in re.findall(r"[?&#=/]([^?&#=/]+)", page.url[8:]))
    page.click("#back")
    expect(page.locator("#order-list a")).to_have_count(1)


def test_an_order_is_shown_to_its_buyer_only(page, shop):
    sku = shop.put_on_sale(units=5)
    order = shop.sale.order(sku, "bob")[2]["order_id"]
    page.goto(f"{shop.engine}/orders/{order}")
    expect(page.locator("#meaning")).to_have_text("Please say who you are to see this order.")
    sign_in(page, token(sub="eve"))
    expect(page.locator("#meaning")).to_have_text("You have no such order.")
    sign_in(page, token(sub="bob"))
    expect(page.locator("#state")).to_have_text("Confirmed")


def test_a_buy_without_an_answer_is_asked_again_with_its_key_over_a_reload(page, shop):
    sku, keys, losing = shop.put_on_sale(units=5), [], [True]

    def lose_the_answer(route):
        keys.append(route.request.headers["idempotency-key"])
        if losing:
            route.fetch()  # it was taken, and nobody hears of it
            route.abort()
        else:
            route.continue_()

    page.route("**/v1/orders", lose_the_answer)
    open_sale(page, shop, sku, "kim")
    with page.expect_event("requestfailed", lambda request: request.url.endswith("/v1/orders")):
        page.click("#buy-button")
    page.reload()
    losing.clear()
    page.wait_for_url(re.compile(rf"/orders/{sku}\."))
    assert len(keys) >= 2 and len(set(keys)) == 1
    expect(page.locator("#state")).to_have_text("Confirmed")
    assert shop.sale.redis.hget(f"flash:{{{sku}}}:users", "kim") == "1"


def test_sold_out_is_said(page, shop):
    sku = shop.put_on_sale(units=1)
    open_sale(page, shop, sku, "lea")
    expect(page.locator("#state")).to_have_text("On sale")
    expect(page.locator("#buy-button")).to_be_enabled()
    page.route("**/v1/sales/*", lambda route: route.abort())  # the page does not hear of it before it buys
    assert shop.sale.order(sku, "max")[0] == 202
    page.click("#buy-button")
    expect(page.locator("#outcome")).to_have_text("Sold out. Somebody was faster.")
    page.unroute("**/v1/sales/*")
    expect(page.locator("#state")).to_have_text("Sold out")
    expect(page.locator("#buy-button")).to_be_disabled()


def test_the_countdown_is_the_servers_and_ends_by_itself(page, shop):
    sku = shop.put_on_sale(units=5, window_s=(3000, 3600))
    page.clock.install(time=time.time() - 86400)  # the buyer's clock is a day slow
    open_sale(page, shop, sku, "tom")
    expect(page.locator("#state")).to_have_text("Coming soon")
    assert re.fullmatch(r"(4\d|50):\d\d", page.inner_text("#countdown"))
    expect(page.locator("#buy-button")).to_be_disabled()
    starts, ends = (time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds)) for seconds in (8, 3600))
    sooner = {"starts_at": starts, "ends_at": ends, "per_user_limit": 2, "hold_seconds": 1800}
    assert shop.sale.admin.ask("PUT", f"/v1/sales/{sku}", sooner, {"If-Match": '"1"'})[0] == 200
    expect(page.locator("#state")).to_have_text("On sale")
    expect(page.locator("#buy-button")).to_be_enabled()


def test_units_without_a_sale_are_not_on_sale(page, shop):
    assert shop.sale.admin.ask("POST", "/inventory", {"product_id": "777", "quantity": 10})[0] == 201
    open_sale(page, shop, 777, "uma")
    expect(page.locator("#state")).to_have_text("Coming soon")
    expect(page.locator("#countdown")).to_have_text("")
    expect(page.locator("#buy-button")).to_be_disabled()


def test_without_a_stream_the_order_page_asks(page, shop):
    sku = shop.put_on_sale(units=5)
    page.route("**/events", lambda route: route.fulfill(status=503, body="{}"))
    open_sale(page, shop, sku, "ida")
    page.click("#buy-button")
    page.wait_for_url(re.compile("/orders/"))
    expect(page.locator("#state")).to_have_text("Confirmed")
    expect(page.locator("#link")).to_have_text("up to date")
    page.click("#cancel")
    page.click("#confirm-yes")
    expect(page.locator("#state")).to_have_text("Cancelled")


def test_the_dashboard_wants_a_token_that_may_look(page, shop):
    page.goto(shop.admin)
    expect(page.locator("#sign-in")).to_be_visible()
    for text, said in (("a.b.c", "The token was refused"), (token("ops", key="x" * 40), "The token was refused"),
                       (token("buyer"), "its role may not look")):
        sign_in(page, text)
        expect(page.locator("#refused")).to_contain_text(said)
        expect(page.locator("#board")).to_be_hidden()


def test_the_dashboard_shows_a_running_sale(page, shop):
    sku = shop.sale.put_on_sale(units=1000, limit=5)
    page.goto(shop.admin)
    sign_in(page, token("ops", sub="olga"))
    expect(page.locator("#link")).to_have_text("live")
    expect(page.locator("#parts .badge.good")).to_have_text(["ledger", "redis", "kafka"])
    page.select_option("#pick", str(sku))
    expect(page.locator("#stock-now")).to_have_text("1,000")
    shop.crowd(sku, "d", 250)
    expect(page.locator("#stock-now")).to_have_text("750")
    expect(page.locator("#sale-facts")).to_contain_text("reserved 250")
    expect(page.locator("#stock-chart .line")).to_have_count(1)
    expect(page.locator("#stock-chart")).to_have_attribute("aria-label", "Left to sell: 750 now, at most 1,000")
    shop.sale.freeze("consumer")
    try:
        shop.crowd(sku, "e", 50)
        expect(page.locator("#lag")).not_to_have_text("0")
        expect(page.locator("#oldest")).to_contain_text("oldest")
    finally:
        shop.sale.thaw("consumer")
    expect(page.locator("#lag")).to_have_text("0")
    order = shop.sale.order(sku, "d1")[2]["order_id"]
    page.fill("#story-id", order)
    page.click("#story-form button")
    expect(page.locator("#story-facts")).to_contain_text("d1")
    page.click("#sign-out")
    expect(page.locator("#board")).to_be_hidden()
    assert page.evaluate("sessionStorage.length") == 0


def test_pages_come_with_a_strict_policy_and_their_files_are_kept(shop):
    for daemon, name in ((shop.sale.engine, "sale"), (shop.sale.admin, "ops")):
        status, headers, text = daemon.ask("GET", "/")
        assert status == 200 and headers["Content-Type"] == "text/html; charset=utf-8"
        assert headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self'; style-src 'self'; ")
        assert "unsafe" not in headers["Content-Security-Policy"] and headers["Referrer-Policy"] == "no-referrer"
        assert not re.search(r"https?://|<script>|style=|\son\w+=", text)
        path = re.search(rf'src="(/assets/{name}\.js\?v=[0-9a-f]{{16}})"', text).group(1)
        kept = daemon.ask("GET", path)
        assert kept[0] == 200 and "immutable" in kept[1]["Cache-Control"]
        assert daemon.ask("GET", "/", headers={"If-None-Match": headers["ETag"]})[0] == 304
        assert daemon.ask("GET", "/assets/nothing.js")[0] == 404
        assert daemon.ask("POST", "/", {})[0] == 405
