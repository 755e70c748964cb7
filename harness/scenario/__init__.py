"""The stack as a scenario sees it: what it sends, expects and waits for, and how it holds and disturbs."""
