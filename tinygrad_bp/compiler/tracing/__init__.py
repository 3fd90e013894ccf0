"""What happens while a step is traced, and what makes sure that it would be the same again."""
