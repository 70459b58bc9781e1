"""From candidates to released heads: manifest, card, promotion."""
