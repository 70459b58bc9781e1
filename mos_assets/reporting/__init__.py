"""What people read of a head: the report on a candidate, its plots, and the model card."""
