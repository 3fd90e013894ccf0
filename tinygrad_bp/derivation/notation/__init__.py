"""How a formula is written: as Unicode text, and as TeX."""
