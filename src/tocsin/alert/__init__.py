"""From a signal to an alert, and from an alert to the incident it belongs to."""
