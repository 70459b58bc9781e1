"""What every command does with the terminal: exit codes, and text that it must not obey."""

EXIT_FAILED = 1


def printable(value: object) -> str:
    """Text without control characters: clip names come from strangers, terminals obey them."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in str(value))
