"""From the text to code that runs: LLVM, threads, BLAS, the cache on disk."""
