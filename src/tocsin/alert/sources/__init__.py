"""One pure parser for each format that alerts come in: headers and body to signals."""
