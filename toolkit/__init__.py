"""Cross-compile a Go program for every GOOS/GOARCH pair, package what comes out, and prove that it works."""
