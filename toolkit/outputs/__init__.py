"""What a release is made of: one file an output, each a function from a `Dist` and a `Bench` to artifacts.

They never import each other. A new one is a new file here and one line in `release.STEPS`.
"""

from __future__ import annotations
