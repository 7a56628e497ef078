"""Uses the page at / as people do, in Chromium: by keyboard, light and dark, wide and narrow, with what axe finds.

    page_check.py URL BROWSER KEY [FOLDER]     KEY: of a service with keys, or - for one without; FOLDER: for screenshots

Says "all ok" in the end. Needs axe-playwright-python.
"""
import json
import pathlib
import sys
import time
import urllib.request

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

URL, BROWSER, KEY = sys.argv[1:4]
FOLDER = pathlib.Path(sys.argv[4]) if len(sys.argv) > 4 else None
HAS_KEY = KEY != "-"
# Against hangs only: the machine may be busy.
PATIENCE = 120_000

failures = []


def check(condition, what):
    if not condition:
        failures.append(what)
        print("failed:", what, file=sys.stderr)


def service(path, body):
    headers = {"Content-Type": "application/json"}
    if HAS_KEY:
        headers["Authorization"] = "Bearer " + KEY
    request = urllib.request.Request(URL + path, json.dumps(body).encode(), headers)
    return json.load(urllib.request.urlopen(request))


def open_page(browser, scheme="light", width=1280, status=None):
    """A page in a profile of its own, with all that it asks for and complains of."""
    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900})
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.complaints, page.requests = [], []
    page.on("console", lambda message: message.type == "error" and page.complaints.append(message.text))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.on("dialog", lambda dialog: (page.complaints.append("dialog"), dialog.dismiss()))
    page.on("request", lambda request: page.requests.append(request.url))
    if status is not None:
        page.route("**/status?json", lambda route: route.fulfill(json=status))
    # Where the snippet has the page, and where nginx.conf puts it.
    page.goto(URL + ("/" if HAS_KEY else "/e2b-fcgi/"))
    return page


def text(page, place):
    return page.locator(place).inner_text()


def wait_for(page, expression):
    """Asks again and again from here: the page's policy lets no text be evaluated from within."""
    end = time.monotonic() + PATIENCE / 1000
    while not page.evaluate(expression):
        if time.monotonic() > end:
            sys.exit(f"waited in vain for {expression}; the page says: {page.inner_text('main')}; failed: {failures}")
        page.wait_for_timeout(100)


def press_until(page, place, limit=80, key="Tab"):
    """Moves the focus by keyboard until it is there."""
    for _ in range(limit):
        if page.evaluate("place => document.activeElement?.matches(place)", place):
            return True
        page.keyboard.press(key)
    check(False, f"the keyboard does not reach {place}")
    return False


def look(page, name):
    """What axe finds, whether anything is too wide, and a screenshot."""
    for violation in Axe().run(page).response["violations"]:
        nodes = [node["html"][:120] for node in violation["nodes"]]
        check(False, f"{name}: axe: {violation['id']}: {violation['help']}: {nodes}")
    width = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    check(width[0] <= width[1], f"{name}: the page is wider than the window: {width}")
    if FOLDER:
        page.screenshot(path=FOLDER / f"{name}.png", full_page=True)


def enter_key(page):
    wait_for(page, "!document.getElementById('access-form').hidden")
    press_until(page, "#key")
    page.keyboard.type("not-the-key-of-this-service")
    page.keyboard.press("Enter")
    wait_for(page, "document.getElementById('access-said').innerText.includes('does not know this key')")
    check(page.evaluate("document.activeElement.id") == "key", "a wrong key can be corrected at once")
    look(page, "wrong-key")
    page.keyboard.press("Control+A")
    page.keyboard.type(KEY)
    page.keyboard.press("Enter")
    wait_for(page, "document.getElementById('access-said').innerText.includes('The key is right')")
    check(page.evaluate("document.activeElement.id") == "code", "after the key comes the code")
    check(page.input_value("#key") == "", "the key leaves its field")


def run_code(page, code=None):
    if code is not None:
        page.fill("#code", code)
    press_until(page, "#code", key="Shift+Tab") if page.evaluate("document.activeElement.id") != "code" else None
    page.keyboard.press("Control+Enter")
    wait_for(page, "document.getElementById('output').getAttribute('aria-busy') === 'true'"
                   " || document.getElementById('output').innerText.includes('Answered')")
    wait_for(page, "document.getElementById('output').getAttribute('aria-busy') === 'false'")


def running(page):
    # The plot that is there to begin with.
    run_code(page)
    wait_for(page, "[...document.images].some(image => image.complete && image.naturalWidth > 300)")
    check("highest at x = 1.56" in text(page, "#output"), f"the output is shown: {text(page, '#output')}")
    check(page.locator("#output figcaption").inner_text().endswith("bytes"), "the picture's size is said")
    look(page, "answer-light")

    # What is printed stays text.
    run_code(page, "print('<img src=x onerror=alert(1)><script>alert(2)</script>')\n1/0")
    check("<img src=x onerror=alert(1)>" in text(page, "#output"), "markup is shown as text")
    check("ZeroDivisionError" in text(page, "#output"), "exceptions are shown")
    check(page.locator("#output img, #output script").count() == 0, "markup makes no element")

    # Stop, by keyboard.
    page.fill("#code", "import time; time.sleep(100)")
    page.focus("#code")
    page.keyboard.press("Control+Enter")
    wait_for(page, "!document.getElementById('stop').disabled")
    press_until(page, "#stop")
    page.keyboard.press("Enter")
    wait_for(page, "document.getElementById('output').innerText.includes('Stopped')")
    check(page.evaluate("document.activeElement.id") == "run-button", "the focus stays with the form")


def the_whole_way(browser):
    service("/e2bcode", {"action": "create", "sessionId": "<b>page</b>"})
    page = open_page(browser)
    if HAS_KEY:
        enter_key(page)
    else:
        wait_for(page, "document.getElementById('access-said').innerText.includes('No key is needed')")
        check(page.locator("#access-form").is_hidden(), "no key is asked for")
        check(page.locator("#with-key").is_hidden(), "and none can be written into the texts")

    if HAS_KEY:
        running(page)
    else:
        run_code(page, "print(6 * 7)")
        check("42" in text(page, "#output"), "code runs without a key")

    # Sessions.
    press_until(page, "#sessions-refresh")
    page.keyboard.press("Enter")
    wait_for(page, "document.getElementById('sessions-list').innerText.includes('<b>page</b>')")
    look(page, "sessions")
    press_until(page, "#sessions-list button")
    page.keyboard.press("Enter")
    wait_for(page, "document.getElementById('sessions-said').innerText.includes('has ended')")
    left = service("/e2bcode", {"action": "list_sandboxes"})["sandboxes"]
    check(not [one for one in left if one["sessionId"] == "<b>page</b>"], "the session has ended")

    # What LibreChat needs.
    samples = text(page, "#samples")
    check(f"url: {URL}/mcp" in samples, "MCP is filled in")
    check("allowedAddresses" in samples, "a private address is allowed")
    check('"execute_code"' in samples and f'"{URL}"' in samples, "the document of the Actions is there")
    if HAS_KEY:
        check(f"LIBRECHAT_CODE_BASEURL={URL}/k/THE-KEY/v1" in samples, "/v1 is filled in")
        check(KEY not in page.content(), "the key is not on the page unasked")
        page.focus("#with-key")
        page.keyboard.press("Space")
        check(f"SANDBOX_KEY={KEY}" in text(page, "#samples"), "the key is written in when wanted")
    else:
        check("Authorization" not in samples and f"LIBRECHAT_CODE_BASEURL={URL}/v1" in samples, "no key is named")
    press_until(page, "#samples button")
    page.keyboard.press("Enter")
    wait_for(page, "document.getElementById('copied').innerText.includes('Copied: MCP')")
    check("type: streamable-http" in page.evaluate("navigator.clipboard.readText()"), "a text is copied")
    check("The service is up" in text(page, "#health"), "health is shown")
    if HAS_KEY:
        page.focus("#forget")
        page.keyboard.press("Enter")
        check(KEY not in page.content(), "a forgotten key is nowhere")

    check(page.evaluate("localStorage.length + sessionStorage.length + document.cookie.length") == 0, "nothing is stored")
    foreign = [url for url in page.requests if not url.startswith((URL + "/", "data:"))]
    check(not foreign, f"requests to others: {foreign}")
    # The browser's own words on statuses: the key that was wrong, no key at all, and what is not there.
    words = [text for text in page.complaints if "Failed to load resource" not in text]
    check(not words, f"complaints: {words}")
    page.context.close()


def looks(browser):
    """Dark and narrow, with errors that were hostile."""
    error = {"time": "2026-11-27T10:00:00Z", "status": 502, "route": "/mcp", "error": "<i>E2B</i> refused " + "x" * 200,
             "step": "create", "requestId": "0123456789abcdef"}
    page = open_page(browser, "dark", status={"recentErrors": [error]})
    wait_for(page, "!document.getElementById('access-form').hidden")
    page.fill("#key", KEY)
    page.press("#key", "Enter")
    wait_for(page, "document.getElementById('access-said').innerText.includes('The key is right')")
    wait_for(page, "document.getElementById('errors').innerText.includes('<i>E2B</i> refused')")
    check(page.locator("#errors i").count() == 0, "an error makes no element")
    run_code(page)
    wait_for(page, "[...document.images].some(image => image.complete && image.naturalWidth > 300)")
    for scheme, width in [("dark", 1280), ("dark", 360), ("light", 360)]:
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 900})
        look(page, f"{scheme}-{width}")
    page.context.close()


with sync_playwright() as playwright:
    # Its sandbox is not to be had as root; what it loads is ours.
    browser = playwright.chromium.launch(
        executable_path=BROWSER, args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"], timeout=PATIENCE)
    the_whole_way(browser)
    if HAS_KEY:
        looks(browser)
    browser.close()
if failures:
    sys.exit(f"{len(failures)} failed")
print("all ok")
