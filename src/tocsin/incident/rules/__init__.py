"""The rules of `evolve`, one small function for one event, grouped by what they speak of."""
