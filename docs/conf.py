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

extensions = ["myst_parser", "autoapi.extension"]
root_doc = "docs/index"
include_patterns = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "docs/*.md"]
include_patterns += ["examples/README.md", "examples/**/README.md", "deploy/**/README.md", "docs/reference/**/*.rst"]
exclude_patterns = [".*", "build", "dist", "rorbridge", "tests", "**/node_modules", "**/target", "**/.venv"]
myst_heading_anchors = 4
nitpicky = True

# The reference: docstrings, read out of the code. It is not imported, so that types look as they are written.
autoapi_dirs = [str(ROOT / "rorbridge")]
autoapi_ignore = ["*/rorbridge/cli/*", "*/rorbridge/__main__.py"]  # the commands have a page of their own
autoapi_root = "docs/reference"
autoapi_template_dir = "docs/_templates/autoapi"
autoapi_options = ["members", "undoc-members", "show-inheritance"]
autoapi_add_toctree_entry = False
add_module_names = False
python_use_unqualified_type_names = True
toc_object_entries = False
default_role = "code"
nitpick_ignore_regex = [
    ("py:.*", r"(?!rorbridge\.).*"),  # types of others: where their pages are is not asked, as that takes the network
    ("py:.*", r"rorbridge\..*\.(_\w+|T|Value|Model)"),  # private ones, and type variables
    ("py:class", r"rorbridge\.(events\.result\.Status|telemetry\.traces\.Span)"),  # passed on from another module
]
suppress_warnings = [
    "autoapi.python_import_resolution",  # the same, and what is assigned to several names at once
    "ref.python",  # a field called type, and Python's own
]


def folders(app: Sphinx, doctree: nodes.document) -> None:
    """Show links to folders of the repository as their text: a code host opens them, a site has none to show."""
    page = ROOT / Path(app.env.docname).parent
    for link in list(doctree.findall(addnodes.pending_xref)):
        if link["reftype"] == "myst" and (page / link["reftarget"]).is_dir():
            link.replace_self(link.children)


def setup(app: Sphinx) -> None:
    """Have links to folders taken care of."""
    app.connect("doctree-read", folders)
