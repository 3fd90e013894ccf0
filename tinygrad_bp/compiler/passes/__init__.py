"""From a program to steps in memory: each pass takes a program, or its steps, and hands it on."""
