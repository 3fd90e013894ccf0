"""``python -m tinygrad_bp`` is the command ``tinygrad-bp``."""

from .cli import main

if __name__ == "__main__":
    raise SystemExit(main())
