"""The board's two ends together: the owner in Python, and the browser's core in a Node process, with all that is between them by hand."""
