#!/usr/bin/env python3
import argparse

parser = argparse.ArgumentParser()
parser.add_argument("network", choices=["stagenet", "mainnet"])
parser.add_argument("--amount", type=int, default=1)
args = parser.parse_args()
print(args)
