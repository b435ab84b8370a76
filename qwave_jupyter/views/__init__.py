"""Values as HTML and text."""
