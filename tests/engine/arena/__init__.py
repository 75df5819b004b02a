"""The arena's simulation: values in, values and bytes out."""
