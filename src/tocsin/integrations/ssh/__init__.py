"""Steps on other machines, over connections that stay open: what is sent, how it is reached, how it ends."""
