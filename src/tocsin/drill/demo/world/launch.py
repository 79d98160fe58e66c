"""Runs one program of the shop: ``python -IS launch.py NAME ARGUMENT …``.

An isolated interpreter does not look for modules beside the script that it runs, hence the one path added here.
"""

import importlib
import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent))
    sys.exit(importlib.import_module(f"shop.{sys.argv[1]}").main(sys.argv[2:]))
