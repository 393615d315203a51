"""The built book as a reader meets it: every page in Debian's chromium, wide and narrow, light and dark, with no network.

The book is that of book/_build where it is current; else all pages are built here, from the smoke run.
"""

import re
import shutil
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import unquote

import nbformat
import pytest
from axe_playwright_python.sync_playwright import Axe
from bs4 import BeautifulSoup
from nbclient import NotebookClient
from playwright.sync_api import sync_playwright
from sphinx_external_toc.parsing import parse_toc_yaml

from lib.base.files import ROOT
from lib.pages import provenance, source

PAGES = [Path(name).with_suffix("").name for name in parse_toc_yaml(ROOT / "_toc.yml")]
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
SWITCHES = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-sync"]
VIEWS = {f"{width} px, {theme}": (width, theme) for width in (1280, 390) for theme in ("light", "dark")}
# Pages that axe sees whole in the narrow dark view too, besides the wide light one.
ON_A_PHONE_TOO = ("index", "prediction", "geometry")
KIB = 1024

needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed (apt-get install chromium)")


class Silent(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="session")
def address(site):
    """Where the book is served, as by `make serve`."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Silent, directory=site)) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        yield chromium
        chromium.close()


@pytest.fixture
def visit(browser, address):
    """Open a page of the book, all formulas typeset. What leaves the book is refused, and fails the test with the page's errors."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, color_scheme="light")
    context.set_default_timeout(120_000)  # milliseconds, as the tests may share their processors
    wrong = []

    def refuse(route):
        wrong.append(f"request for {route.request.url}")
        route.abort()

    context.route(re.compile(f"^(?!{address}|data:|blob:)"), refuse)

    def open_page(name):
        page = context.new_page()
        page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("requestfailed", lambda request: wrong.append(f"failed: {request.url}"))
        page.goto(f"{address}{name}")
        page.wait_for_function("!window.MathJax || window.MathJax.startup?.promise?.then(() => true)")
        page.add_style_tag(content="* { transition: none !important; animation: none !important; }")  # no waiting
        return page

    yield open_page
    context.close()
    assert not wrong


# What is cut off: text or a picture that sticks out of the window, or to the right of a box that does not scroll.
CUT_OFF = """() => {
  const cut = (one) => {
    const {left, right} = one.getBoundingClientRect();
    for (let up = one.parentElement; up && up !== document.body; up = up.parentElement) {
      const overflow = getComputedStyle(up).overflowX;
      if (/auto|scroll/.test(overflow) && up.scrollWidth > up.clientWidth) return false;
      if (/hidden|clip/.test(overflow) && right > up.getBoundingClientRect().right + 1) return true;
    }
    return left < -1 || right > innerWidth + 1;
  };
  const all = [...document.querySelectorAll("article :is(p, li, td, th, pre, img, mjx-container, h1, h2, h3)")];
  return all.filter((one) => one.checkVisibility() && cut(one)).map((one) => one.parentElement.outerHTML.slice(0, 200));
}"""

# Blocks that lie on one another.
OVERLAPPING = """() => {
  const shown = (one) => one.checkVisibility() && one.getBoundingClientRect().height > 0;
  const inside = (one) => one.parentElement.closest("table, aside") !== null;
  const all = [...document.querySelectorAll("article :is(p, pre, h1, h2, h3, h4, dt, figcaption, table, img)")];
  const blocks = all.filter((one) => shown(one) && !inside(one));
  const over = (one, other) => {
    const a = one.getBoundingClientRect(), b = other.getBoundingClientRect();
    const apart = b.top >= a.bottom - 2 || b.bottom <= a.top + 2 || b.left >= a.right - 2 || b.right <= a.left + 2;
    return !apart && !one.contains(other);
  };
  return blocks.flatMap((one, place) => blocks.slice(place + 1, place + 6).filter((other) => over(one, other)))
    .map((one) => one.outerHTML.slice(0, 200));
}"""

# Text whose contrast with its background is less than WCAG's AA asks: 4.5, or 3 for large text.
FAINT = """() => {
  const parse = (text) => (text.match(/[0-9.]+/g) || []).map(Number);
  const luminance = (rgb) => rgb.slice(0, 3).map((one) => one / 255)
    .map((one) => one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4)
    .reduce((sum, one, place) => sum + one * [0.2126, 0.7152, 0.0722][place], 0);
  const over = (top, below) => [0, 1, 2].map((place) => top[3] * top[place] + (1 - top[3]) * below[place]);
  const background = (node) => {
    const layers = [];
    for (let up = node; up; up = up.parentElement) {
      const color = parse(getComputedStyle(up).backgroundColor);
      if (color.length === 3) color.push(1);
      if (color[3] > 0) layers.push(color);
      if (color[3] === 1) break;
    }
    return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255]);
  };
  const found = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !node.checkVisibility({opacityProperty: true, visibilityProperty: true})) continue;
    if (node.closest("svg, script, style, mjx-assistive-mml, [disabled], [aria-hidden=true]")) continue;
    const style = getComputedStyle(node), behind = background(node), color = parse(style.color);
    if (color.length === 3) color.push(1);
    const [high, low] = [luminance(over(color, behind)), luminance(behind)].sort((a, b) => b - a);
    const size = parseFloat(style.fontSize), large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    const ratio = (high + 0.05) / (low + 0.05);
    const where = `${node.tagName} ${node.className} in ${node.parentElement.className}`;
    if (ratio < (large ? 3 : 4.5))
      found.add(`${ratio.toFixed(2)}: ${where}: ${style.color} on ${behind.map(Math.round)}`);
  }
  return [...found];
}"""


def check_with_axe(page, **options):
    """Axe, on the page as it is seen now."""
    results = Axe().run(page, "article", {"resultTypes": ["violations"], "preload": False} | options).response
    found = [violation for violation in results["violations"] if violation["impact"] in ("critical", "serious")]
    assert not {one["id"]: [node["html"][:200] for node in one["nodes"]] for one in found}


@needs_chromium
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_whole_in_every_view(name, visit):
    """No request, no console error, no horizontal scroll, nothing cut off, covered or faint; images and formulas are there.

    Axe finds nothing critical or serious in what is ours: all of it in one view, as contrasts are looked at here in every view.
    """
    page = visit(f"{name}.html")
    check_with_axe(page)
    page.evaluate("document.querySelectorAll('details.origin').forEach(one => one.open = true)")
    for view, (width, theme) in VIEWS.items():
        page.set_viewport_size({"width": width, "height": 900})
        page.evaluate("theme => document.documentElement.dataset.theme = theme", theme)
        widths = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert widths[0] <= widths[1], f"{view}: the page scrolls sideways"
        assert not page.evaluate(CUT_OFF), view
        assert not page.evaluate(OVERLAPPING), view
        assert not page.evaluate(FAINT), view
    page.evaluate("document.querySelectorAll('details.origin').forEach(one => one.open = false)")
    # In the last view, narrow and dark, more has to scroll.
    check_with_axe(page, **({} if name in ON_A_PHONE_TOO else {"runOnly": ["scrollable-region-focusable"]}))
    images = page.evaluate("[...document.images].filter(one => !one.complete || !one.naturalWidth).map(one => one.src)")
    assert not images
    untypeset = "[...document.querySelectorAll('.math')].filter(one => !one.querySelector('mjx-container')).length"
    assert page.evaluate(untypeset) == 0
    assert page.evaluate("document.querySelectorAll('mjx-merror').length") == 0


@needs_chromium
@pytest.mark.parametrize(
    ("style", "check"),
    [
        ("margin-left: 80rem", CUT_OFF),
        ("margin-left: -9rem", CUT_OFF),
        ("width: 9rem; white-space: nowrap; overflow: hidden", CUT_OFF),
        ("margin-top: -3rem", OVERLAPPING),
        ("color: #999", FAINT),
        ("color: rgba(0, 0, 0, 0.4)", FAINT),
    ],
)
def test_the_checks_notice_what_is_wrong(style, check, browser):
    page = browser.new_page()
    text = "<article><p>One line.</p><div style='{}'><p><img alt='' style='width: 20rem; height: 2rem'>Two.</p></div></article>"
    page.set_content(text.format(""))
    assert not page.evaluate(check)
    page.set_content(text.format(style))
    assert page.evaluate(check)
    page.close()


@needs_chromium
def test_axe_notices_what_scrolls_and_no_key_reaches(browser):
    page = browser.new_page()
    box = "<article><div style='width: 9rem; overflow: auto; white-space: nowrap'><p>{}</p></div></article>"
    page.set_content(box.format("A line. "))
    check_with_axe(page)
    page.set_content(box.format("A line. " * 40))
    with pytest.raises(AssertionError, match="scrollable-region-focusable"):
        check_with_axe(page, runOnly=["scrollable-region-focusable"])
    page.close()


@needs_chromium
def test_the_landing_page_answers_on_its_first_screen(visit):
    """On a laptop the verdict and the table of numbers, on a phone the verdict."""
    page = visit("index.html")
    bottom = "one => document.querySelector(one).getBoundingClientRect().bottom"
    assert page.evaluate(bottom, "#tab-headline") <= 900
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate(bottom, "article blockquote strong") <= 844


@pytest.mark.parametrize(("old", "new"), source.MOVED.items())
def test_an_old_address_leads_to_the_page_of_today(old, new, site, soup):
    stub = (site / f"{old}.html").read_text()
    page, _, heading = new.partition("#")
    assert f"url={new}" in stub
    assert soup[Path(page).stem].select(f"#{heading}")
    assert soup[Path(page).stem].h1.get_text().removesuffix("#").strip() in stub


def test_a_page_tells_the_web_what_it_is(soup):
    for name, page in soup.items():
        assert len(page.select_one("meta[name=description]")["content"]) > 40, name
        assert page.select_one("meta[property='og:title']")["content"].endswith("Geometry and Generalization"), name
        assert page.select_one("link[rel*=icon]"), name
        assert not page.select("script[src*=fontawesome]"), name
    assert soup["index"].select_one("meta[name=citation_title]")["content"]
    menu = [link["href"] for link in soup["prediction"].select(".article-header-buttons a[href$=ipynb]")]
    assert menu == ["_executed/prediction.ipynb"]


def test_the_site_is_light(site):
    assert sum(path.stat().st_size for path in site.rglob("*") if path.is_file()) < 30 * KIB * KIB


EXPLORERS = {"prediction": "explore-slopes"}
DRAWN = """id => {
  const within = (root) => [...root.querySelectorAll("*")].flatMap((one) => one.shadowRoot ? within(one.shadowRoot) : one);
  const canvases = within(document.getElementById(id)).filter((one) => one.tagName === "CANVAS" && one.width > 0);
  return canvases.length && Math.max(...canvases.map((one) => one.getBoundingClientRect().right)) <= innerWidth;
}"""


@needs_chromium
@pytest.mark.parametrize(("name", "identifier"), EXPLORERS.items())
def test_a_figure_to_explore_is_drawn_from_the_book_alone(name, identifier, visit, browser, site):
    """Served and as a file, wide and narrow, on a white card in the dark; named, and with a static figure on its page."""
    page = visit(f"{name}.html")
    page.wait_for_function(DRAWN, arg=identifier)
    assert page.locator(f"#{identifier} > p").count() == 0, "the words for who has no scripts"
    for width, theme in VIEWS.values():
        page.set_viewport_size({"width": width, "height": 900})
        page.evaluate("theme => document.documentElement.dataset.theme = theme", theme)
        page.wait_for_function(DRAWN, arg=identifier)
        card = "getComputedStyle(document.getElementById(id)).backgroundColor"
        assert page.evaluate(f"id => {card}", identifier) == "rgb(255, 255, 255)"
    assert len(page.get_attribute(f"#{identifier}", "aria-label")) > 40
    assert page.locator("article img").count() > 0
    wrong = []
    alone = browser.new_page()
    alone.on("pageerror", lambda error: wrong.append(str(error)))
    alone.on("request", lambda request: wrong.append(request.url) if not re.match("file:|data:", request.url) else None)
    alone.goto((site / f"{name}.html").as_uri())
    alone.wait_for_function(DRAWN, arg=identifier)
    alone.close()
    assert not wrong


@needs_chromium
def test_who_uses_the_keyboard_can_explore(visit):
    page = visit("prediction.html")
    page.wait_for_function(DRAWN, arg="explore-slopes")
    shown = "Bokeh.documents[0].all_models"
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    chosen = page.locator("#explore-slopes select").first
    assert max(map(int, re.findall("[0-9]+", chosen.evaluate("one => getComputedStyle(one).color"))[:3])) < 100
    slopes = f"[...{shown}].filter(one => one.type === 'ColumnDataSource')[0].get_column('slope').join()"
    before = page.evaluate(slopes)
    page.locator("#explore-slopes select").nth(1).select_option("trace")
    page.wait_for_function(f"before => {slopes} !== before", arg=before)
    lines = f"[...{shown}].filter(one => one.type === 'GlyphRenderer' && one.visible).length"
    before = page.evaluate(lines)
    assert page.evaluate(lines) == 2 * 2 + 1, (
        "all images and class 1, each a line and its names, and the grey line at 0"
    )
    page.locator("#explore-slopes input[type=checkbox]").nth(0).focus()
    page.keyboard.press("Space")
    page.wait_for_function(f"before => {lines} === before - 2", arg=before)


def test_scripts_of_figures_to_explore_come_with_these_alone(soup):
    for name, page in soup.items():
        scripts = [one["src"] for one in page.select("script[src]") if "bokeh" in one["src"]]
        assert len(scripts) == (2 if name in EXPLORERS else 0), name
        assert len(page.select(".explore")) == (name in EXPLORERS)


@needs_chromium
def test_the_search_finds_the_log_volume(visit):
    page = visit("search.html?q=log+volume")
    page.wait_for_selector("#search-results li a")
    found = page.eval_on_selector_all("#search-results li a", "links => links.map(one => one.getAttribute('href'))")
    assert any(one.startswith("prediction.html") for one in found), found


@needs_chromium
@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("bounds", "proofs.html#thm-secant"),
        ("bounds", "geometry.html#fig-plane"),
        ("index", "spectra.html#orientation"),
    ],
)
def test_a_reference_lands_on_its_target(name, target, visit):
    page = visit(f"{name}.html")
    link = page.locator(f"article a.reference.internal[href$='{target}']").first
    link.click()
    page.wait_for_load_state()
    identifier = target.partition("#")[2]
    page.wait_for_function(
        "id => { const box = document.getElementById(id)?.getBoundingClientRect();"
        " return box && box.bottom > 0 && box.top < innerHeight }",
        arg=identifier,
    )


@needs_chromium
def test_who_uses_the_keyboard_sees_where_they_are(visit):
    page = visit("index.html")
    for _ in range(25):
        page.keyboard.press("Tab")
        seen = page.evaluate(
            "(() => { const one = document.activeElement, style = getComputedStyle(one);"
            " return one === document.body || style.outlineStyle !== 'none' || style.boxShadow !== 'none'"
            " ? '' : one.outerHTML.slice(0, 200) })()"
        )
        assert not seen


# --- the HTML itself -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def soup(site):
    return {name: BeautifulSoup((site / f"{name}.html").read_text(), "html.parser") for name in PAGES}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_keeps_to_the_basics(name, soup, site):
    """A language, one title, headings without a gap, alt texts that are no captions; small files; nothing from elsewhere."""
    page = soup[name]
    assert page.html["lang"] == "en"
    levels = [int(heading.name[1]) for heading in page.select("article :is(h1, h2, h3, h4, h5, h6)")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in zip(levels, levels[1:], strict=False))
    weight = (site / f"{name}.html").stat().st_size
    for image in page.select("article img"):
        assert len(image.get("alt", "")) > 40, image
        caption = image.find_parent("figure")
        assert caption is None or image["alt"] not in caption.get_text()
        size = (site / image["src"]).stat().st_size
        assert size <= 300 * KIB, image["src"]
        weight += size
    assert weight < 1536 * KIB
    sources = [
        one.get("src") or one.get("href") for one in page.select("script[src], img, iframe, link[rel=stylesheet]")
    ]
    assert not [one for one in sources if "//" in one]


def test_every_link_within_the_book_has_its_target(soup, site):
    """All links of all pages: those of prose, of the frame about it, to files and to places in a page."""
    identifiers = {name: {one["id"] for one in page.select("[id]")} for name, page in soup.items()}
    followed = set()
    for name, page in soup.items():
        for link in page.select("a[href], link[href]"):
            file, _, identifier = unquote(link["href"]).partition("#")
            if re.match("[a-z]+:", file):
                continue
            path = site / (file.partition("?")[0] or f"{name}.html")
            assert path.is_file(), f"{name}: {link}"
            if identifier and path.stem in identifiers:
                assert identifier in identifiers[path.stem], f"{name}: {link}"
                followed.add(link["href"])
    assert len(followed) > 100


@pytest.mark.parametrize("name", source.page_names())
def test_every_figure_leads_to_its_code_and_its_data(name, soup, site):
    figures = soup[name].select("article figure")
    folds = soup[name].select("article details.origin")
    assert len(folds) == len(figures)
    for figure, fold in zip(figures, folds, strict=True):
        assert fold.find_previous("figure") is figure, "each below its own"
        assert fold.select_one("pre").get_text().strip() in "\n".join(source.load_page(name).code)
        links = [link["href"] for link in fold.select("a")]
        assert links[:2] == [f"_sources/{name}.py", f"_executed/{name}.ipynb"]
        assert all((site / link).stat().st_size for link in links)
        for numbers in (site / link for link in links if link.endswith(".csv")):
            columns = numbers.read_text().partition("\n")[0].split(",")
            assert len(columns) > 1
            assert not {"x", "y", "panel", "mark", "series", ""} & set(columns), f"{numbers.name}: {columns}"
    plotted = {path.name for path in (site / "_executed").glob(f"{name}-*.csv")}
    assert plotted <= {Path(link["href"]).name for link in soup[name].select("details.origin a")}


@pytest.mark.parametrize("name", source.page_names())
def test_the_notebook_of_a_page_can_be_downloaded_and_is_executed(name, soup, site):
    link = soup[name].select_one("aside.provenance a[download]")
    notebook = nbformat.read(site / link["href"], as_version=4)
    nbformat.validate(notebook)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in cells)
    assert not [output for cell in cells for output in cell.outputs if output.output_type == "error"]
    commands = soup[name].select_one("aside.provenance pre").get_text()
    assert f"python -m lib page {name}" in commands
    assert f"book/{name}.py | papermill " in commands


def test_a_downloaded_notebook_runs_and_shows_the_same(soup, site):
    link = soup["spectra"].select_one("aside.provenance a[download]")
    downloaded, again = (nbformat.read(site / link["href"], as_version=4) for _ in range(2))
    NotebookClient(again, kernel_name="python3", resources={"metadata": {"path": str(ROOT)}}).execute()
    before, after = (provenance.figures(notebook) for notebook in (downloaded, again))
    assert before == after
    assert before
