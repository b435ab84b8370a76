"""What knows ipywidgets and anywidget: the panel, and controls to work on an image."""
