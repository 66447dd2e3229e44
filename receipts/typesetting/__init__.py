"""Setting Persian and Latin text: levels, shapes, fonts, lines."""
