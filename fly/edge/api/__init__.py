"""The Machines API over the emulator's processes: the paths, bodies, answers and refusals that Fly documents (docs/edge.md)."""
