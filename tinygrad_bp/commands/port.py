"""Rewrite the imports of a PyTorch script, and list what it uses that is missing here.

The script goes to standard output with tinygrad_bp in the place of torch in its import lines; all
other lines, and their numbers, stay as they are. Names of torch that tinygrad_bp does not have go
to standard error, with their lines. Methods of tensors are not looked up.

Exit codes: 0 nothing is missing, 1 something is, 2 the script can't be read.
"""

from __future__ import annotations

import argparse
import ast
import io
import sys
import tokenize
from pathlib import Path

from ..port.missing import find_missing
from ..port.rewrite import rewrite


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare what the command line may say."""
    parser.add_argument("script", metavar="SCRIPT", help="a Python file; - reads standard input")
    parser.add_argument("-o", "--output", metavar="FILE", help="write the script there")


def run(parser: argparse.ArgumentParser, args: argparse.Namespace) -> int:
    """Rewrite one script."""
    name = "<stdin>" if args.script == "-" else args.script
    try:
        data = sys.stdin.buffer.read() if args.script == "-" else Path(args.script).read_bytes()
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        source = data.decode(encoding)
        tree = ast.parse(source)
    except OSError as error:
        parser.error(f"can't read {name}: {error.strerror}")
    except (SyntaxError, ValueError) as error:
        parser.error(f"{name} is no Python 3 script: {error}")
    changed = rewrite(source, tree)
    if args.output:
        try:
            Path(args.output).write_bytes(changed.encode(encoding))
        except OSError as error:
            parser.error(f"can't write {args.output}: {error.strerror}")
    else:
        sys.stdout.write(changed)
        sys.stdout.flush()
    missing = find_missing(tree)
    for line, dotted in missing:
        print(f"{name}:{line}: {dotted} is missing in tinygrad_bp", file=sys.stderr)
    return 1 if missing else 0
