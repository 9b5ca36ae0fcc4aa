"""The command line: the bridge to Invoke, and everything that a person sees."""
