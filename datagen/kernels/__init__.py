"""Compiled functions of arrays and numbers: no config, no torch, no files, no strings."""
