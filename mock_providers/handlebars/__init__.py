"""Handlebars as SendGrid's dynamic templates know it: parsed to a tree and walked, never turned into code.

What was compared: pybars3 and pybars4 write Python source and run it, and a `[…]` of a template gets into it as it is;
`handlebars` on PyPI is the JavaScript one, translated to Python; chevron and pystache know Mustache alone, and read
attributes of objects; pyhandlebars and dotprompt-handlebars bind a Rust library, which bounds neither steps nor output;
pydantic-handlebars bounds depth and output but not steps, and brings Pydantic into an install that is small without it.
None has the vendor's helpers.
"""

from mock_providers.handlebars.errors import LimitError, TemplateError
from mock_providers.handlebars.limits import Budget, Limits
from mock_providers.handlebars.parser import Template, parse
from mock_providers.handlebars.rendering import render

__all__ = ["Budget", "LimitError", "Limits", "Template", "TemplateError", "parse", "render"]
