"""What a reader is told of a compiled step."""
