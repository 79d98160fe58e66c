"""The composition root: the only place that knows every name. It reads the files and puts the parts together."""
