"""The range: worlds that break for real, what breaks them, and who judges whether they were mended.

    world       a small system below one directory, its processes and its commands
    fault       what goes wrong in it: inject, prove that it is there, undo
    watcher     in Prometheus' place: rules over the world's metrics, alerts to whoever listens
    referee     the truth, from outside: does a real order still go through, and is none lost?
    phone       where the pages of the drill arrive
    stage       the few buttons by which a screen reaches all of these

Isolation is a safety property here. A world uses loopback ports that were free, and nothing is broken before it is
certain that whoever listens there is the world's own process.
"""
