"""Controls to work on an image: a mask brush, a box editor and a palette editor, in a cell or inside a panel."""
