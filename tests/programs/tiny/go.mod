module tiny.example/tiny

go 1.27
