"""From steps to the text of kernels: how each kind of work is written for one processor."""
