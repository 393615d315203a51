"""The book's pages: percent scripts that papermill executes, for Jupyter Book (as a Sphinx extension) and by hand.

`source` reads a page and checks its parameters, `execution` runs it and keeps its outputs under a key of all they depend
on, `sphinx_extension` gives Sphinx the executed pages. `_config.yml` names `read` as the reader of .py pages and this
package as an extension.
"""

from lib.pages.execution import PageError, run_page
from lib.pages.sphinx_extension import read, setup
