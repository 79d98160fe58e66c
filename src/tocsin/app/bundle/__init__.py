"""One incident as one file that can be checked anywhere: what is in it, and the page that checks it."""
