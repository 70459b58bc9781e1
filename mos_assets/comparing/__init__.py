"""What scores say beside one another: two encodes, two ladders, a clip and the corpus's mean."""
