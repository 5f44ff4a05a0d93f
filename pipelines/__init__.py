"""The steps of a week and the command line: the only place where the layers meet."""
