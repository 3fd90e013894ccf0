"""``python -m benchmarks``: see `benchmarks.command`."""

from benchmarks import environment

environment.settle(["-m", "benchmarks"])  # before NumPy is loaded

from benchmarks.command import main  # noqa: E402

main()
