"""The outside world: one small file per system, its settings and what it does. They translate, and decide nothing."""
