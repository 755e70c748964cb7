"""The reference of the docs site, made from the code when the site is built."""
