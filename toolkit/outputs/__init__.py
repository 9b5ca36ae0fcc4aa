"""The files of a release: one module for each output, with a function from a `Release` and a `Staging` to artifacts.

The modules never import each other. A new output is a new module here and one line in `release.flow.STEPS`.
"""

from __future__ import annotations
