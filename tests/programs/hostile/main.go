// A go command, and a gofmt, of an image that is not to be trusted: what it does is in the variable MODE.
package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	mode := os.Getenv("MODE")
	switch args := strings.Join(os.Args[1:], " "); {
	case filepath.Base(os.Args[0]) == "gofmt":
		if mode == "ends" {
			os.Exit(0)
		}
		if mode == "chatters" {
			go endless()
		}
		_, _ = io.Copy(io.Discard, os.Stdin)
	case args == "version":
		version(mode)
	case strings.HasPrefix(args, "tool dist list"):
		list(mode)
	case strings.HasPrefix(args, "grow "):
		grow(os.Args[2])
	default:
		for at, arg := range os.Args[:len(os.Args)-1] {
			if arg == "-o" {
				must(output(mode, os.Args[at+1]))
			}
		}
	}
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(3)
	}
}

func endless() {
	line := []byte(strings.Repeat("x", 1<<16))
	for {
		if _, err := os.Stdout.Write(line); err != nil {
			os.Exit(1)
		}
	}
}

func version(mode string) {
	switch mode {
	case "version hangs":
		time.Sleep(time.Hour)
	case "version is endless":
		endless()
	case "version fails":
		os.Exit(1)
	case "version is empty":
	case "version is a joke":
		fmt.Println("go version \x1b[31mgo9 linux/amd64")
	case "version is old":
		fmt.Println("go version go1.20.14 linux/amd64")
	default:
		fmt.Println("go version " + os.Getenv("WANTED") + " linux/amd64")
	}
}

func list(mode string) {
	row := `{"GOOS": "%s", "GOARCH": "%s", "CgoSupported": true, "FirstClass": true}`
	switch mode {
	case "list is text":
		fmt.Println("linux/amd64")
	case "list is empty":
	case "list is endless":
		endless()
	case "list is no list":
		fmt.Println(`{"GOOS": "linux"}`)
	case "list is deep":
		fmt.Println(strings.Repeat("[", 100000))
	case "list leaves the directory":
		fmt.Printf("["+row+"]\n", "../../../tmp/x", "amd64")
	case "list has escape sequences":
		fmt.Printf("["+row+"]\n", "linux", `\u001b[31m`)
	case "list is long":
		fmt.Printf("["+row+strings.Repeat(","+row, 9)+strings.Repeat(" ", 2<<20)+"]\n", "a", "b")
	default:
		fmt.Printf("["+row+"]\n", "linux", "amd64")
	}
}

func output(mode, out string) error {
	switch mode {
	case "out is a link":
		return os.Symlink("/etc/passwd", out)
	case "out links to itself":
		return os.Symlink(out, out)
	case "out is a directory":
		return os.Mkdir(out, 0o755)
	case "out is a full directory":
		if err := os.Mkdir(out, 0o755); err != nil {
			return err
		}
		for at := range 3 {
			if err := os.WriteFile(filepath.Join(out, strconv.Itoa(at)), make([]byte, 64<<20), 0o600); err != nil {
				return err
			}
		}
		return nil
	case "out is a pipe":
		return syscall.Mkfifo(out, 0o600)
	case "out is a socket":
		listener, err := net.Listen("unix", out)
		if err == nil {
			listener.(*net.UnixListener).SetUnlinkOnClose(false)
		}
		return err
	case "out is sparse":
		if err := os.WriteFile(out, nil, 0o600); err != nil {
			return err
		}
		return os.Truncate(out, 1<<40)
	case "out is missing":
		return nil
	case "out grows":
		if err := os.WriteFile(out, nil, 0o600); err != nil {
			return err
		}
		return exec.Command(os.Args[0], "grow", out).Start()
	case "out cannot be read":
		return os.WriteFile(out, []byte("x"), 0)
	case "out is below a link":
		if err := os.Remove(filepath.Dir(out)); err != nil {
			return err
		}
		return os.Symlink("/etc", filepath.Dir(out))
	}
	return os.WriteFile(out, []byte("program"), 0o600)
}

// grow appends to a file until the container ends.
func grow(out string) {
	file, err := os.OpenFile(out, os.O_APPEND|os.O_WRONLY, 0)
	must(err)
	for range 1 << 14 {
		_, err = file.Write(make([]byte, 1<<12))
		must(err)
		time.Sleep(time.Millisecond)
	}
}
