"""What is wrong with a page of a report: in a browser, in its words, and in the numbers that it shows.

Each function gives a list of sentences about faults, empty for a page without one, so that a test of many pages says
everything at once. Nothing here knows how the pages are made: it reads the finished files only.
"""

from pathlib import Path

WIDTHS, SCHEMES = (390, 1280), ("light", "dark")
LARGEST = 2_000_000
PAPER = {"width": 720, "height": 1000}  # pixels of A4 within its margins, at 96 to the inch
NO_END = ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr")
LOOK = """() => {
  const all = query => [...document.querySelectorAll(query)];
  const ids = all('[id]').map(each => each.id);
  const name = each => each.getAttribute('alt') || each.getAttribute('aria-label');
  return {
    width: document.documentElement.scrollWidth,
    twice: [...new Set(ids.filter((id, at) => ids.indexOf(id) !== at))],
    lost: all('a[href^="#"]').map(a => decodeURIComponent(a.getAttribute('href').slice(1)))
      .filter(id => !ids.includes(id)),
    files: all('a[href]').map(a => a.getAttribute('href')).filter(href => !href.startsWith('#')),
    unnamed: all('img, svg').filter(each => each.getAttribute('aria-hidden') !== 'true' && !name(each))
      .map(each => each.outerHTML.slice(0, 80)),
    active: all('script, iframe, object, embed, form, img, link, base')
      .map(each => each.outerHTML.slice(0, 80)),
    handlers: all('*').flatMap(each => each.getAttributeNames().filter(key => /^on/i.test(key))),
    headings: all('h1').length,
    sections: all('h2').length,
  };
}"""
CUT = """() => [...document.querySelectorAll('.wide, table, pre, figure')]
  .filter(each => each.getClientRects().length && each.scrollWidth > each.clientWidth + 1)
  .map(each => each.scrollWidth + ' px: ' + (each.getAttribute('aria-label') || each.innerText.slice(0, 40)))"""
HIDDEN = "() => [...document.querySelectorAll('h2')].filter(e => !e.getClientRects().length).map(e => e.textContent)"


def browser_faults(browser, path: Path, /, *, scripts: bool = False) -> list[str]:
    """Console, requests, width, ids, links, names of pictures and size at both widths and in both schemes.

    `scripts` is for the data dictionary, the one page that has a script of its own.
    """
    found = [] if path.stat().st_size < LARGEST else [f"{path.stat().st_size:,} bytes"]
    for width in WIDTHS:
        for scheme in SCHEMES:
            seen = _seen(browser, path, width=width, scheme=scheme, scripts=scripts)
            found += [f"{width} {scheme}: {fault}" for fault in seen]
    return found


def _seen(browser, path: Path, /, *, width: int, scheme: str, scripts: bool) -> list[str]:
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    said, asked, url = [], [], path.as_uri()
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("dialog", lambda dialog: (said.append(f"dialog {dialog.message}"), dialog.dismiss()))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(url)
    look = page.evaluate(LOOK)
    page.close()
    wrong = {"said": said, "requests": [each for each in asked if each != url]}
    wrong |= {name: look[name] for name in ("twice", "lost", "unnamed", "handlers")}
    wrong["active"] = [] if scripts else look["active"]
    wrong["dead links"] = [href for href in look["files"] if not (path.parent / href.partition("#")[0]).exists()]
    wrong["width"] = [] if look["width"] <= width else [look["width"]]
    wrong["h1"] = [] if look["headings"] == 1 else [look["headings"]]
    return [f"{name} {what}" for name, what in wrong.items() if what]


def print_faults(browser, path: Path, /) -> list[str]:
    """Headings that paper would not show, and tables that are wider than it; the page must print at all."""
    page = browser.new_page(viewport=PAPER)
    page.goto(path.as_uri())
    page.emulate_media(media="print")
    found = [f"cut in print: {what}" for what in page.evaluate(CUT)]
    found += [f"not printed: {what}" for what in page.evaluate(HIDDEN)]
    if not page.pdf(format="A4").startswith(b"%PDF"):
        found.append("it does not print")
    page.close()
    return found


def axe_faults(browser, violations, path: Path, /) -> list[str]:
    """What axe-core finds on a telephone, in light and dark."""
    found = []
    for scheme in SCHEMES:
        page = browser.new_page(viewport={"width": 390, "height": 900}, color_scheme=scheme)
        page.goto(path.as_uri())
        found += [f"{scheme}: {rule} {nodes}" for rule, nodes in violations(page)]
        page.close()
    return found
