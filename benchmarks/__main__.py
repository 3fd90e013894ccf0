"""``python -m benchmarks``: see `benchmarks.command`."""

from benchmarks import environment

if __name__ == "__main__":
    environment.settle(["-m", "benchmarks"])  # before NumPy is loaded

from benchmarks.command import main

main()
