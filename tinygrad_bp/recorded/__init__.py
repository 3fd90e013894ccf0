"""What is known of a graph after it was recorded: values, names, the modules around operations.

Read by the rooms that show a graph (`derivation`, `drawing`). Nothing here changes it.
"""
