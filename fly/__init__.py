"""The platform layer: where this process runs, who should serve a request, and how it gets there. Knows nothing of rooms."""
