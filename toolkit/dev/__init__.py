"""Tasks for the maintainers of this repository: checks and generated pages."""
