"""What is shown, as plain values: made from an incident and its book, used by the API and the screens alike."""
