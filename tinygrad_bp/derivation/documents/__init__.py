"""A derivation on paper: for a terminal, as TeX, Markdown and HTML."""
