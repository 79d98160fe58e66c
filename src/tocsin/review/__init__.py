"""What is owed and learned afterwards."""
