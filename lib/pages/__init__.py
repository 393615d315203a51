"""The book's pages: percent scripts that papermill executes, for Jupyter Book (as a Sphinx extension) and by hand.

`source` reads a page and checks its parameters, `execution` executes it and stores its outputs under a key of everything
they depend on, and `book` does so for all pages of a build. `outputs` and `sphinx_extension` hand Sphinx the executed pages,
`adjustments` changes what Sphinx and its theme do otherwise, and adds what readers on the web need. `_config.yml` names
this package as an extension.
"""

from lib.pages.execution import PageError, run_page
from lib.pages.sphinx_extension import setup
