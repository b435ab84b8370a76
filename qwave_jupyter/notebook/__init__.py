"""Everything that knows IPython and widgets, and only that."""
