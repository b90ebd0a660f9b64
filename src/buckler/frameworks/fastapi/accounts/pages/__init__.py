"""The pages of accounts. Each file serves the pages that it is named after: it reads a form, calls one act, and leads on."""

from buckler.frameworks.fastapi.accounts.pages.form import Form, Posted
from buckler.frameworks.fastapi.accounts.pages.page import Page, PageDep
from buckler.frameworks.fastapi.accounts.pages.routes import add_pages

__all__ = ["Form", "Page", "PageDep", "Posted", "add_pages"]
