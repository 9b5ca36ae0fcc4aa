# The builder contains only a Go toolchain. There is no base image to pull, no shell, and nothing to update except the
# toolchain, which comes as a Go module, checked against Go's checksum database.
# The toolkit sends `go/` as the build context; certificates, sources and settings reach a container when it runs.
FROM scratch
COPY go /usr/local/go
ENV PATH=/usr/local/go/bin
USER 65532:65532
# A container serves a whole run: it idles on a program that reads standard input, and ends when the input is closed.
ENTRYPOINT ["gofmt"]
