"""The pages in a real browser: what they ask for, what their controls do, whom they shut out."""

import os
import shutil

import pytest

from cnncalc import analyze, load
from cnncalc.cli.app import run

pytestmark = pytest.mark.page
NETWORKS = ["resnet50", "unet", "lenet5-1998", "googlenet", "vgg16", "densenet121", "m5", "siamese",
            "hrnet", "yolov5s", "digits"]  # fmt: skip
PAIRS = {"resnet18-resnet34": ("resnet18", "resnet34"),
         "widths": ("mobilenet_v2", "mobilenet_v2@width=0.5"),
         "small": ("lenet5", "lenet5-1998")}  # fmt: skip
CHROMIUM = shutil.which("chromium")


def need(module):
    """A module of the extra `pages`; without it or a browser tests are skipped, but not where
    REQUIRE_BROWSER is set, as in one step of .ci/run.
    """
    if os.environ.get("REQUIRE_BROWSER"):
        assert CHROMIUM, "apt-get install chromium"
        return __import__(module, fromlist=["*"])
    if not CHROMIUM:
        pytest.skip("there is no chromium")
    return pytest.importorskip(module, reason="pip install 'cnncalc[pages]'")


@pytest.fixture(scope="module")
def browser():
    playwright = need("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        shown = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield shown
        shown.close()


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    pages = {**{name: (name,) for name in NETWORKS}, **PAIRS}
    for name, networks in pages.items():
        assert run(["report", *networks, "-o", str(folder / f"{name}.html")]) == 0
    return folder


@pytest.fixture
def opened(browser, files):
    """Opens the page of a network; no error may have come up by the end, whatever was clicked."""
    contexts, errors = [], []

    def opening(name, **settings):
        settings = {"viewport": {"width": 1300, "height": 1000}, **settings}
        contexts.append(browser.new_context(**settings))
        page = contexts[-1].new_page()
        page.asked = []
        page.on("request", lambda request: page.asked.append(request.url))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda m: errors.append(m.text) if m.type == "error" else None)
        page.goto((files / f"{name}.html").as_uri())
        return page

    yield opening
    for context in contexts:
        context.close()
    assert errors == []


SHOWN = "[...document.querySelectorAll('#layers tbody tr')].filter(r => r.offsetParent)"


def shown(page):
    return page.evaluate(f"{SHOWN}.map(r => r.dataset.name)")


@pytest.mark.parametrize("name", NETWORKS)
def test_a_page_asks_for_itself_alone_and_shows_the_report(opened, name):
    page = opened(name)
    assert page.asked == [page.url]
    cells = page.evaluate("""() => Object.fromEntries([...document.querySelectorAll(
        '#layers tbody tr')].map(r => [r.dataset.name, [...r.cells].map(c => c.textContent)]))""")
    for row in analyze(load(name)).rows:
        numbers = [int(text.replace(",", "")) for text in cells[row.name][3:6]]
        assert numbers == [row.params, row.macs, row.connections]


def test_a_part_opens_and_closes(opened):
    page = opened("resnet50")
    before = shown(page)
    button = page.locator("tr[data-name='layer1.0'] button.fold")
    assert button.get_attribute("aria-expanded") == "false"
    button.click()
    assert button.get_attribute("aria-expanded") == "true"
    assert "layer1.0.conv1" in shown(page)
    button.click()
    assert shown(page) == before


def test_a_heading_sorts_and_sorts_back(opened):
    page = opened("resnet50")
    before = shown(page)
    rows = analyze(load("resnet50")).rows
    page.locator("#layers thead button[data-figure=macs]").click()
    found = shown(page)
    assert sorted(found) == sorted(row.name for row in rows)
    macs = {row.name: row.macs for row in rows}
    assert [macs[name] for name in found] == sorted(macs.values(), reverse=True)
    assert page.locator("th[aria-sort]").get_attribute("aria-sort") == "descending"
    page.locator("#layers thead button[data-figure=macs]").click()
    assert [macs[name] for name in shown(page)] == sorted(macs.values())
    page.locator("#layers thead button").first.click()
    assert shown(page) == before


def test_the_heading_that_is_sorted_by_shows_it(opened):
    page = opened("resnet50")
    heading = page.locator("#layers thead button[data-figure=macs]")
    mark = "e => getComputedStyle(e, '::after').content"
    assert heading.evaluate(mark) == "none"
    heading.click()
    assert heading.evaluate(mark) == '" ↓"'
    heading.click()
    assert heading.evaluate(mark) == '" ↑"'


def test_names_stay_in_sight_while_a_phone_scrolls_a_table(opened):
    page = opened("resnet50", viewport={"width": 420, "height": 800})
    page.locator(".scroll").evaluate("e => e.scrollTo(500, 0)")
    place = "e => e.getBoundingClientRect().left"
    left = page.locator(".scroll").evaluate(place)
    for name in ("conv1", "fc"):
        head = page.locator(f"tr[data-name='{name}'] th")
        assert head.evaluate(place) == left


COLUMNS = {"params": 4, "macs": 5, "connections": 6, "alive": 7}


def number(page, name, figure):
    """The button of a number in the line of a row or a part."""
    return page.locator(f"tr[data-name='{name}'] > :nth-child({COLUMNS[figure]}) button")


def test_a_number_shows_its_formula(opened):
    page = opened("resnet50")
    number(page, "conv1", "macs").click()
    assert page.locator("tr.formula").inner_text() == "macs: 112·112·9,408 = 118,013,952"
    number(page, "conv1", "macs").click()
    assert page.locator("tr.formula").count() == 0
    number(page, "layer4", "params").click()
    assert page.locator("tr.formula").inner_text().endswith("= 14,964,736")


def test_bytes_show_the_tensors_that_they_are(opened):
    """Those of the peak are the report's; of a part, those of the row in it with most bytes."""
    page = opened("lenet5-1998")
    peak = analyze(load("lenet5-1998")).totals.memory.peak
    tensors = " + ".join(tensor.name for tensor in peak.tensors)
    number(page, peak.layer, "alive").click()
    assert page.locator("tr.formula").inner_text() == f"alive: {tensors} = {peak.bytes:,} bytes"
    page = opened("resnet50")
    number(page, "layer1", "alive").click()
    words = page.locator("tr.formula").inner_text()
    assert words.startswith("alive: most at layer1.0.")
    number(page, "layer1", "alive").click()
    assert page.locator("tr.formula").count() == 0


def test_lines_that_are_left_to_the_script_are_the_same(opened, files, monkeypatch):
    from cnncalc.render import html_tree

    get = """() => [...document.querySelectorAll('#layers tbody tr')].map(r =>
        [r.className, r.dataset.name, [...r.cells].map(c => [c.textContent,
         c.style.getPropertyValue('--in'), c.scope || '', c.querySelectorAll('button').length])])"""
    shares = """() => [...document.querySelectorAll('#layers tbody td')].map(c =>
        parseFloat(c.style.getPropertyValue('--share') || 0))"""
    full = opened("resnet50")
    written = full.evaluate(get)
    monkeypatch.setattr(html_tree, "MOST_WRITTEN", 100)
    path = files / "later.html"
    assert run(["report", "resnet50", "-o", str(path)]) == 0
    page = opened("later")
    assert page.evaluate(get) == written
    pairs = zip(page.evaluate(shares), full.evaluate(shares), strict=True)
    assert max(abs(one - other) for one, other in pairs) < 0.11
    before = shown(page)
    button = page.locator("tr[data-name='layer1.0'] button.fold")
    button.click()
    assert len(shown(page)) > len(before)
    bare = opened("later", java_script_enabled=False)
    lines = bare.locator("#layers tbody tr").count()
    assert 0 < lines < len(written)
    assert "analyze --expand prints them" in bare.locator("main").inner_text()


def test_a_box_chooses_its_line(opened):
    page = opened("resnet50")
    page.locator(".diagram g[data-name='layer3.0']").focus()
    page.keyboard.press("Enter")
    assert page.locator("tr.chosen").get_attribute("data-name") == "layer3.0"
    page.locator(".diagram g[data-name='conv1']").click()
    assert page.locator("tr.chosen").get_attribute("data-name") == "conv1"


def test_a_box_is_read_out_as_it_is_written(opened):
    page = opened("resnet50")
    labels = page.locator(".diagram g[data-name]").evaluate_all(
        "boxes => boxes.map(box => box.getAttribute('aria-label'))"
    )
    assert labels[0] == "in, input, 224×224×3"
    assert "layer1.1 … 2, bottleneck × 2, 56×56×256" in labels
    assert len(set(labels)) == 13


def test_the_slider_moves_the_field(opened):
    page = opened("lenet5-1998")
    page.locator("#field-of").evaluate("e => { e.value = 0; e.dispatchEvent(new Event('input')) }")
    assert page.locator("#field-text").inner_text().startswith("C1, unit 14, 14: sees 5×5 of 32×32")
    assert float(page.locator(".seen").get_attribute("width")) == 5 * 240 / 32
    assert float(page.locator(".seen").get_attribute("x")) == 14 * 240 / 32


def test_a_field_that_is_cut_off_is_told_as_it_is_drawn(opened):
    """`rf digits --at conv2:2,2` names rows and columns 1 to 7, of which there are 8."""
    page = opened("digits")
    place = [row.name for row in analyze(load("digits")).rows].index("conv2")
    page.locator("#field-of").evaluate(
        "(e, n) => { e.value = n; e.dispatchEvent(new Event('input')) }", place
    )
    assert page.locator("#field-text").inner_text() == (
        "conv2, unit 2, 2: sees 7×7 of 8×8, the rest of its field of 8×8 lies outside; "
        "for the next unit the field moves on by 2×2"
    )
    seen = [float(page.locator(".seen").get_attribute(key)) for key in ("x", "width")]
    assert seen == [240 / 8, 7 * 240 / 8]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["resnet50", "unet", "m5", *PAIRS])
def test_axe_finds_nothing(opened, name, scheme):
    axe = need("axe_playwright_python.sync_playwright").Axe()
    page = opened(name, color_scheme=scheme)
    found = axe.run(page).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []


@pytest.mark.parametrize("name", [*NETWORKS, *PAIRS])
def test_a_phone_scrolls_down_only(opened, name):
    page = opened(name, viewport={"width": 420, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 420


def test_without_javascript_all_rows_are_there(opened):
    page = opened("resnet50", java_script_enabled=False)
    names = [row.name for row in analyze(load("resnet50")).rows]
    assert page.locator("#layers tbody tr.row").count() == len(names)
    assert page.locator("#layers tbody tr.row").last.is_visible()


@pytest.mark.parametrize("name", ["resnet50", "lenet5-1998", "unet", *PAIRS])
def test_no_printed_page_is_empty(opened, name, tmp_path):
    import subprocess

    tool = shutil.which("pdftotext")
    if not tool and not os.environ.get("REQUIRE_BROWSER"):
        pytest.skip("there is no pdftotext")
    page = opened(name)
    page.pdf(path=tmp_path / "p.pdf", format="A4")
    text = subprocess.run(
        [tool, tmp_path / "p.pdf", "-"], capture_output=True, text=True, check=True
    ).stdout
    pages = text.split("\f")[:-1]
    assert pages
    assert all(len(one.split()) > 10 for one in pages)


@pytest.mark.parametrize(("name", "headings"), [
    ("resnet50", ["Layer", "Type", "Output", "Params", "MACs", "Connections", "Alive", "Field"]),
    ("resnet18-resnet34", ["Layer", "Status", "Type", "Settings", "Output", "Params", "MACs"]),
])  # fmt: skip
def test_every_printed_page_of_a_table_has_all_headings(opened, name, headings, tmp_path):
    """Chromium leaves buttons out of headings that it repeats."""
    import subprocess

    tool = shutil.which("pdftotext")
    if not tool and not os.environ.get("REQUIRE_BROWSER"):
        pytest.skip("there is no pdftotext")
    opened(name).pdf(path=tmp_path / "p.pdf", format="A4")
    text = subprocess.run(
        [tool, "-layout", tmp_path / "p.pdf", "-"], capture_output=True, text=True, check=True
    ).stdout
    last = [one for one in text.split("\f") if "layer4.2" in one or "layer4.1" in one][-1]
    assert set(headings) <= set(last.partition("layer")[0].split())


# -- two networks


@pytest.mark.parametrize("name", PAIRS)
def test_a_page_of_two_asks_for_itself_alone_and_shows_both(opened, name):
    page = opened(name)
    assert page.asked == [page.url]
    lines = page.evaluate("""() => [...document.querySelectorAll('#layers tbody tr')].map(
        r => [...r.cells].map(c => c.textContent))""")
    for column, network in zip((6, 7), PAIRS[name], strict=True):
        numbers = [line[column].replace(",", "") for line in lines]
        known = sum(int(number) for number in numbers if number != "-")
        base, _, width = network.partition("@width=")
        settings = {"width": float(width)} if width else {}
        assert known == analyze(load(base, set=settings)).totals.params


def statuses(page):
    return page.evaluate(f"{SHOWN}.map(r => r.cells[1].textContent)")


def test_what_is_the_same_can_be_hidden(opened):
    page = opened("resnet18-resnet34")
    assert set(statuses(page)) == {"only in B"}
    page.locator("#differing").uncheck()
    assert set(statuses(page)) == {"only in B", "same"}
    bare = opened("resnet18-resnet34", java_script_enabled=False)
    assert set(bare.locator("#layers tbody tr").evaluate_all(
        "rows => rows.map(r => r.cells[1].textContent)")) == {"only in B", "same"}  # fmt: skip


def test_two_networks_are_sorted_by_a_change(opened):
    page = opened("small")
    before = statuses(page)
    get = f"{SHOWN}.map(r => Number(r.cells[8].textContent.replaceAll(',', '')))"
    button = page.locator("#layers thead button", has_text="Params change")
    button.click()
    found = page.evaluate(get)
    assert found == sorted(found, reverse=True)
    assert sum(found) == 60000 - 61706
    assert page.locator("th[aria-sort]").get_attribute("aria-sort") == "descending"
    page.locator("#layers thead button").first.click()
    assert statuses(page) == before


def test_numbers_of_two_networks_show_their_formulas(opened):
    page = opened("small")
    line = page.locator("tr[data-a=C3]")
    line.locator("> :nth-child(8) button").click()  # LeNet-5 of 1998: 60 of 96 connections
    assert page.locator("tr.formula").inner_text().startswith("params B: C3: ")
    assert page.locator("tr.formula").inner_text().endswith("1,516")
    line.locator("> :nth-child(7) button").click()
    assert page.locator("tr.formula").inner_text().endswith("= 2,416")


def test_pairs_that_are_left_to_the_script_are_the_same(opened, files, monkeypatch):
    from cnncalc.render import compare_html

    get = """() => [...document.querySelectorAll('#layers tbody tr')].map(r =>
        [r.className, r.dataset.a, r.dataset.b, [...r.cells].map(c =>
         [c.outerHTML.replace(/ xmlns="[^"]*"/g, ''), c.scope || ''])])"""
    for name, networks in PAIRS.items():
        written = opened(name).evaluate(get)
        monkeypatch.setattr(compare_html, "MOST_WRITTEN", 5)
        assert run(["report", *networks, "-o", str(files / "later.html")]) == 0
        page = opened("later")
        assert page.evaluate(get) == written
        page.locator("#differing").uncheck()
        assert len(statuses(page)) == len(written)
        bare = opened("later", java_script_enabled=False)
        assert bare.locator("#layers tbody tr").count() <= 5 < len(written)
        assert "compare --layers prints those that differ" in bare.locator("main").inner_text()
        monkeypatch.undo()


def test_boxes_of_either_picture_choose_their_line(opened):
    page = opened("resnet18-resnet34")
    first, second = page.locator(".diagram").all()
    second.locator("g[data-name='layer2.1']").click()
    assert page.locator("tr.chosen").get_attribute("data-b") == "layer2.1.conv1"
    first.locator("g[data-name='conv1']").focus()
    page.keyboard.press("Enter")
    assert page.locator("tr.chosen").get_attribute("data-a") == "conv1"
    assert page.locator("g.chosen").count() == 1


def test_a_slide_moves_and_holds_still_for_those_who_asked_for_it(browser, tmp_path):
    path = tmp_path / "s.svg"
    assert run(["slide", "--w", "5", "--f", "3", "--speed", "20", "-o", str(path)]) == 0
    frames = {}
    for motion in ("no-preference", "reduce"):
        context = browser.new_context(reduced_motion=motion)
        page = context.new_page()
        page.goto(path.as_uri())
        seen = set()
        for _ in range(12):
            seen.add(page.screenshot())
            page.wait_for_timeout(37)
        frames[motion] = len(seen)
        context.close()
    assert frames["reduce"] == 1
    assert frames["no-preference"] > 2
