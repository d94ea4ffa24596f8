"""The site of the documentation: `make docs` builds it into build/docs.

Its root is that of the repository, so that pages may link to each other, to SECURITY.md and to the examples by the same
relative paths here and on a code host. Nothing of it is loaded from elsewhere: the search is Sphinx's own.
"""

from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx

ROOT = Path(__file__).parents[1]

project = "rorbridge"
author = "the maintainers of rorbridge"
html_title = "rorbridge"
html_theme = "furo"
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_show_copyright = False
html_additional_pages = {"index": "redirect.html"}
templates_path = ["_templates"]

extensions = ["myst_parser"]
root_doc = "docs/index"
include_patterns = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "docs/*.md"]
include_patterns += ["examples/README.md", "examples/**/README.md", "deploy/**/README.md"]
exclude_patterns = [".*", "build", "dist", "rorbridge", "tests", "**/node_modules", "**/target", "**/.venv"]
myst_heading_anchors = 4
nitpicky = True


def folders(app: Sphinx, doctree: nodes.document) -> None:
    """Show links to folders of the repository as their text: a code host opens them, a site has none to show."""
    page = ROOT / Path(app.env.docname).parent
    for link in list(doctree.findall(addnodes.pending_xref)):
        if link["reftype"] == "myst" and (page / link["reftarget"]).is_dir():
            link.replace_self(link.children)


def setup(app: Sphinx) -> None:
    """Have links to folders taken care of."""
    app.connect("doctree-read", folders)
