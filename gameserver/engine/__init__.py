"""The rules of rooms, pure: values in, values out. Imports the standard library and msgspec, nothing else."""
