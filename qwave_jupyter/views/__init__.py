"""Values as HTML and text; a leaf that imports no other room."""
