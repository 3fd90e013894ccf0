"""What students do instead: a file for each kind of line."""
