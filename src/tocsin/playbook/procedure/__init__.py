"""One scenario or process, read in full: sections, branches, fences and every step, each with its lines.

The order of reading is fixed: sections first (they say what a line is for), then branches (they say when), then steps.
"""
