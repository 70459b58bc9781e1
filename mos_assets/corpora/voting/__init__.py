"""Tables of single votes: reading them, and labels from them."""
