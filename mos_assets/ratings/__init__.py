"""Votes of single raters → ratings of clips, and what can be wrong with either."""
