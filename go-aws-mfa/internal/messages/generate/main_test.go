package main

import (
	"os"
	"path/filepath"
	"testing"

	"aws-mfa.example/aws-mfa/internal/messages"
)

// The generated constants match the catalog.
func TestUpToDate(t *testing.T) {
	want, err := generate(messages.All())
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join("..", target))
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Error("the catalog has changed: go generate ./...")
	}
}
