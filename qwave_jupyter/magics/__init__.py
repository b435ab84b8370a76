"""What knows IPython: the magics, their options, and how a cell waits."""
